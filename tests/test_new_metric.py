"""A metric is one entry in the table: every command goes by it, with nothing else changed."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.competition import Foldline, Said

from foldline.metrics.counts import Labels, Probs
from foldline.metrics.metric import METRICS, Metric

SETTINGS = ("metric=brier", "train.monitor=brier")


def score_brier(labels: Labels, probs: Probs) -> float:
    """Return the mean squared distance of the probabilities from the truth (Brier 1950)."""
    return float(((probs - np.eye(probs.shape[1])[labels]) ** 2).sum(axis=1).mean())


BRIER = Metric(
    key="brier",
    title="Brier score",
    greater_is_better=False,  # so that a direction taken for granted is noticed
    range=(0.0, 2.0),
    score=score_brier,
    needs="probs",
)


@pytest.fixture
def runs(
    project: Path,
    foldline: Foldline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> list[str]:
    """Two runs that were trained, answered and ranked by the new metric, the best first."""
    monkeypatch.setitem(METRICS, "brier", BRIER)
    assert foldline("prepare") == 0
    for name, more in (("one", ()), ("two", ("train.optimizer.lr=1e-2", "train.epochs=3"))):
        for stage in ("train", "infer"):
            code = foldline(stage, f"run={name}", *SETTINGS, *more)
            assert code == 0, capsys.readouterr().err
    scores = {name: read_scores(project, name)["out_of_fold"]["brier"] for name in ("one", "two")}
    assert scores["one"] != scores["two"]
    return sorted(scores, key=lambda name: scores[name])


def read_scores(project: Path, run: str) -> Any:
    return json.loads((project / f"outputs/runs/{run}/scores.json").read_text())


def test_it_chooses_the_best_epoch_and_is_recorded(project: Path, runs: list[str]) -> None:
    for run in runs:
        for fold in (0, 1):
            folder = project / f"outputs/runs/{run}/fold_{fold}"
            rows = [
                json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()
            ]
            best = [row for row in rows if row["is_best"]][-1]
            assert best["brier"] == min(row["brier"] for row in rows)
            oof = pd.read_csv(folder / "oof.csv")
            probs = oof.filter(regex="^p_").to_numpy()
            found = score_brier(oof["label"].to_numpy(), probs)
            assert best["brier"] == pytest.approx(found, rel=1e-5)
        scores = read_scores(project, run)
        assert list(scores["out_of_fold"]) == [*METRICS, "brier_interval"]
        assert list(scores["folds"]["0"]) == list(METRICS)


def test_every_table_goes_by_it(
    runs: list[str], project: Path, command: Callable[..., Said]
) -> None:
    best, worst = runs
    score, other = (read_scores(project, run)["out_of_fold"]["brier"] for run in runs)

    listed = command("runs").out.splitlines()
    assert "Brier score" in listed[0]
    assert [line.split()[0] for line in listed[1:3]] == [best, worst]

    shown = command("show", best).out
    assert f"out of fold: Brier score {score:.3f}" in shown
    assert re.search(r"^fold +Brier score +macro-F1", shown, re.MULTILINE)

    compared = command("compare", worst, best).out
    assert f"{best} − {worst}: Brier score {score - other:+.3f}" in compared
    assert re.search(rf"^Brier score +{other:.3f} +{score:.3f}$", compared, re.MULTILINE)

    for run, public in ((best, "0.9"), (worst, "1.1")):  # beyond what a share may be
        assert command("score", run, public).code == 0
    board = command("leaderboard")
    assert board.out.index(best) < board.out.index(worst)
    assert f"{score:.4f}" in board.out


def test_checkpoints_and_the_page_go_by_it(
    runs: list[str], project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert foldline("evaluate", f"run={runs[0]}", *SETTINGS) == 0, capsys.readouterr().err
    assert "Brier score" in capsys.readouterr().out
    assert foldline("report", f"run={runs[0]}", *SETTINGS) == 0, capsys.readouterr().err
    page = (project / "outputs/report/index.html").read_text()
    assert '"brier"' in page
    assert "Brier score" in page
