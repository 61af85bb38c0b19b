"""One file that needs nothing beside it."""

import re
from html.parser import HTMLParser
from importlib.resources import files

from foldline.reporting.page.assemble import assemble_page
from foldline.reporting.page.embed import embed_json


class References(HTMLParser):
    """Every address that the page itself names, and how many elements carry each id."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "action", "poster", "srcset"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")


def test_nothing_outside_of_the_page_is_named() -> None:
    html = assemble_page([embed_json("overview", {"runs": [], "tables": []})])
    references = References(html)
    assert references.addresses
    assert all(one.startswith(("#", "data:")) for one in references.addresses)
    assert len(references.ids) == len(set(references.ids))
    assert "overview" in references.ids
    assert "default-src 'none'" in html
    assert re.search(r"@import|url\((?!\")", html.partition("</style>")[0]) is None
    for anchor in references.addresses:
        assert anchor.startswith("data:") or anchor[1:] in references.ids


def test_every_script_of_the_folder_is_in_the_page() -> None:
    html = assemble_page([])
    scripts = list(files("foldline.reporting.page").joinpath("js").iterdir())
    assert len(scripts) > 10
    for script in scripts:
        assert script.read_text(encoding="utf-8") in html, script.name
