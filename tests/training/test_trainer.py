"""When a fold is validated, what is kept of it, and that looking often changes nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from tests.competition import Foldline

from foldline.data.dataset import ImageDataset
from foldline.learning.predictor import Predictor
from foldline.metrics.metric import compute_scores
from foldline.training import trainer as fold_stage

# six pictures to learn from: three steps an epoch, the last one short where three are accumulated
BASE = ("train.folds=[0]", "train.batch_size=2", "train.epochs=3")


@pytest.fixture
def train(foldline: Foldline) -> Foldline:
    assert foldline("prepare") == 0
    return lambda *settings: foldline("train", *BASE, *settings)


def load_rows(project: Path, run: str = "tiny", fold: int = 0) -> list[dict[str, Any]]:
    path = project / f"outputs/runs/{run}/fold_{fold}/metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def load(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = torch.load(path, weights_only=True)
    return values


def test_one_line_an_epoch_has_the_columns_that_readers_rely_on(
    project: Path, train: Foldline
) -> None:
    assert train() == 0
    rows = load_rows(project)
    columns = "epoch step lr train_loss train_accuracy macro_f1 accuracy log_loss seconds"
    assert list(rows[0]) == [*columns.split(), "images_per_second", "is_best"]
    assert [(row["epoch"], row["step"]) for row in rows] == [(1, 3), (2, 6), (3, 9)]


@pytest.mark.parametrize(
    ("settings", "places"),
    [
        (["every=2 steps"], [(1, 2), (2, 4), (2, 6), (3, 8), (3, 9)]),
        (["every=2 epochs"], [(2, 6), (3, 9)]),
        (["every=7 steps"], [(3, 7), (3, 9)]),
        (["from_epoch=3"], [(3, 9)]),
        (["from_epoch=9"], [(3, 9)]),
        (["every=1 step", "from_epoch=3"], [(3, 7), (3, 8), (3, 9)]),
    ],
)
def test_when_is_validated(
    settings: list[str], places: list[tuple[int, int]], project: Path, train: Foldline
) -> None:
    assert train(*(f"train.validation.{setting}" for setting in settings)) == 0
    assert [(row["epoch"], row["step"]) for row in load_rows(project)] == places


def test_steps_are_those_of_the_optimizer(project: Path, train: Foldline) -> None:
    """Two batches a step: two steps an epoch, the second one of a single batch."""
    assert train("train.accumulate=2", "train.validation.every=1 step", "train.epochs=2") == 0
    rows = load_rows(project)
    assert [(row["epoch"], row["step"]) for row in rows] == [(1, 1), (1, 2), (2, 3), (2, 4)]


def test_patience_that_ends_the_training_validates_its_end(project: Path, train: Foldline) -> None:
    """Nothing is better than the first validation, so that patience ends with the third epoch."""
    settings = ("train.patience=1", "train.min_improvement=1", "train.epochs=9")
    assert train("train.validation.every=4 steps", *settings) == 0
    rows = load_rows(project)
    assert [(row["epoch"], row["step"]) for row in rows] == [(2, 4), (3, 8), (3, 9)]
    assert [row["is_best"] for row in rows] == [True, False, False]


def test_best_may_lie_in_the_middle_of_an_epoch(project: Path, train: Foldline) -> None:
    """With a rate that ruins the network after the first step."""
    assert (
        train(
            "train.validation.every=1 step",
            "train.monitor=log_loss",
            "train.optimizer.lr=0.2",
        )
        == 0
    )
    rows = load_rows(project)
    best = min(rows, key=lambda row: row["log_loss"])
    assert best["step"] % 3, "the test needs another rate"
    assert [row["step"] for row in rows if row["is_best"]][-1] == best["step"]
    saved = load(project / "outputs/runs/tiny/fold_0/best.pt")
    assert saved["scores"]["log_loss"] == pytest.approx(best["log_loss"])
    scores = json.loads((project / "outputs/runs/tiny/scores.json").read_text())
    assert scores["folds"]["0"]["log_loss"] == pytest.approx(best["log_loss"])


@pytest.mark.usefixtures("keep_last")
def test_looking_often_does_not_change_what_is_learned(project: Path, train: Foldline) -> None:
    """Neither by the drop-out's chance, nor by batch norm, nor by the optimizer."""
    settings = ("model.name=mobilenet_v3_small", "model.arguments={}", "train.epochs=2")
    assert train(*settings, "run=seldom") == 0
    assert train(*settings, "run=often", "train.validation.every=1 step") == 0
    seldom, often = (
        load(project / f"outputs/runs/{run}/fold_0/last.pt")["model"] for run in ("seldom", "often")
    )
    assert all(torch.equal(seldom[key], often[key]) for key in seldom)


def test_a_line_tells_of_all_that_was_learned_since_the_line_before(
    project: Path, train: Foldline
) -> None:
    assert train("run=each") == 0
    assert train("run=pairs", "train.validation.every=2 epochs") == 0
    each, pairs = load_rows(project, "each"), load_rows(project, "pairs")
    # equal shares, as every epoch has six pictures
    both = (each[0]["train_loss"] + each[1]["train_loss"]) / 2
    assert pairs[0]["train_loss"] == pytest.approx(both)
    assert pairs[1]["train_loss"] == pytest.approx(each[2]["train_loss"])
    assert pairs[0]["log_loss"] == pytest.approx(each[1]["log_loss"])
    right = each[0]["train_accuracy"] + each[1]["train_accuracy"]
    assert pairs[0]["train_accuracy"] == pytest.approx(right / 2)


def test_validations_are_scored_by_the_official_labels(project: Path, foldline: Foldline) -> None:
    """With an age cut that trains on other labels for four of the twelve pictures."""
    settings = ("data.train_age_cut=40", "train.epochs=1")
    assert foldline("prepare", *settings) == 0
    assert foldline("train", *settings) == 0
    for fold in (0, 1):
        (row,) = load_rows(project, fold=fold)
        oof = pd.read_csv(project / f"outputs/runs/tiny/fold_{fold}/oof.csv")
        probs = oof.iloc[:, 5:].to_numpy(dtype=np.float64)
        assert (oof["label"] != oof["train_label"]).any(), "the test needs other labels"
        official, trained = (
            compute_scores(oof[column].to_numpy(dtype=np.int64), probs)
            for column in ("label", "train_label")
        )
        assert row["log_loss"] == pytest.approx(official["log_loss"], rel=1e-6)
        assert row["log_loss"] != pytest.approx(trained["log_loss"], rel=1e-3)


@pytest.mark.parametrize("fold", [0, 1])
def test_a_fold_learns_from_the_others_and_is_scored_on_its_own(
    fold: int, project: Path, train: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: dict[str, list[str]] = {"train_epoch": [], "predict": []}
    looking: list[str] = []
    get = ImageDataset.__getitem__

    def note_path(dataset: ImageDataset, key: Any) -> Any:
        looked_at[looking[-1]].append(dataset.paths[key[0]])
        return get(dataset, key)

    def note_loop(owner: Any, name: str) -> None:
        loop = getattr(owner, name)

        def run(*arguments: Any, **settings: Any) -> Any:
            looking.append(name)
            return loop(*arguments, **settings)

        monkeypatch.setattr(owner, name, run)

    monkeypatch.setattr(ImageDataset, "__getitem__", note_path)
    note_loop(fold_stage, "train_epoch")
    note_loop(Predictor, "predict")
    assert train(f"train.folds=[{fold}]", "train.epochs=1") == 0
    table = pd.read_csv(project / "outputs/prepared/tiny/train.csv")
    inside = table["fold"] == fold
    assert sorted(looked_at["train_epoch"]) == sorted(table["path"][~inside])
    assert looked_at["predict"] == 2 * table["path"][inside].tolist(), "once more by best.pt"


def test_nothing_below_the_floor_is_saved(
    project: Path, train: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("train.validation.floor=0.99", "train.keep=every", "train.folds=null")
    assert train(*settings) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line[:14] for line in said] == ["error: fold 0:", "error: fold 1:"]
    assert all("train.validation.floor 0.99" in line for line in said)
    for fold in (0, 1):
        names = {path.name for path in (project / f"outputs/runs/tiny/fold_{fold}").iterdir()}
        assert names == {"last.pt", "metrics.jsonl"}
        assert not any(row["is_best"] for row in load_rows(project, fold=fold))
    assert train(*settings) == 2, "the same command says the same"
    assert capsys.readouterr().err.splitlines() == said


def test_other_folds_go_on_where_one_stays_below_the_floor(project: Path, train: Foldline) -> None:
    assert train("run=free", "train.folds=null", "train.monitor=log_loss") == 0
    lowest = [min(row["log_loss"] for row in load_rows(project, "free", k)) for k in (0, 1)]
    assert lowest[0] != lowest[1], "the test needs two different folds"
    floor = f"train.validation.floor={sum(lowest) / 2}"
    assert train("train.folds=null", "train.monitor=log_loss", floor) == 2
    good = lowest.index(min(lowest))
    assert (project / f"outputs/runs/tiny/fold_{good}/oof.csv").is_file()
    assert not (project / f"outputs/runs/tiny/fold_{1 - good}/best.pt").exists()


@pytest.mark.usefixtures("keep_last")
def test_every_networks_is_kept_under_its_own_name(project: Path, train: Foldline) -> None:
    assert train("train.keep=every", "train.validation.every=2 steps") == 0
    folder = project / "outputs/runs/tiny/fold_0"
    kept = {path.name: load(path) for path in folder.glob("epoch_*.pt")}
    names = ("epoch_1_step_2", "epoch_2_step_4", "epoch_2", "epoch_3_step_8", "epoch_3")
    assert kept.keys() == {f"{name}.pt" for name in names}
    rows = load_rows(project)
    for name, row in zip(names, rows, strict=True):
        assert kept[f"{name}.pt"]["scores"]["log_loss"] == row["log_loss"]
    last = load(folder / "last.pt")["model"]
    assert all(torch.equal(last[key], kept["epoch_3.pt"]["state"][key]) for key in last)
    best = next(
        name for name, row in reversed(list(zip(names, rows, strict=True))) if row["is_best"]
    )
    assert (folder / "best.pt").read_bytes() == (folder / f"{best}.pt").read_bytes()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("train.validation.every=2", "train.validation.every: expected a number and its unit"),
        ("train.validation.every=0 steps", "train.validation.every: expected more than 0"),
        ("train.validation.every=2 hours", "train.validation.every: expected a number"),
        ("train.validation.every=1.5 steps", "train.validation.every: expected a number"),
        ("train.validation.floor=70", "macro_f1 lies between 0 and 1, found 70"),
        ("train.validation.from_epoch=0", "train.validation.from_epoch: expected 1 or more"),
        ("train.keep=all", "train.keep: expected best or every"),
    ],
)
def test_wrong_settings_are_refused(
    setting: str, said: str, project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("train", setting) == 2
    assert said in capsys.readouterr().err
