"""Curves of a fold, and of several with their mean."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from tests.reporting.figures.looks import read_words

from foldline.reporting.figures.curves import (
    Curve,
    build_curve,
    compute_mean,
    draw_curves,
    place_rows,
)
from foldline.reporting.figures.figure import BLUE, ORANGE

CHOSEN = "the epoch that was chosen"


def make_rows(losses: list[float], best: int | None = None, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            **{"epoch": epoch, "train_loss": loss, "train_accuracy": 1 - loss / 4},
            **{"log_loss": 1.5 * loss, "accuracy": 1 - loss / 2, "macro_f1": 0.9 - loss / 2},
            **{"is_best": epoch == best, **more},
        }
        for epoch, loss in enumerate(losses, start=1)
    ]


@pytest.mark.parametrize(
    ("epochs", "steps", "places"),
    [
        ([1, 2, 3], [8, 16, 24], (1, 2, 3)),
        ([1, 1, 2, 2], [5, 10, 15, 20], (0.5, 1, 1.5, 2)),
        ([3, 3, 4], [25, 30, 40], (25 / 30 + 2, 3, 4)),  # the first looked at: epochs 1 and 2 not
        ([1, 1, 2, 2], [5, 10, 5, 10], (0.5, 1, 1.5, 2)),  # counted within the epoch
        ([1, 2, 2], [None, None, None], (1, 1.5, 2)),
    ],
)
def test_rows_stand_where_they_were_measured(
    epochs: list[int], steps: list[int | None], places: tuple[float, ...]
) -> None:
    assert place_rows(epochs, steps) == pytest.approx(places)


def test_the_chosen_epoch_is_the_last_best() -> None:
    rows = make_rows([1.0, 0.5, 0.75])
    assert build_curve(rows).chosen is None
    rows[0]["is_best"] = rows[1]["is_best"] = True
    curve = build_curve(rows)
    assert (curve.chosen, curve.epochs) == (1, (1.0, 2.0, 3.0))
    assert curve.values["log_loss"] == (1.5, 0.75, 1.125)


def test_one_fold_shows_both_sides_and_the_chosen_epoch() -> None:
    figure = draw_curves([build_curve(make_rows([1.0, 0.5, 0.75], best=2))], title="fold 3")
    loss, accuracy, macro = figure.axes
    for panel, training in ((loss, [1.0, 0.5, 0.75]), (accuracy, [0.75, 0.875, 0.8125])):
        lines = {to_hex(line.get_color()).upper(): line for line in panel.lines}
        assert np.asarray(lines[ORANGE].get_ydata()).tolist() == training
        assert lines[ORANGE].get_linestyle() == "--", "told apart without colour too"
        assert np.asarray(lines[BLUE].get_xdata()).tolist() == [1, 2, 3]
    marked = [line for line in macro.lines if line.get_markerfacecolor() == "none"]
    assert [(line.get_xdata(), line.get_ydata()) for line in marked] == [([2.0], [0.65])]
    assert {"fold 3", "training", "validation", CHOSEN, "epoch"} <= set(read_words(figure))


def test_nothing_is_said_of_a_chosen_epoch_where_there_is_none() -> None:
    figure = draw_curves([build_curve(make_rows([1.0, 0.5]))], title="fold 0")
    assert CHOSEN not in read_words(figure)


def test_a_single_epoch_and_what_was_not_measured_can_be_drawn() -> None:
    rows = make_rows([1.0], best=1, train_loss=None, train_accuracy=None)
    figure = draw_curves([build_curve(rows)], title="fold 0")
    low, high = figure.axes[0].get_xlim()
    assert low < 1 < high


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
    missing = Curve((1.0,), {"accuracy": (float("nan"),)}, None)
    assert compute_mean([one, missing], "accuracy") == ([], [])
