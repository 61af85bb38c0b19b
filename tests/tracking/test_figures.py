"""The figures of a whole run go by the metrics of the table and by the metric of the run."""

from dataclasses import replace
from typing import Any

import pytest

from foldline.metrics.metric import METRICS
from foldline.runs.files import RunScores
from foldline.tracking.figures import build_fold_table, list_figures, summarize_scores


def build_scores(by: str, interval: tuple[float, float], **more: Any) -> RunScores:
    """Return what `scores.json` holds of two folds that score 0.2 and 0.4 by every metric."""
    folds = {fold: dict.fromkeys(METRICS, 0.2 * (fold + 1)) for fold in range(2)}
    joined = {key: 0.1 * place for place, key in enumerate(METRICS, start=1)}
    whole = {**joined, f"{by}_interval": interval}
    return RunScores(folds=folds, out_of_fold=whole, pictures=9, **more)


def test_the_score_and_its_interval_are_by_the_metric_of_the_run() -> None:
    figures = summarize_scores(build_scores("log_loss", (0.2, 0.5), metric="log_loss"))
    assert figures["score"] == figures["out_of_fold_log_loss"] == pytest.approx(0.3)
    assert (figures["out_of_fold_log_loss_low"], figures["out_of_fold_log_loss_high"]) == (0.2, 0.5)
    assert figures["mean_accuracy"] == pytest.approx(0.3)
    assert figures["sd_accuracy"] == pytest.approx(0.02**0.5)
    assert (figures["folds_scored"], figures["pictures"]) == (2, 9)
    assert sorted(figures) == list_figures(2, "log_loss")


def test_an_older_file_that_names_no_metric_is_by_macro_f1() -> None:
    figures = summarize_scores(build_scores("macro_f1", (0.0, 0.2)))
    assert (figures["score"], figures["out_of_fold_macro_f1_high"]) == (0.1, 0.2)
    assert sorted(figures) == list_figures(2, "macro_f1")


def test_a_metric_of_the_table_has_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    before = build_scores("macro_f1", (0.0, 0.2))
    monkeypatch.setitem(METRICS, "other", replace(METRICS["accuracy"], key="other"))
    after = build_scores("macro_f1", (0.0, 0.2))
    assert summarize_scores(after).keys() - summarize_scores(before).keys() == {
        "mean_other",
        "sd_other",
        "out_of_fold_other",
    }
    table = build_fold_table(after.folds)
    assert table["columns"] == ["fold", "macro_f1", "accuracy", "log_loss", "other"]
    assert table["rows"][1] == [1, 0.4, 0.4, 0.4, 0.4]
    assert build_fold_table(before.folds)["rows"][0][-1] is None
