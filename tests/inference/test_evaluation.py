"""Every kept checkpoint scored again, by hand too."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss
from tests.competition import Foldline, answer_alone

from foldline.inference import evaluation as evaluate_stage
from foldline.learning.checkpoint import load_checkpoint
from foldline.runs.paths import FoldFolder


@pytest.fixture
def trained(project: Path, foldline: Foldline, train_once: Callable[..., None]) -> Foldline:
    train_once(project, "train.epochs=3", "train.keep=every", "train.monitor=log_loss")
    return foldline


@pytest.fixture
def half_trained(project: Path, foldline: Foldline, train_once: Callable[..., None]) -> Foldline:
    train_once(project, "train.folds=[0]", "train.epochs=1")
    return foldline


def write_truth(project: Path) -> list[int]:
    ids = pd.read_csv(project / "inputs/tiny/eval/info.csv")["ImageID"]
    truth = [3, 10, 17]
    # in another order than the submission's
    pd.DataFrame({"ImageID": ids[::-1], "ans": truth[::-1]}).to_csv(
        project / "truth.csv", index=False
    )
    return truth


def test_scores_are_those_computed_by_hand(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert trained("evaluate") == 0
    printed = capsys.readouterr()
    run = project / "outputs/runs/tiny"
    found = pd.read_csv(run / "evaluation.csv")
    assert found["checkpoint"].tolist() == [f"epoch_{n}.pt" for n in (1, 2, 3)] * 2
    table = pd.read_csv(project / "outputs/prepared/tiny/train.csv")
    for row in found.itertuples():
        part = table[table["fold"] == row.fold]
        probs = answer_alone(
            run / f"fold_{row.fold}" / str(row.checkpoint),
            [project / "inputs/tiny" / path for path in part["path"]],
        )
        answers, classes = probs.argmax(1), range(18)
        f1 = f1_score(part["label"], answers, labels=classes, average="macro", zero_division=0)
        assert row.macro_f1 == pytest.approx(f1)
        assert row.accuracy == pytest.approx(accuracy_score(part["label"], answers))
        assert row.log_loss == pytest.approx(
            log_loss(part["label"], probs, labels=classes), rel=1e-5
        )
        assert row.pictures == 6
    for fold in (0, 1):
        of_fold = found[found["fold"] == fold]
        best = of_fold[of_fold["is_best"]]
        assert best["log_loss"].tolist() == [of_fold["log_loss"].min()]
        saved = load_checkpoint(run / f"fold_{fold}/best.pt")
        assert best["epoch"].tolist() == [saved.epoch], "the same best as while training"
    assert printed.out.count("  best") == 2
    assert "optimistic" not in printed.err


def test_the_test_pictures_by_their_truth(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = write_truth(project)
    assert trained("evaluate", "evaluate.split=test", "infer.truth=truth.csv") == 0
    assert capsys.readouterr().err.count("optimistic") == 1
    run = project / "outputs/runs/tiny"
    found = pd.read_csv(run / "evaluation.csv")
    ids = pd.read_csv(project / "inputs/tiny/eval/info.csv")["ImageID"]
    for row in found.itertuples():
        probs = answer_alone(
            run / f"fold_{row.fold}" / str(row.checkpoint),
            [project / "inputs/tiny/eval/images" / name for name in ids],
        )
        expected = log_loss(truth, probs, labels=range(18))
        assert row.log_loss == pytest.approx(expected, rel=1e-5)
    assert set(found["split"]) == {"test"}
    assert set(found["pictures"]) == {3}


def test_many_networks_in_small_shares_score_the_same(
    project: Path, trained: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained("evaluate") == 0
    path = project / "outputs/runs/tiny/evaluation.csv"
    together = path.read_bytes()
    monkeypatch.setattr(evaluate_stage, "_TOGETHER", 2)
    assert trained("evaluate") == 0
    assert path.read_bytes() == together


def test_a_damaged_checkpoint_is_named_and_left_out(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    run = project / "outputs/runs/tiny"
    assert trained("evaluate", "evaluate.folds=[0]") == 0
    whole = pd.read_csv(run / "evaluation.csv")
    capsys.readouterr()
    (run / "fold_0" / whole["checkpoint"][1]).write_bytes(b"PK")
    assert trained("evaluate", "evaluate.folds=[0]") == 0
    assert f"fold_0/{whole['checkpoint'][1]}: not a" in capsys.readouterr().err
    left = pd.read_csv(run / "evaluation.csv").drop(columns="is_best")
    expected = whole.drop(index=1).reset_index(drop=True).drop(columns="is_best")
    pd.testing.assert_frame_equal(left, expected)
    for name in whole["checkpoint"]:
        (run / "fold_0" / name).write_bytes(b"")
    assert trained("evaluate", "evaluate.folds=[0]") == 2
    assert "none of its checkpoints can be read" in capsys.readouterr().err


def test_kept_checkpoints_come_in_the_order_of_training(tmp_path: Path) -> None:
    names = ["epoch_2_step_9.pt", "epoch_2_step_10.pt", "epoch_2.pt", "epoch_10.pt"]
    for name in (*reversed(names), "best.pt", "last.pt", "epoch_x.pt", ".epoch_1.pt.tmp"):
        (tmp_path / name).touch()
    kept = evaluate_stage._list_kept(FoldFolder(tmp_path))
    assert [path.name for path in kept] == names


def test_where_only_the_best_is_kept_it_is_scored(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("prepare") == 0
    assert foldline("train", "train.folds=[1]", "train.epochs=1") == 0
    assert foldline("evaluate") == 0
    said = capsys.readouterr().out
    assert "train.keep=every" in said
    assert "folds without a checkpoint: 0" in said
    found = pd.read_csv(project / "outputs/runs/tiny/evaluation.csv")
    saved = load_checkpoint(project / "outputs/runs/tiny/fold_1/best.pt")
    assert found["checkpoint"].tolist() == ["best.pt"]
    assert found["log_loss"].tolist() == pytest.approx([saved.scores["log_loss"]])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["run=other"], "no such run"),
        (["evaluate.split=test"], "needs infer.truth"),
        (["evaluate.split=test", "infer.truth=nowhere.csv"], "nowhere.csv: no such file"),
        (["evaluate.folds=[5]"], "evaluate.folds: there is no fold 5"),
        (["evaluate.folds=[0, 1]"], "no checkpoint in folds 1; train it first: foldline train"),
    ],
)
def test_what_the_user_must_change_touches_nothing(
    settings: list[str],
    said: str,
    project: Path,
    half_trained: Foldline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert half_trained("evaluate", *settings) == 2
    assert said in capsys.readouterr().err
    assert not list((project / "outputs/runs").glob("*/evaluation.csv"))


def test_a_checkpoint_of_another_table_is_refused(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "outputs/runs/tiny/fold_0/epoch_2.pt"
    values = torch.load(path, weights_only=True)
    torch.save(values | {"seal": "f" * 64}, path)
    assert trained("evaluate") == 2
    assert "sealed ffffffffffff" in capsys.readouterr().err


def test_a_stray_checkpoint_that_looks_at_pictures_otherwise_is_named(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project / "outputs/runs/tiny/fold_0"
    values = torch.load(folder / "epoch_2.pt", weights_only=True)
    torch.save(values | {"image_size": (48, 32)}, folder / "epoch_99.pt")
    assert trained("evaluate") == 2
    said = capsys.readouterr().err
    assert "fold_0/epoch_99.pt: looks at pictures otherwise than the first checkpoint" in said
