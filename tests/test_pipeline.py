"""The whole way through the real command line, on a dozen tiny pictures."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from accelerate.state import AcceleratorState
from PIL import Image
from sklearn.metrics import f1_score
from tests.competition import Foldline, answer_alone, list_files


def test_prepare_train_infer(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list_files(project / "inputs")
    for stage in ("prepare", "train", "infer"):
        assert foldline(stage) == 0, capsys.readouterr().err
    printed = capsys.readouterr().out
    run = project / "outputs/runs/tiny"

    by_fold = []
    for fold in (0, 1):
        answered = pd.read_csv(run / f"fold_{fold}/oof.csv")
        probs = answered.filter(regex="^p_").to_numpy()
        assert probs.sum(axis=1) == pytest.approx(1)
        by_fold.append(
            f1_score(
                answered["label"],
                probs.argmax(axis=1),
                labels=range(18),
                average="macro",
                zero_division=0,
            )
        )
    scores = json.loads((run / "scores.json").read_text())
    assert [scores["folds"][k]["macro_f1"] for k in "01"] == pytest.approx(by_fold)
    mean = (by_fold[0] + by_fold[1]) / 2
    assert f"mean{mean:>11.3f}" in printed

    whole = pd.read_csv(run / "oof.csv")
    table = pd.read_csv(project / "outputs/prepared/tiny/train.csv")
    assert whole["path"].tolist() == table["path"].tolist()
    assert len(whole) == 12

    sample = pd.read_csv(project / "inputs/tiny/eval/info.csv")
    submission = pd.read_csv(run / "submission.csv")
    assert submission["ImageID"].tolist() == sample["ImageID"].tolist()
    assert submission["ans"].between(0, 17).all()
    answered_probs = pd.read_csv(run / "probs.csv").drop(columns="ImageID").to_numpy()
    assert submission["ans"].tolist() == answered_probs.argmax(axis=1).tolist()

    assert list_files(project / "inputs") == before


def test_the_same_commands_give_the_same_bytes(project: Path, foldline: Foldline) -> None:
    for stage in ("prepare", "train", "infer"):
        assert foldline(stage) == 0
        assert foldline(stage, "run=again") == 0
    one = list_files(project / "outputs/runs/tiny")
    two = list_files(project / "outputs/runs/again")
    for name in ("fold_0/best.pt", "fold_1/best.pt", "oof.csv", "submission.csv", "probs.csv"):
        assert one[name] == two[name], name


@pytest.fixture
def _other_precision() -> Iterator[None]:
    """Accelerate keeps the precision of the first training for the whole process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.usefixtures("_other_precision")
def test_half_precision_answers_almost_like_full(project: Path, foldline: Foldline) -> None:
    """By the network that was trained in it; a number of bf16 is exact to one part in 256."""
    settings = ("train.folds=[0]", "train.precision=bf16")
    assert foldline("prepare") == 0
    assert foldline("train", *settings) == 0
    environment = json.loads((project / "outputs/runs/tiny/environment.json").read_text())
    assert environment["device"].startswith("cpu, bf16")
    oof = project / "outputs/runs/tiny/fold_0/oof.csv"
    half = pd.read_csv(oof).filter(regex="^p_").to_numpy()
    assert half.sum(axis=1) == pytest.approx(1, abs=1e-6)

    table = pd.read_csv(project / "outputs/prepared/tiny/train.csv")
    paths = [project / "inputs/tiny" / path for path in table[table["fold"] == 0]["path"]]
    full = answer_alone(project / "outputs/runs/tiny/fold_0/best.pt", paths)
    np.testing.assert_allclose(half, full, rtol=0.05)
    assert np.abs(half / full - 1).max() > 1e-4, "it was computed in full precision"


def test_processes_that_read_pictures_change_nothing(project: Path, foldline: Foldline) -> None:
    assert foldline("prepare") == 0
    assert foldline("train", "train.folds=[0]") == 0
    assert foldline("train", "train.folds=[0]", "run=workers", "train.workers=2") == 0
    one, two = (project / f"outputs/runs/{run}/fold_0/oof.csv" for run in ("tiny", "workers"))
    assert one.read_bytes() == two.read_bytes()


def test_a_given_validation_folder_and_pictures_of_any_size(
    project: Path, foldline: Foldline
) -> None:
    root, sizes = project / "inputs/pets", [(40, 30), (9, 200), (64, 64), (31, 77)]
    for number, size in enumerate(sizes * 2):
        label = "cat" if number % 2 else "dog"
        for folder in ("train", "val"):
            path = root / folder / f"{label}.{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", size, (200, 30 * number, 60)).save(path)
    for number in (10, 9, 2):
        (root / "test1").mkdir(exist_ok=True)
        Image.new("RGB", (7 * number, 90 - number), (90, 10, 10)).save(root / f"test1/{number}.jpg")
    settings = (
        "data.root=inputs/pets",
        "data.scheme=filename",
        "data.test_dir=test1",
        "folds.kind=given",
        "data.valid_dir=val",
        "data.submission_labels=names",
    )
    for stage in ("prepare", "train", "infer"):
        assert foldline(stage, *settings) == 0
    run = project / "outputs/runs/tiny"
    answered = pd.read_csv(run / "oof.csv")
    assert answered["path"].str.startswith("val/").all()
    assert len(answered) == 8
    submission = pd.read_csv(run / "submission.csv")
    assert submission["id"].tolist() == [2, 9, 10]
    assert set(submission["label"]) <= {"cat", "dog"}


def test_holdout_trains_one_fold(project: Path, foldline: Foldline) -> None:
    assert foldline("prepare", "folds.kind=holdout") == 0
    assert foldline("train", "folds.kind=holdout") == 0
    assert foldline("infer", "folds.kind=holdout") == 0
    assert not (project / "outputs/runs/tiny/fold_1").exists()
