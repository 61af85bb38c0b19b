"""How loss and scores went from epoch to epoch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from foldline.reporting.figures.figure import BLUE, ORANGE, add_axes

# panel: what is measured on the training pictures and on the validation fold
_PANELS = (
    ("loss (validation: log loss)", "train_loss", "log_loss"),
    ("accuracy", "train_accuracy", "accuracy"),
    ("macro-F1", None, "macro_f1"),
)
_KEYS = tuple(key for _, *keys in _PANELS for key in keys if key)
_NUM_MARKED = 30  # points of a line that are marked one by one


@dataclass(frozen=True)
class Curve:
    """The history of one fold: `epochs` may be fractions; `values` are NaN where not measured.

    `chosen` is the position of the best epoch, None where there is none.
    """

    epochs: tuple[float, ...]
    values: Mapping[str, tuple[float, ...]]
    chosen: int | None


def build_curve(rows: Sequence[Mapping[str, Any]]) -> Curve:
    """The curve of the rows of `metrics.jsonl`, one a validation, in their order."""
    best = [position for position, row in enumerate(rows) if row.get("is_best")]
    return Curve(
        epochs=place_rows([row["epoch"] for row in rows], [row.get("step") for row in rows]),
        values={key: tuple(_read(row.get(key)) for row in rows) for key in _KEYS},
        chosen=best[-1] if best else None,
    )


def place_rows(epochs: Sequence[int], steps: Sequence[int | None]) -> tuple[float, ...]:
    """Where each row stands, in epochs that have passed; the last row of an epoch ends it.

    `steps` may count from the start of the run or of the epoch. Without them the rows of one
    epoch are evenly spread.
    """
    places: list[float] = []
    before = 0  # the last step of the epoch before
    for epoch in dict.fromkeys(epochs):
        rows = [row for row, of in enumerate(epochs) if of == epoch]
        counted = [step for step in (steps[row] for row in rows) if step is not None]
        if len(counted) < len(rows):
            places += [epoch - 1 + (order + 1) / len(rows) for order in range(len(rows))]
            continue
        start = before if counted[0] > before else 0
        places += [epoch - 1 + (step - start) / (counted[-1] - start) for step in counted]
        before = counted[-1]
    return tuple(places)


def draw_curves(curves: Sequence[Curve], *, title: str) -> Figure:
    """Loss, accuracy and macro-F1 by epoch: one fold, or a thin line for each and their mean."""
    figure = Figure(figsize=(13, 4.2))
    axes = [add_axes(figure, 0.6 + 4.15 * panel, 0.6, 3.5, 2.9) for panel in range(len(_PANELS))]
    for panel, (name, train, valid) in zip(axes, _PANELS, strict=True):
        if train:
            _plot(panel, curves, train, ORANGE, "--")
        _plot(panel, curves, valid, BLUE, "-")
        _mark_chosen(panel, curves, valid)
        panel.set_title(name, loc="left")
        panel.set_xlabel("epoch")
        panel.grid(color="#e4e4e4", linewidth=0.6)
        _frame(panel, curves)
    figure.legend(
        handles=_explain(curves),
        loc="upper left",
        bbox_to_anchor=(0.6 / 13, 4.0 / 4.2),
        ncols=5,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
    )
    figure.text(0.6 / 13, 4.1 / 4.2, title, size=11)
    return figure


def compute_mean(curves: Sequence[Curve], key: str) -> tuple[list[float], list[float]]:
    """Epochs and mean of `key` over the folds, as far as every fold has been trained.

    Between its points a fold counts with the straight line that connects them.
    """
    lines = [_measured(curve, key) for curve in curves]
    if not all(epochs for epochs, _ in lines):
        return [], []
    first, last = max(epochs[0] for epochs, _ in lines), min(epochs[-1] for epochs, _ in lines)
    grid = sorted({epoch for epochs, _ in lines for epoch in epochs if first <= epoch <= last})
    return grid, np.mean([np.interp(grid, *line) for line in lines], axis=0).tolist()


def _read(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _measured(curve: Curve, key: str) -> tuple[list[float], list[float]]:
    pairs = zip(curve.epochs, curve.values[key], strict=True)
    points = [(epoch, value) for epoch, value in pairs if math.isfinite(value)]
    return [epoch for epoch, _ in points], [value for _, value in points]


def _plot(axes: Axes, curves: Sequence[Curve], key: str, color: str, style: str) -> None:
    for curve in curves:
        epochs, values = _measured(curve, key)
        marker = "." if len(epochs) <= _NUM_MARKED else ""
        width, alpha = (1.8, 1.0) if len(curves) == 1 else (0.8, 0.5)
        axes.plot(epochs, values, style, color=color, marker=marker, linewidth=width, alpha=alpha)
    if len(curves) > 1:
        epochs, values = compute_mean(curves, key)
        marker = "o" if len(epochs) == 1 else ""
        axes.plot(epochs, values, style, color=color, linewidth=2.4, marker=marker)


def _mark_chosen(axes: Axes, curves: Sequence[Curve], key: str) -> None:
    for curve in curves:
        if curve.chosen is None:
            continue
        epoch, value = curve.epochs[curve.chosen], curve.values[key][curve.chosen]
        axes.plot(epoch, value, **_CHOSEN)
        if len(curves) == 1:
            axes.axvline(epoch, color="black", linewidth=0.8, linestyle=":", zorder=0)


_CHOSEN: dict[str, Any] = {
    "marker": "o",
    "markersize": 7,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "linestyle": "none",
}


def _frame(axes: Axes, curves: Sequence[Curve]) -> None:
    last = max(curve.epochs[-1] for curve in curves)
    first = min(curve.epochs[0] for curve in curves)
    margin = 0.5 if first == last else 0.04 * (last - first)
    axes.set_xlim(first - margin, last + margin)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))


def _explain(curves: Sequence[Curve]) -> list[Line2D]:
    width = 1.8 if len(curves) == 1 else 2.4
    of = "" if len(curves) == 1 else ", mean"
    lines = [
        Line2D([], [], color=ORANGE, linestyle="--", linewidth=width, label=f"training{of}"),
        Line2D([], [], color=BLUE, linestyle="-", linewidth=width, label=f"validation{of}"),
    ]
    if len(curves) > 1:
        lines.append(Line2D([], [], color="black", linewidth=0.8, alpha=0.5, label="each fold"))
    if any(curve.chosen is not None for curve in curves):
        chosen = "the epoch that was chosen" if len(curves) == 1 else "its chosen epoch"
        lines.append(Line2D([], [], label=chosen, **_CHOSEN))
    return lines
