"""Training that goes on from the weights of another run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.competition import Foldline

from foldline.learning.checkpoint import save_state
from foldline.training import check_recipe, trainer
from foldline.training.start import build_network, name_weights

# so small a rate, and batch norm at rest, that the first epoch changes next to nothing
STILL = ("model.train=head", "train.optimizer.lr=1e-12", "train.epochs=1", "train.batch_size=4")


@pytest.fixture
def first(project: Path, foldline: Foldline, train_once: Callable[..., None]) -> Foldline:
    """A run of two folds to go on from."""
    train_once(project, "train.epochs=4", "train.monitor=log_loss", "run=first")
    return foldline


def load_rows(project: Path, run: str, fold: int) -> list[dict[str, Any]]:
    path = project / f"outputs/runs/{run}/fold_{fold}/metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("weights", "file"),
    [
        ("run:mask", "outputs/runs/mask/fold_3/best.pt"),
        ("a/fold_{fold}/epoch_2.pt", "a/fold_3/epoch_2.pt"),
        ("a/backbone.pt", "a/backbone.pt"),
    ],
)
def test_what_weights_mean(weights: str, file: str) -> None:
    assert name_weights(weights, 3) == file


@pytest.mark.parametrize("weights", ["run:first", "outputs/runs/first/fold_{fold}/best.pt"])
def test_the_first_score_is_at_once_the_old_one(
    weights: str, project: Path, first: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert first("train", *STILL, "run=second", f"model.weights={weights}") == 0
    assert f"goes on from {weights}, its head included" in capsys.readouterr().out
    for fold in (0, 1):
        old = min(row["log_loss"] for row in load_rows(project, "first", fold))
        assert load_rows(project, "second", fold)[0]["log_loss"] == pytest.approx(old, rel=1e-4)


def test_the_new_runs_rate_and_epochs_count(project: Path, first: Foldline) -> None:
    settings = ("train.optimizer.lr=1e-4", "train.schedule={name: constant}", "train.folds=[0]")
    assert first("train", *settings, "run=second", "model.weights=run:first") == 0
    rows = load_rows(project, "second", 0)
    assert [(row["epoch"], row["lr"]) for row in rows] == [(1, 1e-4), (2, 1e-4)]


def test_other_classes_begin_with_a_random_head(
    project: Path, first: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    for fold in (0, 1):
        path = project / f"outputs/runs/first/fold_{fold}/best.pt"
        values = torch.load(path, weights_only=True)
        others = tuple(f"other {name}" for name in values["class_names"])
        torch.save(values | {"class_names": others}, path)
    assert first("train", *STILL, "run=second", "model.weights=run:first") == 0
    assert capsys.readouterr().out.count("the head is random") == 1
    old = torch.load(path, weights_only=True)["state"]
    new = torch.load(project / "outputs/runs/second/fold_1/best.pt", weights_only=True)["state"]
    assert torch.equal(old["conv1.0.weight"], new["conv1.0.weight"])
    assert not torch.allclose(old["fc.weight"], new["fc.weight"], atol=1e-3)


def test_a_file_of_another_program_begins_with_a_random_head(
    project: Path, first: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    state = torch.load(project / "outputs/runs/first/fold_0/best.pt", weights_only=True)["state"]
    settings = (*STILL, "train.folds=[0]")
    torch.save(state, project / "bare.pt")
    assert first("train", *settings, "run=second", "model.weights=bare.pt") == 0
    said = "is no best.pt: all but its head is taken over, the head is random"
    assert f"bare.pt {said}\n" in capsys.readouterr().out
    wrapped = {f"model._orig_mod.{key}": value for key, value in state.items()}
    torch.save({"state_dict": wrapped, "score": np.float64(0.5)}, project / "theirs.pt")
    assert first("train", *settings, "run=third", "model.weights=theirs.pt") == 0
    read = "; read: its state_dict, without the prefix model._orig_mod.\n"
    assert f"theirs.pt {said}{read}" in capsys.readouterr().out
    second, third = (
        (project / f"outputs/runs/{run}/fold_0/best.pt").read_bytes() for run in ("second", "third")
    )
    assert second == third


def test_weights_of_another_table_are_used_with_a_warning(
    project: Path, first: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert first("prepare", "folds.seed=5") == 0
    settings = ("folds.seed=5", *STILL, "run=second", "model.weights=run:first")
    capsys.readouterr()
    assert first("train", *settings) == 0
    warned = capsys.readouterr().err.splitlines()
    for fold in (0, 1):
        start = f"warning: outputs/runs/first/fold_{fold}/best.pt was trained on another table"
        assert [line.startswith(start) for line in warned].count(True) == 1
        assert any(f"validate in fold {fold}; scores" in line for line in warned)


def test_folds_that_start_alike_are_checked_by_one_network_and_warned_of_together(
    project: Path,
    first: Foldline,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built = []

    def note(*args: Any, **settings: Any) -> Any:
        built.append(args[2])
        return build_network(*args, **settings)

    for module in (check_recipe, trainer):
        monkeypatch.setattr(module, "build_network", note)
    assert first("prepare", "folds.seed=5") == 0
    one = "model.weights=outputs/runs/first/fold_0/best.pt"
    capsys.readouterr()
    assert first("train", "folds.seed=5", *STILL, "run=second", one) == 0
    assert built == [0, 0, 1], "once to look, once for each fold"
    said = capsys.readouterr()
    assert said.err.count("validate in folds 0, 1; scores may lie") == 1
    assert said.out.count("goes on from") == 1


def test_last_of_another_run_is_refused(
    project: Path, first: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    for fold in (0, 1):
        save_state(project / f"outputs/runs/first/fold_{fold}/last.pt", {"epochs_done": 1})
    weights = "model.weights=outputs/runs/first/fold_{fold}/last.pt"
    assert first("train", *STILL, "run=second", weights) == 2
    assert "outputs/runs/first/fold_0/last.pt: this is last.pt" in capsys.readouterr().err
    assert not (project / "outputs/runs/second").exists()


def test_a_run_that_is_not_there(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("prepare") == 0
    capsys.readouterr()
    assert foldline("train", "run=second", "model.weights=run:first") == 2
    assert capsys.readouterr().err == (
        "error: model.weights: outputs/runs/first/fold_0/best.pt: no such file; expected "
        "imagenet, none, a file of weights, or run:NAME of a trained run\n"
    )
    assert not (project / "outputs/runs").exists()
