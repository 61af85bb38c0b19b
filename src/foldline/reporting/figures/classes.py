"""Precision, recall and F1 of every class, side by side."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foldline.metrics.confusion import ClassScores
from foldline.metrics.counts import Labels, Probs
from foldline.reporting.figures.confusion import EMPTY_ROW
from foldline.reporting.figures.figure import BLUE, GREY, ORANGE, SKY, add_axes
from foldline.reporting.figures.fonts import choose_lettering

_LINE = 0.27  # height of a class, inches
_WIDTH = 5.2
_COLUMNS = (1.12, 1.26)  # right edges of the columns of numbers, in widths
_NAME = 18.0  # widest name of a class, in ems
# of more classes than this, only the worst are drawn
NUM_CLASSES_DRAWN = 60


def draw_classes(class_names: Sequence[str], scores: ClassScores, *, title: str) -> Figure:
    """Draw a bar of F1 for each class, marks for precision and recall, and its number of pictures.

    NaN is not drawn; a class with `support` 0 is labelled as such.
    """
    # NaN is sorted last
    drawn = sorted(np.argsort(scores.f1, kind="stable")[:NUM_CLASSES_DRAWN].tolist())
    if len(drawn) < len(class_names):
        title += f"; the {len(drawn)} lowest F1 of {len(class_names)} classes"
    height = len(drawn) * _LINE
    figure = Figure(figsize=(_WIDTH + 1, height + 1.6))
    axes = add_axes(figure, 0.5, 0.6, _WIDTH, height)
    lines = range(len(drawn))
    axes.barh(lines, scores.f1[drawn], height=0.62, color=SKY, alpha=0.55, label="F1")
    marks: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "white", "markersize": 6}
    for name, values, marker, color, shift in (
        ("precision", scores.precision, "D", BLUE, -0.15),
        ("recall", scores.recall, "o", ORANGE, 0.15),
    ):
        places = [line + shift for line in lines]  # side by side where they are equal
        axes.plot(values[drawn], places, marker, color=color, label=name, clip_on=False, **marks)
    _write_columns(axes, scores.f1[drawn], scores.support[drawn])
    lettering = choose_lettering(class_names)
    names = lettering.show_all(class_names, ems=_NAME)
    axes.set_yticks(lines, [names[one] for one in drawn], fontfamily=list(lettering.families))
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, 1), ylim=(len(drawn) - 0.5, -0.5))
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, borderaxespad=0.2)
    axes.set_title(title, loc="left", pad=26)
    return figure


def _write_columns(axes: Axes, scores: Probs, supports: Labels) -> None:
    """Write F1 and the number of pictures to the right of every class."""
    style: dict[str, Any] = {"va": "center", "size": 8, "color": GREY}
    for x, head in zip(_COLUMNS, ("F1", "pictures"), strict=True):
        axes.text(x, -1, head, ha="right", **style)
    for line, (f1, support) in enumerate(zip(scores, supports, strict=True)):
        figures = ("" if math.isnan(f1) else f"{f1:.3f}", f"{support:,}")
        for x, figure in zip(_COLUMNS, figures, strict=True):
            axes.text(x, line, figure, ha="right", **style)
        if support == 0:
            axes.text(0.01, line, EMPTY_ROW, **style)
