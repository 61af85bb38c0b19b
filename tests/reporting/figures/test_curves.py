"""Curves of a fold, and of several with their mean."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from tests.reporting.figures.looks import read_words

from foldline.metrics.metric import METRICS
from foldline.reporting.figures.curves import draw_curves
from foldline.reporting.figures.figure import BLUE, ORANGE
from foldline.reporting.learning_curves import build_curve

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


def test_validations_within_an_epoch_are_drawn_where_they_were_made() -> None:
    rows = make_rows([1.0, 0.5, 0.75, 0.25])
    for number, row in enumerate(rows):
        row |= {"epoch": number // 2 + 1, "step": 5 * (number + 1)}
    for axes in draw_curves([build_curve(rows)], title="fold 0").axes:
        places = [np.asarray(line.get_xdata()).tolist() for line in axes.lines]
        assert [0.5, 1.0, 1.5, 2.0] in places


def test_each_metric_that_was_measured_has_its_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    kappa = replace(METRICS["accuracy"], key="kappa", title="Cohen's kappa")
    monkeypatch.setitem(METRICS, "kappa", kappa)
    monkeypatch.setitem(METRICS, "recall", replace(kappa, key="recall", title="recall"))
    figure = draw_curves([build_curve(make_rows([1.0, 0.5], kappa=0.25))], title="fold 0")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Cohen's kappa", "loss (validation: log loss)", "accuracy", "macro-F1"]
    assert [np.asarray(line.get_ydata()).tolist() for line in figure.axes[0].lines] == [
        [],
        [0.25, 0.25],
    ]
