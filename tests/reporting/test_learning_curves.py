"""Where the validations of a fold stand, and the mean of several folds."""

import math
from typing import Any

import pytest

from foldline.reporting.learning_curves import Curve, build_curve, compute_mean, place_rows


@pytest.mark.parametrize(
    ("epochs", "steps", "places"),
    [
        ([1, 2, 3], [8, 16, 24], (1, 2, 3)),
        ([1, 1, 2, 2], [5, 10, 15, 20], (0.5, 1, 1.5, 2)),
        ([3, 3, 4], [25, 30, 40], (2.5, 3, 4)),  # the first validation: epochs 1 and 2 had none
        ([1, 1, 2], [5, 10, 15], (0.5, 1, 1.5)),  # stopped within an epoch
        ([1, 2, 2], [None, None, None], (1, 1.5, 2)),
        ([1, 2, 2], [4, None, 8], (1, 1.5, 2)),
        ([1, 1], [0, 0], (0.5, 1)),
        ([], [], ()),
    ],
)
def test_rows_stand_where_they_were_measured(
    epochs: list[int], steps: list[int | None], places: tuple[float, ...]
) -> None:
    assert place_rows(epochs, steps) == pytest.approx(places)


def test_a_curve_has_all_that_was_measured_and_the_last_best() -> None:
    rows: list[dict[str, Any]] = [
        {"epoch": 1, "step": 5, "log_loss": 1.5, "lr": 0.1, "is_best": True},
        {"epoch": 1, "step": 10, "log_loss": 0.75, "lr": 0.2, "is_best": True},
        {"epoch": 2, "step": 15, "log_loss": 1.125, "lr": None, "is_best": False},
    ]
    curve = build_curve(rows)
    assert (curve.chosen, curve.epochs) == (1, (0.5, 1.0, 1.5))
    assert set(curve.values) == {"log_loss", "lr"}
    assert curve.values["log_loss"] == (1.5, 0.75, 1.125)
    assert curve.list_points("lr") == ([0.5, 1.0], [0.1, 0.2])
    assert curve.list_points("accuracy") == ([], [])
    assert build_curve([{**row, "is_best": False} for row in rows]).chosen is None


def test_the_mean_goes_as_far_as_every_fold() -> None:
    one = Curve((1.0, 2.0, 3.0), {"accuracy": (0.2, 0.4, 0.9)}, None)
    other = Curve((1.0, 2.0), {"accuracy": (0.4, 0.8)}, None)
    epochs, values = compute_mean([one, other], "accuracy")
    assert epochs == [1, 2]
    assert values == pytest.approx([0.3, 0.6])
    between = Curve((1.5, 2.0), {"accuracy": (0.5, 0.6)}, None)
    epochs, values = compute_mean([one, between], "accuracy")
    assert epochs == [1.5, 2]
    assert values == pytest.approx([(0.3 + 0.5) / 2, 0.5])
    missing = Curve((1.0,), {"accuracy": (math.nan,)}, None)
    assert compute_mean([one, missing], "accuracy") == ([], [])
    assert compute_mean([], "accuracy") == ([], [])
