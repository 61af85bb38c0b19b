"""How loss and scores went from validation to validation: one fold, or the mean of several."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Points = tuple[list[float], list[float]]  # epochs and values, as long as each other

_NOT_MEASURED = {"epoch", "step", "is_best"}


@dataclass(frozen=True)
class Curve:
    """The history of one fold, an entry a validation.

    `epochs` have passed by then and may be fractions; `values` are NaN where not measured. `chosen`
    is the position of the best validation, None where there is none.
    """

    epochs: tuple[float, ...]
    values: Mapping[str, tuple[float, ...]]
    chosen: int | None

    def list_points(self, key: str) -> Points:
        """Return the epochs at which `key` was measured, and its values."""
        values = self.values.get(key, ())
        pairs = zip(self.epochs, values, strict=False)
        points = [(epoch, value) for epoch, value in pairs if math.isfinite(value)]
        return [epoch for epoch, _ in points], [value for _, value in points]


def build_curve(rows: Sequence[Mapping[str, Any]]) -> Curve:
    """Return the curve of the rows of `metrics.jsonl`, in their order."""
    best = [position for position, row in enumerate(rows) if row.get("is_best")]
    keys = dict.fromkeys(key for row in rows for key in row if key not in _NOT_MEASURED)
    return Curve(
        epochs=place_rows([row["epoch"] for row in rows], [row.get("step") for row in rows]),
        # None becomes NaN
        values={k: tuple(np.array([row.get(k) for row in rows], float).tolist()) for k in keys},
        chosen=best[-1] if best else None,
    )


def place_rows(epochs: Sequence[int], steps: Sequence[int | None]) -> tuple[float, ...]:
    """Return after how many epochs each row was measured.

    `steps` count from the start of the run. Where older versions wrote none, the rows of an epoch
    are spread evenly over it.
    """
    if None not in steps:
        # most epochs end with a validation, and its step shows how many steps every epoch has
        shares = [(step or 0) / epoch for step, epoch in zip(steps, epochs, strict=True)]
        if (per_epoch := max(shares, default=0)) > 0:
            return tuple((step or 0) / per_epoch for step in steps)
    return tuple(
        epoch - 1 + epochs[: row + 1].count(epoch) / epochs.count(epoch)
        for row, epoch in enumerate(epochs)
    )


def compute_mean(curves: Iterable[Curve], key: str) -> Points:
    """Return epochs and mean of `key` over the folds, as far as every fold has been trained.

    Between its points a fold counts with the straight line that connects them.
    """
    lines = [curve.list_points(key) for curve in curves]
    if not lines or not all(epochs for epochs, _ in lines):
        return [], []
    first, last = max(epochs[0] for epochs, _ in lines), min(epochs[-1] for epochs, _ in lines)
    grid = sorted({epoch for epochs, _ in lines for epoch in epochs if first <= epoch <= last})
    return grid, np.mean([np.interp(grid, *line) for line in lines], axis=0).tolist()
