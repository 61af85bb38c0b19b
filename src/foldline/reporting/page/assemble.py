"""The page itself: template, style, scripts, plotly and the data in one HTML file."""

from collections.abc import Iterable
from importlib.resources import files
from string import Template

from plotly.offline import get_plotlyjs

# in the order in which they use each other
_SCRIPTS = (
    "page",
    "data",
    "choice",
    "scores",
    "runs",
    "differences",
    "charts",
    "matrix",
    "pair",
    "pictures",
    "person",
    "gallery",
    "start",
)


def assemble_page(blocks: Iterable[str]) -> str:
    """Return the whole page around `blocks`, which `embed_json` made of the data."""
    return Template(_read("page.html")).substitute(
        theme=_load_script("theme"),  # at the top: a dark page must not be light at first
        style=_read("page.css"),
        data="".join(blocks),
        plotly=f"<script>{get_plotlyjs()}</script>\n",
        scripts="".join(map(_load_script, _SCRIPTS)),
    )


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _load_script(name: str) -> str:
    return f'<script>\n"use strict";\n{_read(f"js/{name}.js")}</script>\n'
