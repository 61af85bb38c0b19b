"""What the tests of figures ask: which words stand where.

A letter that no font has, drawn as a box, is a warning of matplotlib and so a failure here.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from foldline.reporting.figures import fonts

MASK = [f"{wear}-{gender}-{age}" for wear in ("wear", "incorrect", "bare")
        for gender in ("male", "female") for age in ("<30", "30-59", "60+")]  # fmt: skip
KOREAN = ("마스크 착용", "잘못 착용", "미착용")


def lay_out(figure: Figure) -> None:
    """Draw it, so that everything has its place."""
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]


def list_texts(figure: Figure) -> Iterator[Text]:
    """The words that are seen, laid out."""
    lay_out(figure)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip():
            yield text


def read_words(figure: Figure) -> list[str]:
    return [text.get_text() for text in list_texts(figure)]


def find_overlaps(texts: Sequence[Text]) -> list[tuple[str, str]]:
    """Pairs of unslanted words that lie on each other."""
    extents = [(text.get_text(), text.get_window_extent()) for text in texts]
    return [
        (one, other)
        for (one, here), (other, there) in combinations(extents, 2)
        if Bbox.intersection(here, there) is not None
    ]


def has_korean_font() -> bool:
    return fonts.choose_lettering(["가"]).letters >= {"가"}
