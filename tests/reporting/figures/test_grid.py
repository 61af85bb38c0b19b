"""The sheet of pictures with what they were taken for."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from tests.reporting.figures.looks import KOREAN, find_overlaps, list_texts, read_words

from foldline.reporting.figures import fonts
from foldline.reporting.figures.figure import RIGHT, WRONG
from foldline.reporting.figures.grid import UNREADABLE, Answered, choose_pictures, draw_grid

NAMES = ("ants", "bees")


def answered(
    row: int, truth: int, answer: int, shape: tuple[int, int] | None = (40, 30)
) -> Answered:
    pixels = None if shape is None else np.full((*shape, 3), 128, np.uint8)
    path = f"train/{NAMES[truth % 2]}/a_rather_long_name_of_a_picture_{row}.jpg"
    return Answered(pixels, path, row, truth, answer, 0.876)


def list_frames(figure: Figure) -> list[Rectangle]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def test_confident_mistakes_come_first_and_right_answers_after_them() -> None:
    labels = np.array([0, 0, 1, 1, 0, 1])
    probs = np.array([[0.4, 0.6], [0.1, 0.9], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3], [0.05, 0.95]])
    assert choose_pictures(labels, probs, 4) == [1, 0, 2, 5]
    assert choose_pictures(labels, probs, 6) == [1, 0, 2, 5, 3, 4]
    assert choose_pictures(labels, probs, 100) == [1, 0, 2, 5, 3, 4]
    right = np.array([1, 1, 0, 1, 0, 1])
    assert choose_pictures(right, probs, 2) == [5, 1]


def test_right_is_green_and_wrong_is_red() -> None:
    figure = draw_grid([answered(4, 0, 1), answered(5, 1, 1)], NAMES, title="fold 0: 1 of 2 wrong")
    colors = {text.get_text(): to_hex(text.get_color()) for text in list_texts(figure)}
    assert colors["✗ bees\ntrue: ants"] == WRONG
    assert colors["✓ bees\ntrue: bees"] == RIGHT
    wrong, right = list_frames(figure)
    assert (to_hex(wrong.get_edgecolor()), to_hex(right.get_edgecolor())) == (WRONG, RIGHT)
    assert wrong.get_linestyle() != right.get_linestyle(), "told apart without colour too"


def test_pictures_of_any_shape_keep_it_and_no_words_meet() -> None:
    shapes = [(200, 20), (20, 200), (300, 300), (40, 30), None, (9, 400), (80, 60)]
    pictures = [answered(row, 0, 1, shape) for row, shape in enumerate(shapes)]
    figure = draw_grid(pictures, NAMES, title="fold 0: 7 of 7 wrong")
    texts = list(list_texts(figure))
    assert UNREADABLE in [text.get_text() for text in texts]
    assert not find_overlaps(texts)
    for frame, shape in zip(list_frames(figure), shapes, strict=True):
        if shape:
            assert frame.get_height() / frame.get_width() == pytest.approx(shape[0] / shape[1])
    tops = [frame.get_y() for frame in list_frames(figure)]
    assert len(set(tops)) == 2, "two rows, each along one line"


def test_words_without_a_font_become_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_list_families", lambda: iter(()))
    picture = Answered(None, "train/착용/1.jpg", 6, 0, 2, 0.5)
    figure = draw_grid([picture], KOREAN, title="fold 0: 1 of 1 wrong")
    assert {"✗ class 2\ntrue: class 0", "50 %  row 7"} <= set(read_words(figure))


def test_no_picture_at_all_is_a_title() -> None:
    assert read_words(draw_grid([], NAMES, title="fold 0: 0 of 0 wrong")) == [
        "fold 0: 0 of 0 wrong"
    ]
