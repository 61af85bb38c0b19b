"""Precision, recall and F1 of every class, side by side."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from foldline.reporting.confusion import EMPTY_ROW
from foldline.reporting.figure import BLUE, GREY, ORANGE, SKY, add_axes
from foldline.reporting.fonts import choose_lettering

_LINE = 0.27  # height of a class, inches
_WIDTH = 5.2
# of more classes than this only the worst are drawn
NUM_CLASSES_DRAWN = 60


def draw_classes(
    class_names: Sequence[str],
    *,
    precision: Sequence[float],
    recall: Sequence[float],
    f1: Sequence[float],
    support: Sequence[int],
    title: str,
) -> Figure:
    """A bar of F1 a class, marks for precision and recall, the number of pictures at its right.

    NaN is not drawn; a class with `support` 0 says so instead.
    """
    drawn = _choose_classes(f1)
    if len(drawn) < len(class_names):
        title += f"; the {len(drawn)} lowest F1 of {len(class_names)} classes"
    height = len(drawn) * _LINE
    figure = Figure(figsize=(_WIDTH + 1, height + 1.6))
    axes = add_axes(figure, 0.5, 0.6, _WIDTH, height)
    lines = range(len(drawn))
    marks: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "white", "markersize": 6}
    axes.barh(lines, [f1[one] for one in drawn], height=0.62, color=SKY, alpha=0.55, label="F1")
    for name, scores, marker, color in (
        ("precision", precision, "D", BLUE),
        ("recall", recall, "o", ORANGE),
    ):
        values = [scores[one] for one in drawn]
        axes.plot(values, lines, marker=marker, color=color, label=name, **marks)
    for line, one in enumerate(drawn):
        axes.text(1.13, line, f"{support[one]:,}", ha="right", va="center", color=GREY, size=8)
        if support[one] == 0:
            axes.text(0.01, line, EMPTY_ROW, va="center", color=GREY, size=8)
        elif not math.isnan(f1[one]):
            axes.text(0.01, line, f"{f1[one]:.2f}", va="center", size=8)
    axes.text(1.13, -1, "pictures", ha="right", va="center", color=GREY, size=8)
    lettering = choose_lettering(class_names)
    names = lettering.show_all(class_names)
    axes.set_yticks(lines, [names[one] for one in drawn], fontfamily=list(lettering.families))
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, 1), ylim=(len(drawn) - 0.5, -0.5))
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, borderaxespad=0.2)
    axes.set_title(title, loc="left", pad=26)
    return figure


def _choose_classes(f1: Sequence[float]) -> list[int]:
    """All classes in their order, or the worst, in their order."""
    worst = sorted(range(len(f1)), key=lambda one: (math.isnan(f1[one]), f1[one]))
    return sorted(worst[:NUM_CLASSES_DRAWN])
