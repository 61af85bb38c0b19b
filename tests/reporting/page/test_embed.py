"""Text from data stays text, numbers come back as they were."""

import base64
import json
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from foldline.reporting.page.embed import embed_json, encode_array

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "남자 \"old\" 'n' & <b>",
    "line\u2028end\u2029",
    "\\u003c",
]


class Elements(HTMLParser):
    """The elements of a page and the text in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_ends_its_script(text: str) -> None:
    parsed = Elements(embed_json("x", {text: [text]}))
    assert parsed.tags == ["script"]
    assert json.loads(parsed.text) == {text: [text]}


def test_numbers_that_json_has_not_become_null() -> None:
    text = Elements(embed_json("x", [float("nan"), float("inf"), 0.5, 3])).text
    assert json.loads(text) == [None, None, 0.5, 3]


def decode(block: dict[str, Any]) -> list[int]:
    content = base64.b64decode(block["base64"])
    return [int(value) for value in np.frombuffer(content, f"<u{block['bytes']}")]


@pytest.mark.parametrize(("largest", "size"), [(255, 1), (256, 2), (65535, 2), (65536, 4)])
def test_whole_numbers_take_as_few_bytes_as_hold_the_largest(largest: int, size: int) -> None:
    block = encode_array(np.array([0, 7, largest]), largest)
    assert block["bytes"] == size
    assert decode(block) == [0, 7, largest]


@pytest.mark.parametrize("value", [-1, 18])
def test_a_number_that_does_not_fit_is_no_silent_other_one(value: int) -> None:
    with pytest.raises(ValueError, match="do not fit into 0 to 17"):
        encode_array(np.array([3, value]), 17)
