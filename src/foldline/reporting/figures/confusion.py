"""A confusion matrix as a heatmap."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from foldline.reporting.figures.figure import FONT_SIZE, add_axes
from foldline.reporting.figures.fonts import choose_lettering

EMPTY_ROW = "no validation picture"
# with more classes than this, numbers would be too small to read; the tables have them
NUM_CLASSES_WRITTEN = 40
# with no more than this, a cell has room for the number of pictures too
NUM_CLASSES_COUNTED = 8

_CELL = (0.37, 1.05)  # smallest and largest side of a cell with a number, inches
_NAME = 18.0  # widest name of a class, in ems
_LINES = "#dddddd"
_LABEL = 0.13  # height of a line of class names, inches


def draw_confusion(
    counts: npt.NDArray[np.int64], names: Sequence[str], *, title: str, what: str = "class"
) -> Figure:
    """Draw a heatmap of `counts` `[true, predicted]` in percent of the row.

    `what` names a row, on the axes and where no font can show its own name. A row without pictures
    is hatched and labelled as such.
    """
    num_classes = len(names)
    side = _choose_cell(num_classes) * num_classes
    figure = Figure(figsize=(side + 1, side + 1))
    axes = add_axes(figure, 0.5, 0.5, side, side)
    totals = counts.sum(axis=1, keepdims=True)
    percent = np.full(counts.shape, np.nan)
    np.divide(100.0 * counts, totals, out=percent, where=totals > 0)
    image = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100, aspect="equal")
    for row in np.flatnonzero(totals == 0):
        _mark_empty(axes, int(row), num_classes)
    if num_classes <= NUM_CLASSES_WRITTEN:
        _write_cells(axes, counts, percent)
        edges = np.arange(1, num_classes) - 0.5
        axes.hlines(edges, -0.5, num_classes - 0.5, color=_LINES, linewidth=0.6)
        axes.vlines(edges, -0.5, num_classes - 0.5, color=_LINES, linewidth=0.6)
    _name_rows_and_columns(axes, names, what, cell=side / num_classes)
    bar = figure.colorbar(image, cax=add_axes(figure, side + 0.62, 0.5, 0.14, side))
    bar.set_label(f"percent of the true {what}")
    bar.outline.set_visible(False)
    axes.set_title(title, loc="left", pad=10)
    return figure


def format_percent(percent: float, decimals: int) -> str:
    """Round `percent`, but never to a 0 or a 100 that it is not."""
    least = 10.0**-decimals
    if 0 < percent < least / 2:
        return f"<{least:.{decimals}f}"
    if 100 - least / 2 <= percent < 100:
        return f">{100 - least:.{decimals}f}"
    return f"{percent:.0f}" if percent in (0, 100) else f"{percent:.{decimals}f}"


def _choose_cell(num_classes: int) -> float:
    smallest, largest = _CELL
    if num_classes > NUM_CLASSES_WRITTEN:
        return max(NUM_CLASSES_WRITTEN * smallest / num_classes, 0.02)
    return min(max(7.9 / num_classes, smallest), largest)


def _mark_empty(axes: Axes, row: int, num_classes: int) -> None:
    axes.add_patch(Rectangle((-0.5, row - 0.5), num_classes, 1, fill=False, hatch="////", lw=0))
    if num_classes <= NUM_CLASSES_WRITTEN:
        axes.text(
            (num_classes - 1) / 2,
            row,
            EMPTY_ROW,
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
        )


def _write_cells(
    axes: Axes, counts: npt.NDArray[np.int64], percent: npt.NDArray[np.float64]
) -> None:
    few = len(counts) <= NUM_CLASSES_COUNTED
    size = 10.0 if few else 8.0 if len(counts) <= 20 else 7.0
    totals = counts.sum(axis=1)
    for (row, column), value in np.ndenumerate(percent):
        if math.isnan(value):
            continue
        text = format_percent(value, decimals=1 if few else 0)
        if few:
            text += f"\n{counts[row, column]}/{totals[row]}"
        color = "white" if value > 55 else "black" if value > 0 else "#8a8a8a"
        label = axes.text(column, row, text, ha="center", va="center", color=color, size=size)
        label.set_in_layout(False)  # it lies within its cell: no room need be made for it


def _name_rows_and_columns(axes: Axes, names: Sequence[str], what: str, *, cell: float) -> None:
    """Label every row and column, or every second, third … where labels would overlap."""
    lettering = choose_lettering(names)
    shown = lettering.show_all(names, what=what, ems=_NAME)
    places = range(0, len(names), math.ceil(_LABEL / cell))
    labels = [shown[place] for place in places]
    fits = max(map(lettering.measure, labels)) * FONT_SIZE / 72 < 0.95 * cell
    font: dict[str, Any] = {"fontfamily": list(lettering.families)}
    slanted: dict[str, Any] = (
        {} if fits else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    )
    axes.set_yticks(places, labels, **font)
    axes.set_xticks(places, labels, **font, **slanted)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(f"predicted {what}")
    axes.set_ylabel(f"true {what}")
