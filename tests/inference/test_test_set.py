"""The submission: every id once, in order, by every fold, or not at all."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.competition import Foldline
from tests.written_runs import build_prepared

from foldline.data import dataset, decode
from foldline.inference import test_set as infer_stage
from foldline.learning.checkpoint import load_checkpoint


@pytest.fixture
def trained(project: Path, foldline: Foldline, train_once: Callable[..., None]) -> Foldline:
    train_once(project, "train.epochs=1")
    return foldline


def run_dir(project: Path) -> Path:
    return project / "outputs/runs/tiny"


def test_twice_gives_equal_bytes(project: Path, trained: Foldline) -> None:
    names = ("submission.csv", "probs.csv", "submission.json")
    assert trained("infer") == 0
    first = [(run_dir(project) / name).read_bytes() for name in names]
    assert trained("infer") == 0
    assert [(run_dir(project) / name).read_bytes() for name in names] == first


def test_the_answer_is_the_mean_of_all_folds(project: Path, trained: Foldline) -> None:
    probs = {}
    for folds in ("[0]", "[1]", "null"):
        assert trained("infer", f"infer.folds={folds}") == 0
        probs[folds] = (
            pd.read_csv(run_dir(project) / "probs.csv").drop(columns="ImageID").to_numpy()
        )
    assert not np.allclose(probs["[0]"], probs["[1]"])
    np.testing.assert_allclose(probs["null"], (probs["[0]"] + probs["[1]"]) / 2, atol=1e-12)


def test_a_sample_file_that_has_changed_since_is_refused(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    """The submission would have the old order; the run stands, as what it learned is the same."""
    assert trained("infer") == 0
    sample = project / "inputs/tiny/eval/info.csv"
    header, *rows = sample.read_text().splitlines()
    sample.write_text("\n".join([header, *rows[::-1]]))
    for words in (("infer",), ("check-submission", "outputs/runs/tiny/submission.csv")):
        capsys.readouterr()
        assert trained(*words) == 2
        assert "inputs/tiny/eval/info.csv: changed since it was prepared" in capsys.readouterr().err
    assert trained("prepare") == 0
    assert trained("infer") == 0
    ids = pd.read_csv(run_dir(project) / "submission.csv")["ImageID"].tolist()
    assert ids == [row.partition(",")[0] for row in rows[::-1]]


def test_every_picture_is_decoded_once(
    project: Path, trained: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []

    def note(path: Path, at_least: tuple[int, int]) -> decode.Pixels:
        decoded.append(path.name)
        return decode.load_image(path, at_least)

    monkeypatch.setattr(dataset, "load_image", note)
    assert trained("infer", "infer.flip=true") == 0
    assert len(decoded) == len(set(decoded)) == 3


def test_missing_folds_are_named(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_dir(project) / "fold_1/oof.csv").unlink()
    assert trained("infer") == 2
    said = capsys.readouterr().err
    assert "folds 1 are not trained to the end" in said
    assert "infer.folds=[0]" in said
    assert not (run_dir(project) / "submission.csv").exists()
    assert trained("infer", "infer.folds=[0]") == 0


def test_no_run_names_the_command(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("prepare") == 0
    assert foldline("infer") == 2
    assert "foldline train" in capsys.readouterr().err


def test_the_checkpoint_says_how_to_look(
    project: Path, trained: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another image size in today's configuration does not change what the network sees."""
    assert trained("infer") == 0
    first = (run_dir(project) / "submission.csv").read_bytes()
    probs = (run_dir(project) / "probs.csv").read_bytes()
    assert trained("infer", "data.image_size=[96, 96]", "data.crop=[0.5, 0.5]") == 0
    assert (run_dir(project) / "submission.csv").read_bytes() == first
    assert (run_dir(project) / "probs.csv").read_bytes() == probs


def test_an_unreadable_test_picture_keeps_its_row(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = pd.read_csv(project / "inputs/tiny/eval/info.csv")["ImageID"].tolist()
    path = project / "inputs/tiny/eval/images" / ids[1]
    path.write_bytes(path.read_bytes()[:200])
    assert trained("infer") == 0
    said = capsys.readouterr().err
    assert ids[1] in said
    submission = pd.read_csv(run_dir(project) / "submission.csv")
    assert submission["ImageID"].tolist() == ids
    labels = pd.read_csv(project / "outputs/prepared/tiny/train.csv")["label"]
    assert submission["ans"].iloc[1] == labels.value_counts().sort_index().idxmax()
    assert json.loads((run_dir(project) / "submission.json").read_text())["unread"] == [ids[1]]


def test_truth_scores_like_a_leaderboard(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained("infer") == 0
    submission = pd.read_csv(run_dir(project) / "submission.csv")
    # the rows of a truth file may come in any order
    submission.iloc[::-1].to_csv(project / "truth.csv", index=False)
    capsys.readouterr()
    # the run's own metric decides, whatever the settings say later
    assert trained("infer", "infer.truth=truth.csv", "metric=accuracy") == 0
    said = capsys.readouterr().out
    assert "against the truth: macro-F1 " in said
    assert "accuracy 1.000" in said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id,label\n1,2\n", "expected the columns ImageID,ans"),
        ("ImageID,ans\nfoo.jpg,1\n", "no answer for 3 ids"),
    ],
)
def test_a_wrong_truth_file(
    content: str,
    expected: str,
    project: Path,
    trained: Foldline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (project / "truth.csv").write_text(content)
    assert trained("infer", "infer.truth=truth.csv") == 2
    assert expected in capsys.readouterr().err


def test_a_checkpoint_of_another_table_is_refused(
    project: Path,
    trained: Foldline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        infer_stage, "load_checkpoint", lambda path: replace(load_checkpoint(path), seal="f" * 64)
    )
    assert trained("infer") == 2
    assert "train it again" in capsys.readouterr().err


def test_a_disk_that_went_away_is_no_submission(
    project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "inputs/tiny/eval/images").rename(project / "elsewhere")
    assert trained("infer") == 2
    assert "is the folder of data.root still there" in capsys.readouterr().err
    assert not (run_dir(project) / "submission.csv").exists()


@pytest.mark.parametrize("command", ["infer", "evaluate"])
def test_pictures_that_are_elsewhere_are_asked_for_before_anything_is_read(
    command: str, project: Path, trained: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "inputs/tiny").rename(project / "elsewhere")
    capsys.readouterr()
    assert trained(command) == 2
    assert "the folder of pictures, data.root, is not there" in capsys.readouterr().err


def test_a_bad_test_picture_stops_where_so_configured(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = "data.on_bad_image=fail"
    for stage in ("prepare", "train"):
        assert foldline(stage, setting, "train.epochs=1") == 0
    path = next((project / "inputs/tiny/eval/images").iterdir())
    path.write_bytes(path.read_bytes()[:200])
    assert foldline("infer", setting) == 2
    assert path.name in capsys.readouterr().err


def test_the_most_frequent_class_is_named_where_an_earlier_one_has_no_picture(
    capsys: pytest.CaptureFixture[str],
) -> None:
    prepared = replace(
        build_prepared(),
        train=pd.DataFrame({"label": [1, 1, 2]}),
        test=pd.DataFrame({"id": ["6", "7", "8", "9"], "problem": ["missing", "", "missing", ""]}),
    )
    infer_stage._warn_about_unread(("6", "7", "8"), prepared)
    guessed = f"answered by the most frequent class, {prepared.class_names[1]}"
    assert capsys.readouterr().err.splitlines() == [
        f"warning: test pictures that are missing, {guessed}: 2 (6, 8)",
        f"warning: test pictures that are unreadable, {guessed}: 1 (7)",
    ]


def test_where_no_picture_can_be_read_nothing_is_computed(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(project / "inputs/tiny/eval/images")
    assert foldline("prepare") == 0
    capsys.readouterr()
    assert foldline("infer") == 2
    assert "test.csv: no test picture can be read" in capsys.readouterr().err


def test_a_fault_in_the_truth_is_found_before_a_run_is_looked_for(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("prepare") == 0
    capsys.readouterr()
    assert foldline("infer", "infer.truth=none.csv") == 2
    assert "infer.truth: none.csv: no such file or folder" in capsys.readouterr().err
