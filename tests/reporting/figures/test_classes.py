"""Bars and marks of every class."""

import math

import numpy as np
from matplotlib.patches import Rectangle
from tests.reporting.figures.looks import MASK, find_overlaps, lay_out, read_words

from foldline.metrics.confusion import ClassScores
from foldline.reporting.figures.classes import NUM_CLASSES_DRAWN, draw_classes
from foldline.reporting.figures.confusion import EMPTY_ROW

NAN = math.nan


def test_a_class_without_pictures_is_blank() -> None:
    figure = draw_classes(
        ["ants", "bees", "wasps"],
        ClassScores(
            precision=np.array([0.5, NAN, NAN]),
            recall=np.array([0.25, NAN, 0.0]),
            f1=np.array([1 / 3, NAN, 0.0]),
            support=np.array([1200, 0, 7]),
        ),
        title="fold 0",
    )
    axes = figure.axes[0]
    beside = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert (beside["0.333"], beside["1,200"]) == (0, 0)
    assert (beside[EMPTY_ROW], beside["0"]) == (1, 1)
    assert (beside["0.000"], beside["7"]) == (2, 2)
    marks = {line.get_label(): np.asarray(line.get_xdata()) for line in axes.lines}
    np.testing.assert_equal(marks["precision"], [0.5, NAN, NAN])
    np.testing.assert_equal(marks["recall"], [0.25, NAN, 0.0])
    widths = [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)]
    assert widths[0] == 1 / 3
    assert math.isnan(widths[1])


def test_eighteen_classes_do_not_touch() -> None:
    scores = np.arange(18) / 17
    figure = draw_classes(MASK, ClassScores(scores, scores, scores, np.arange(18)), title="fold 0")
    lay_out(figure)
    axes = figure.axes[0]
    labels = axes.get_yticklabels()
    assert [label.get_text() for label in labels] == MASK
    assert not find_overlaps([*labels, *axes.texts])


def test_of_very_many_classes_the_worst_are_drawn() -> None:
    number = NUM_CLASSES_DRAWN + 5
    names = [f"class-{index}" for index in range(number)]
    f1 = np.arange(number)[::-1] / number
    figure = draw_classes(names, ClassScores(f1, f1, f1, np.ones(number, int)), title="all")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == names[5:]
    assert f"all; the {NUM_CLASSES_DRAWN} lowest F1 of {number} classes" in read_words(figure)
