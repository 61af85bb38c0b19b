"""The heatmap of classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.reporting.figures.looks import (
    KOREAN,
    MASK,
    find_overlaps,
    has_korean_font,
    lay_out,
    read_words,
)

from foldline.reporting.figures import fonts
from foldline.reporting.figures.confusion import EMPTY_ROW, draw_confusion, format_percent
from foldline.reporting.figures.figure import to_png


def count(num_classes: int, *, empty: int | None = None) -> Any:
    counts = np.random.default_rng(0).integers(0, 30, (num_classes, num_classes))
    if empty is not None:
        counts[empty] = 0
    return counts


def draw(names: Sequence[str], *, empty: int | None = None) -> Figure:
    return draw_confusion(count(len(names), empty=empty), names, title="fold 0")


@pytest.mark.parametrize(
    ("percent", "decimals", "text"),
    [
        (0, 0, "0"),
        (100, 1, "100"),
        (0.3, 0, "<1"),
        (0.04, 1, "<0.1"),
        (99.6, 0, ">99"),
        (99.96, 1, ">99.9"),
        (33.33, 1, "33.3"),
        (66.67, 0, "67"),
    ],
)
def test_no_share_is_rounded_to_none_or_all(percent: float, decimals: int, text: str) -> None:
    assert format_percent(percent, decimals) == text


def test_few_classes_say_share_and_number() -> None:
    figure = draw_confusion(np.array([[46, 24], [16, 67]]), ["ants", "bees"], title="fold 0")
    words = read_words(figure)
    assert {"65.7\n46/70", "34.3\n24/70", "19.3\n16/83", "80.7\n67/83"} <= set(words)
    assert {"true class", "predicted class", "percent of the true class"} <= set(words)


@pytest.mark.parametrize("names", [("ants", "bees"), ("wear", "incorrect", "bare"), MASK])
def test_every_word_lies_in_its_place(names: Sequence[str]) -> None:
    figure = draw(names)
    lay_out(figure)
    axes = figure.axes[0]
    rows, columns = axes.get_yticklabels(), axes.get_xticklabels()
    assert [label.get_text() for label in rows] == list(names)
    assert [label.get_text() for label in columns] == list(names)
    cells = [text for text in axes.texts if text.get_text() != EMPTY_ROW]
    assert len(cells) == len(names) ** 2
    assert not find_overlaps([*cells, *rows])
    side = axes.get_window_extent().width / len(names)
    for cell in cells:
        assert cell.get_window_extent().width < side
    if columns[0].get_rotation() == 0:
        assert not find_overlaps(columns)


@pytest.mark.parametrize("names", [("ants", "bees"), ("wear", "incorrect", "bare"), MASK])
def test_a_row_without_pictures_says_so_and_nothing_else(names: Sequence[str]) -> None:
    axes = draw(names, empty=1).axes[0]
    in_row = [text.get_text() for text in axes.texts if text.get_position()[1] == 1]
    assert in_row == [EMPTY_ROW]
    assert len(axes.texts) == 1 + len(names) * (len(names) - 1)
    drawn: Any = axes.images[0].get_array()
    assert np.ma.getmaskarray(drawn).sum() == len(names)


def test_more_classes_than_can_be_read_have_no_numbers() -> None:
    figure = draw([f"class number {number}" for number in range(60)])
    assert not figure.axes[0].texts
    labels = figure.axes[0].get_yticklabels()
    lay_out(figure)
    assert not find_overlaps(labels)
    assert max(figure.get_size_inches()) < 18


@pytest.mark.skipif(not has_korean_font(), reason="a font with Korean (apt install fonts-noto-cjk)")
def test_korean_is_written_where_a_font_is_there() -> None:
    figure = draw(KOREAN)
    assert set(KOREAN) <= set(read_words(figure))


def test_without_a_font_a_class_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_list_families", lambda: iter(()))
    figure = draw(KOREAN)
    assert {"class 0", "class 1", "class 2"} <= set(read_words(figure))


def test_a_letter_without_a_font_would_be_noticed() -> None:
    figure = draw(["ants", "bees"])
    figure.text(0, 0, "가")
    with pytest.warns(UserWarning, match="missing from font"):
        read_words(figure)


def test_words_are_not_formulas_and_equal_figures_are_equal_bytes() -> None:
    names = ["$x^2$", "a_{b}"]
    assert {*names} <= set(read_words(draw(names)))
    png = to_png(lambda: draw(names))
    assert png.startswith(b"\x89PNG")
    assert png == to_png(lambda: draw(names))
