"""The table of folds, and the scores of the folds joined, by whatever metric."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.competition import Foldline

from foldline.metrics.metric import METRICS


@pytest.fixture
def trained(project: Path, foldline: Foldline, train_once: Callable[..., None]) -> Foldline:
    """Both folds of `tiny` are trained, for an epoch."""
    train_once(project, "train.epochs=1")
    return lambda *settings: foldline("train", "train.epochs=1", *settings)


def test_the_metric_is_the_one_whose_interval_is_written_and_printed(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    before = json.loads((project / "outputs/runs/tiny/scores.json").read_text())
    assert before["metric"] == "macro_f1"
    capsys.readouterr()
    assert trained("metric=log_loss") == 0
    scores = json.loads((project / "outputs/runs/tiny/scores.json").read_text())
    assert scores["metric"] == "log_loss"
    low, high = scores["out_of_fold"].pop("log_loss_interval")
    before["out_of_fold"].pop("macro_f1_interval")
    assert scores["out_of_fold"] == before["out_of_fold"]
    log_loss, macro_f1 = (scores["out_of_fold"][key] for key in ("log_loss", "macro_f1"))
    assert low <= log_loss <= high
    assert (
        f"out of fold: log loss {log_loss:.3f} (95 % by person {low:.3f} to {high:.3f}), "
        f"macro-F1 {macro_f1:.3f}\n"
    ) in capsys.readouterr().out


def test_a_metric_that_older_folds_were_not_scored_by_is_blank_in_their_rows(
    project: Path,
    trained: Foldline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = replace(METRICS["accuracy"], key="error", title="share of errors")
    monkeypatch.setitem(METRICS, "error", error)
    capsys.readouterr()
    assert trained() == 0
    printed = capsys.readouterr().out.splitlines()
    head, first, _, mean, sd = printed[1:6]
    assert "  log loss  share of errors  best epoch" in head
    accuracy, log_loss = head.index("accuracy"), head.index("log loss")
    end = head.index("share of errors") + len("share of errors")
    assert first[log_loss + len("log loss") : end].strip() == ""
    for row in (mean, sd):  # of scores that are computed anew
        assert row[end - 5 : end] == row[accuracy + 3 : accuracy + 8]
    assert first.endswith("finished before")
