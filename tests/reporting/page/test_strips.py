"""Small pictures: each at its place in its strip, none distorted."""

import io

import numpy as np
import pytest
from PIL import Image

from foldline.data.decode import Pixels
from foldline.reporting.page.strips import choose_cell, compute_view, cut_strips, draw_strip

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (30, 30, 200)


def paint(color: tuple[int, int, int], height: int = 128, width: int = 96) -> Pixels:
    return np.full((height, width, 3), color, np.uint8)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([[0, 1, 2], [3, 4, 5]], [[0, 1, 2], [3, 4, 5]]),
        ([[0], [1], [2], [3], [4]], [[0, 1, 2, 3], [4]]),
        ([[0, 1, 2, 3, 4, 5], [6]], [[0, 1, 2, 3], [4, 5, 6]]),
        ([], []),
    ],
)
def test_groups_stay_together_where_they_fit(
    groups: list[list[int]], expected: list[list[int]]
) -> None:
    assert cut_strips(groups, length=4) == expected


def test_pictures_stand_side_by_side_in_order() -> None:
    cell = choose_cell(128, 96)
    assert cell == (64, 48)
    strip = Image.open(io.BytesIO(draw_strip([paint(RED), None, paint(BLUE)], cell)))
    assert strip.size == (144, 64)
    pixels = np.asarray(strip.convert("RGB")).astype(int)
    for position, color in enumerate((RED, (128, 128, 128), BLUE)):
        middle = pixels[10:54, 48 * position + 10 : 48 * position + 38]
        assert np.abs(middle - color).max() < 12, position


def test_a_wide_picture_is_not_stretched() -> None:
    wide = draw_strip([paint(GREEN, 48, 96)], (64, 48))
    pixels = np.asarray(Image.open(io.BytesIO(wide)).convert("RGB")).astype(int)
    assert np.abs(pixels[28:36] - GREEN).max() < 12
    assert np.abs(pixels[:12] - 128).max() < 12


def test_very_long_pictures_still_make_a_strip() -> None:
    assert choose_cell(4000, 10) == (96, 48)
    assert choose_cell(10, 4000) == (24, 48)


@pytest.mark.parametrize(
    ("size", "crop", "expected"),
    [
        ((128, 96), None, (0, 0, 1, 1)),
        ((128, 96), (0.5, 0.75), (0.125, 0.25, 0.75, 0.5)),
        ((96, 96), None, (0, 0.125, 1, 0.75)),
    ],
)
def test_what_a_network_sees_of_a_small_picture(
    size: tuple[int, int],
    crop: tuple[float, float] | None,
    expected: tuple[float, float, float, float],
) -> None:
    assert compute_view(*size, (64, 48), crop) == pytest.approx(expected)
