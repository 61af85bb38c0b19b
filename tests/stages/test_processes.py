"""What only real processes show: signals in the middle of an epoch, and two at once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.competition import Foldline

# so many epochs that a signal comes long before the last one
_SETTINGS = ("train.folds=[0]", "train.epochs=8", "train.batch_size=2")


def start_training(project: Path, *launcher: str, run: str, settings: tuple[str, ...]) -> "Process":
    command = [sys.executable, *launcher, "-m", "foldline", "train", "--config", "tiny.yaml"]
    return subprocess.Popen(
        [*command, *settings, f"run={run}"],
        cwd=project,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


Process = subprocess.Popen[str]


def wait_for(path: Path, process: Process) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.005)


# of three steps an epoch, so that best.pt is there before an epoch is over
_MID_EPOCH = ("train.epochs=6", "train.validation.every=1 step", "train.monitor=log_loss")


@pytest.mark.parametrize(
    ("sent", "awaited", "more"),
    [
        (signal.SIGINT, "last.pt", ()),
        (signal.SIGKILL, "last.pt", ()),
        (signal.SIGKILL, "best.pt", _MID_EPOCH),
    ],
)
def test_a_killed_fold_ends_like_one_that_ran_through(
    sent: signal.Signals,
    awaited: str,
    more: tuple[str, ...],
    *,
    project: Path,
    foldline: Foldline,
    train_once: Callable[..., None],
) -> None:
    settings = (*_SETTINGS, *more)
    train_once(project, *settings, "run=whole")
    process = start_training(project, run="killed", settings=settings)
    runs = project / "outputs/runs"
    wait_for(runs / "killed/fold_0" / awaited, process)
    process.send_signal(sent)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == (130 if sent == signal.SIGINT else -signal.SIGKILL), said
    assert "Traceback" not in said
    assert not (runs / "killed/fold_0/oof.csv").exists(), "it must be killed before its end"

    assert foldline("train", *settings, "run=killed") == 0
    for name in ("best.pt", "oof.csv"):
        killed, whole = runs / "killed/fold_0" / name, runs / "whole/fold_0" / name
        assert killed.read_bytes() == whole.read_bytes(), name
    assert not list(runs.rglob("*.tmp")), "nothing half-written is left"


def test_two_trainings_of_one_run_share_its_folds(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("prepare") == 0
    run = project / "outputs/runs/shared"
    settings = ("train.epochs=4", "train.batch_size=2", "report.after_training=false")
    process = start_training(project, run="shared", settings=("train.folds=[0]", *settings))
    wait_for(run / "fold_0/last.pt", process)
    process.send_signal(signal.SIGSTOP)
    assert foldline("train", *settings, "train.folds=[0]", "run=shared") == 2
    assert "fold 0: another process is training it" in capsys.readouterr().err
    assert foldline("train", *settings, "train.folds=[1]", "run=shared") == 0
    process.send_signal(signal.SIGCONT)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    scores = json.loads((run / "scores.json").read_text())
    assert scores["folds"].keys() == {"0", "1"}
    assert len(pd.read_csv(run / "oof.csv")) == scores["pictures"] == 12


def test_two_processes_train_one_fold_and_score_like_one(project: Path, foldline: Foldline) -> None:
    """Same weights, same answers; no picture of an uneven half counted twice."""
    settings = (
        "folds.number=3",
        "train.folds=[0]",
        "train.accumulate=2",
        "train.validation.every=1 step",
        "infer.batch_size=3",
    )
    (project / "inputs/tiny/train/images/000001_male_Asian_25/normal.jpg").unlink()
    assert foldline("prepare", *settings) == 0
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port=29713")
    process = start_training(project, *launcher, run="pair", settings=settings)
    said = process.communicate(timeout=300)[0]
    assert process.returncode == 0, said
    assert said.count("out of fold") == 1, "only the main process speaks"

    oof = project / "outputs/runs/pair/fold_0/oof.csv"
    two = pd.read_csv(oof)
    assert two["path"].is_unique
    oof.unlink()
    assert foldline("train", *settings, "run=pair") == 0  # answers again, alone, by best.pt
    one = pd.read_csv(oof)
    pd.testing.assert_frame_equal(one, two, rtol=1e-6)
