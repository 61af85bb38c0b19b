"""A run of three folds on Weights & Biases: read back from its offline files, and uploaded."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.competition import Foldline, Said, list_files
from tests.recording_tracker import RecordingTracker
from tests.wandb_file import OfflineRun, read_runs
from tests.wandb_server import KEY, Kept, serving

from foldline.learning.stopping import BestTracker
from foldline.tracking.training import RunningScore
from foldline.tracking.wandb_run import WandbRun

SETTINGS = (
    "folds.number=3",
    "run=tiny",
    "train.epochs=1",
    "track.mode=offline",
    "track.patience=120",
    "track.project=masks",
    "track.tags=[small]",
    "track.notes=a first try",
    "report.pictures=8",
)
PARTS = ("tiny", "tiny-fold-0", "tiny-fold-1", "tiny-fold-2", "tiny-infer")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test leaves its outputs for the others, as they took long to make."""
    return tmp_path_factory.mktemp("tracked") / "outputs"


@pytest.fixture
def tracked(project: Path, foldline: Foldline, kept: Path) -> Path:
    """Three folds trained offline by two commands, then answered; gives the folder of the run."""
    if kept.exists():
        shutil.copytree(kept, project / "outputs")
    else:
        assert foldline("prepare", *SETTINGS) == 0
        drawn = ("train.folds=[1]", "report.after_training=true")
        assert foldline("train", *SETTINGS, *drawn) == 0
        assert foldline("train", *SETTINGS, "report.after_training=false") == 0
        assert foldline("infer", *SETTINGS) == 0
        shutil.copytree(project / "outputs", kept)
    return project / "outputs/runs/tiny"


@pytest.fixture
def runs(tracked: Path) -> dict[str, OfflineRun]:
    """What lies offline, by the name of the W&B run."""
    return {run.name: run for run in read_runs(tracked).values()}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Kept]:
    """A stand-in for W&B, and somebody who is logged in there."""
    with serving() as kept:
        monkeypatch.setenv("WANDB_BASE_URL", kept.address)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        for name in ("CACHE", "CONFIG", "DATA"):
            monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / "wandb-home"))
        yield kept


def start(stage: str, *words: str) -> Said:
    """A command that loads wandb, in a process of its own: it may not live in that of the tests."""
    done = subprocess.run(
        [sys.executable, "-m", "foldline", stage, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return Said(done.returncode, done.stdout, done.stderr)


def test_each_fold_the_whole_and_the_inference_are_runs_of_one_group(
    runs: dict[str, OfflineRun], tracked: Path
) -> None:
    assert tuple(sorted(runs)) == PARTS
    assert {run.group for run in runs.values()} == {"tiny"}
    assert [runs[name].job_type for name in PARTS] == [
        "cross-validation",
        *["train"] * 3,
        "infer",
    ]
    assert all(run.exit_codes[-1] == 0 for run in runs.values())
    seal = json.loads((tracked / "environment.json").read_text())["seal"]
    for name, run in runs.items():
        assert (run.project, run.tags, run.notes) == ("masks", ["small"], "a first try"), name
        assert (run.config["seal"], run.config["train.epochs"]) == (seal, 1), name
    assert [runs[f"tiny-fold-{fold}"].config["fold"] for fold in range(3)] == [0, 1, 2]


def test_a_command_that_goes_on_writes_into_the_same_run(runs: dict[str, OfflineRun]) -> None:
    """Two files under one id: the fold of the first command, then the others."""
    assert len(runs["tiny"].files) == 2
    assert [row["fold"] for row in runs["tiny"].rows if "fold" in row] == [1, 0, 2]
    assert [len(runs[f"tiny-fold-{fold}"].files) for fold in range(3)] == [1, 1, 1]


def test_the_figures_of_a_fold_are_those_on_disk(
    runs: dict[str, OfflineRun], tracked: Path
) -> None:
    for fold in range(3):
        run = runs[f"tiny-fold-{fold}"]
        (line,) = (tracked / f"fold_{fold}/metrics.jsonl").read_text().splitlines()
        epoch, last = run.rows
        figures = {key: value for key, value in json.loads(line).items() if key != "is_best"}
        assert {key: epoch[key] for key in figures} == figures
        assert {"lr", "images_per_second", "seconds", "cpu_max_rss_mib"} <= epoch.keys()
        shown = {"confusion_matrix_table", "classes", "out_of_fold"}
        # only the first command has drawn a report
        pictures = {"report/confusion", "report/curves", "report/mistakes"} if fold == 1 else set()
        assert shown | pictures <= {key.removesuffix("/_type") for key in last}
        assert run.axes >= {"epoch"}
        assert (run.metrics["macro_f1"], run.metrics["log_loss"]) == ("max", "min")
        assert run.summary["best_epoch"] == 1


def test_the_whole_holds_mean_spread_and_out_of_fold(
    runs: dict[str, OfflineRun], tracked: Path
) -> None:
    scores = json.loads((tracked / "scores.json").read_text())
    by_fold = pd.Series([fold["macro_f1"] for fold in scores["folds"].values()])
    summary = runs["tiny"].summary
    assert summary["mean_macro_f1"] == pytest.approx(by_fold.mean())
    assert summary["sd_macro_f1"] == pytest.approx(by_fold.std())
    assert summary["score"] == scores["out_of_fold"]["macro_f1"]
    assert runs["tiny"].rows[-1]["score"] == summary["score"], "the sweep's metric"


def test_the_tables_show_every_class_and_the_confident_mistakes(
    tracked: Path, runs: dict[str, OfflineRun]
) -> None:
    tables = {}
    for path in tracked.glob("wandb/*run-*/files/media/table/*.table.json"):
        run = next(r for r in runs.values() if path.parents[3] in [f.parent for f in r.files])
        tables[run.name, path.name.split("_")[0]] = json.loads(path.read_text())
    classes = tables["tiny-fold-1", "classes"]
    assert classes["columns"] == ["class", "precision", "recall", "f1", "support"]
    assert len(classes["data"]) == 18
    rows = tables["tiny-fold-1", "out"]
    oof = pd.read_csv(tracked / "fold_1/oof.csv")
    column = rows["columns"].index
    assert sorted(row[column("path")] for row in rows["data"]) == sorted(oof["path"])
    wrong = [row for row in rows["data"] if not row[column("right")]]
    assert wrong == rows["data"][: len(wrong)]
    assert wrong[0][column("confidence")] == max(row[column("confidence")] for row in wrong)
    assert all(row[column("picture")] == "Image" for row in wrong)


def test_artifacts_lead_from_the_table_over_the_folds_to_the_submission(
    runs: dict[str, OfflineRun],
) -> None:
    digests = {run.used["table-tiny"].digest for run in runs.values()}
    assert len(digests) == 1
    infer = runs["tiny-infer"]
    assert sorted(infer.used) == ["table-tiny", *(f"tiny-fold-{fold}" for fold in range(3))]
    for fold in range(3):
        made = runs[f"tiny-fold-{fold}"].made[f"tiny-fold-{fold}"]
        assert (made.type, "best" in made.aliases) == ("model", True)
        assert made.digest == infer.used[f"tiny-fold-{fold}"].digest
    assert infer.made["tiny-submission"].type == "submission"
    assert runs["tiny"].made["tiny-run"].type == "run"


def test_an_epoch_that_is_trained_again_and_each_of_its_validations_has_one_row(
    project: Path, foldline: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after the first of two validations of the second epoch, and gone on with."""
    settings = (
        *("train.validation.every=0.5 epochs", "train.folds=[1]"),
        *("track.mode=offline", "track.patience=120"),
    )
    real = WandbRun.log

    def log(self: WandbRun, row: Mapping[str, Any], *, step: int) -> None:
        real(self, row, step=step)
        if row["epoch"] == 1.5 and "score" in row:  # of the whole, which comes after the fold's
            raise KeyboardInterrupt

    assert foldline("prepare") == 0
    with monkeypatch.context() as patch:
        patch.setattr(WandbRun, "log", log)
        assert foldline("train", *settings) == 130
    assert foldline("train", *settings) == 0
    # the other fold comes later, with the smaller number
    assert foldline("train", *settings, "train.folds=[0]") == 0
    run = project / "outputs/runs/tiny"
    runs = {one.name: one for one in read_runs(run).values()}
    for fold in (0, 1):
        lines = (run / f"fold_{fold}/metrics.jsonl").read_text().splitlines()
        *rows, end = runs[f"tiny-fold-{fold}"].rows
        assert [row["epoch"] for row in rows] == [0.5, 1.0, 1.5, 2.0]
        for key in ("step", "macro_f1", "log_loss", "train_loss"):
            assert [row[key] for row in rows] == [json.loads(line)[key] for line in lines]
        assert "classes" in {key.removesuffix("/_type") for key in end}
    # of the whole: each validation, then the end of the command, at a place of its own
    rows = runs["tiny"].rows
    assert [row.get("fold", "end") for row in rows] == [*[1] * 4, "end", *[0] * 4, "end"]
    assert [row["epoch"] for row in rows] == [0.5, 1.0, 1.5, 2.0, 2.0, 2.5, 3.0, 3.5, 4.0, 4.0]
    steps = [row["_step"] for row in rows]
    assert steps == sorted(set(steps))


def test_what_is_uploaded_later_is_whole_and_can_be_fetched(
    tracked: Path, server: Kept, foldline: Foldline, command: Callable[..., Said]
) -> None:
    done = start("sync")
    assert done.code == 0, done
    assert "uploaded: 6 of 6 W&B runs" in done.out
    names = {identity: run["displayName"] for identity, run in server.runs.items()}
    assert sorted(names.values()) == list(PARTS)
    assert {run["groupName"] for run in server.runs.values()} == {"tiny"}
    (whole,) = (identity for identity, name in names.items() if name == "tiny")
    assert [row["fold"] for row in server.history[whole] if "fold" in row] == [1, 0, 2]
    assert {one["state"] for one in server.artifacts.values()} == {"COMMITTED"}
    used = {(names[run], server.artifacts[one]["name"]) for run, one in server.used}
    assert {(name, "table-tiny") for name in PARTS} <= used
    assert {("tiny-infer", f"tiny-fold-{fold}") for fold in range(3)} <= used
    assert [len(server.find(f"tiny-fold-{fold}")) for fold in range(3)] == [1, 1, 1]
    (fold,) = (identity for identity, name in names.items() if name == "tiny-fold-1")
    (rows,) = server.find(f"run-{fold}-out_of_fold")
    thumbnails = [path for path in server.files if path.startswith(f"/storage/{rows}/media/images")]
    assert thumbnails
    assert command("sync").out == "nothing to upload under outputs/runs\n"

    before = list_files(tracked)
    shutil.rmtree(tracked)
    words = (*SETTINGS, "track.mode=disabled")
    done = start("fetch", "--config", "tiny.yaml", *words)
    assert done.code == 0, done
    assert foldline("fetch", *words) == 2, "it is there already"
    assert foldline("infer", *words) == 0
    after = list_files(tracked)
    for name in ("submission.csv", "probs.csv", "oof.csv", "fold_2/best.pt", "fold_2/oof.csv"):
        assert after[name] == before[name], name


@pytest.mark.parametrize(
    ("monitor", "floor", "expected"),
    [
        ("macro_f1", None, [0.5, 0.5, 0.7]),
        ("log_loss", None, [0.5, 0.2, 0.2]),  # lower is better
        ("macro_f1", 0.6, [None, None, 0.7]),  # nothing is saved before
        ("log_loss", 1.5, [None, 0.2, 0.2]),
    ],
)
def test_the_running_score_is_that_of_the_saved_network(
    monitor: str, floor: float | None, expected: list[float | None]
) -> None:
    tracker = BestTracker(monitor, patience=0, floor=floor)
    rows = [(0.5, 2.0), (0.2, 1.0), (0.7, 3.0)]
    running, scores = RunningScore("macro_f1"), []
    for epoch, (macro_f1, log_loss) in enumerate(rows, start=1):
        row = {"epoch": epoch, "step": 10 * epoch, "macro_f1": macro_f1, "log_loss": log_loss}
        is_best = tracker.update(epoch, row[monitor])
        running.update(3, {**row, "is_best": is_best})
        scores.append(running.compute())
    assert scores == expected
    assert (running.epochs, running.steps) == (3.0, 30)
    # of another fold that has saved nothing only the place counts
    running.update(0, {"epoch": 0.5, "step": 5, "macro_f1": 0.0, "is_best": False})
    assert (running.compute(), running.epochs, running.steps) == (expected[-1], 3.5, 35)


@pytest.mark.parametrize("floor", ["1000", "0"])
def test_training_by_log_loss_compares_what_is_saved(
    floor: str,
    project: Path,
    foldline: Foldline,
    recorded: list[RecordingTracker],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where nothing reaches the floor there is no score, and the fold has failed."""
    settings = ("train.folds=[0]", "train.monitor=log_loss", "track.mode=online")
    assert foldline("prepare") == 0
    code = foldline("train", *settings, f"train.validation.floor={floor}")
    whole, fold = recorded
    is_saved = floor != "0"
    lines = (project / "outputs/runs/tiny/fold_0/metrics.jsonl").read_text().splitlines()
    best: dict[str, float] | None = None
    expected = []
    for row in map(json.loads, lines):
        if is_saved and (best is None or row["log_loss"] < best["log_loss"]):
            best = row
        expected += [best["macro_f1"]] if best else []
    assert [row["score"] for row in whole.rows if "fold" in row] == expected
    assert len(expected) == 2 * is_saved
    assert "tracking" not in capsys.readouterr().err, "a fold that failed has left nothing"
    assert code == (0 if is_saved else 2)
    assert fold.failed == whole.failed == (not is_saved)


@pytest.mark.usefixtures("server")
def test_what_was_never_uploaded_cannot_be_fetched(project: Path) -> None:
    done = start("fetch", "run=nowhere")
    assert done.code == 2
    assert "nowhere-run:latest: cannot be fetched" in done.err
    assert not list(project.glob("outputs/runs/*"))


def test_nobody_logged_in_is_told_what_to_do(
    tracked: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for stage in ("sync", "fetch"):
        done = start(stage, *(["run=other"] if stage == "fetch" else []))
        assert done.code == 2, done
        assert done.err.count("\n") == 1
        assert "run .venv/bin/wandb login first" in done.err
