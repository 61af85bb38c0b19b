"""Training goes on whatever Weights & Biases does: its process raises, hangs, dies or is late."""

import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.wandb_broken import break_wandb
from tests.wandb_file import read_runs

from foldline.config.tracking import Track
from foldline.tracking.tracker import Artifact, Part
from foldline.tracking.wandb_run import WandbRun, wait_for_runs

Reports = list[str]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A `wandb` that is broken as the test's parameter says."""
    break_wandb(tmp_path / "broken", request.param, monkeypatch)


@pytest.fixture
def silence() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def start(directory: Path, reports: Reports, *, mode: str = "offline") -> WandbRun:
    part = Part("resnet", "train", "resnet-fold-0", "abc123", {"seed": 1}, directory)
    track = Track(mode=mode, project="masks", tags=("a", "b"), notes="a note")
    return WandbRun(part, track, reports.append)


def train(track: WandbRun) -> None:
    for epoch in (1, 2):
        track.log({"epoch": epoch, "macro_f1": epoch / 10}, step=epoch)
    track.summarize({"best": 0.2})


def find_core(track: WandbRun) -> psutil.Process:
    """Return the program of wandb's that writes to disk, once it has been started."""
    assert track._process is not None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in psutil.Process(track._process.pid).children(recursive=True):
            if "wandb-core" in child.name():
                return child
        time.sleep(0.01)
    raise AssertionError("wandb-core has not been started")


def wait_for_end(track: WandbRun, seconds: float = 60) -> None:
    for thread in track._threads:
        thread.join(seconds)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ("import", "ImportError: no module named wandb_core"),
        ("init", "RuntimeError: broken here"),
        ("exit", "its process ended with 3"),
    ],
    indirect=["broken"],
)
@pytest.mark.usefixtures("broken")
def test_training_finishes_where_wandb_is_broken(expected: str, tmp_path: Path) -> None:
    reports: Reports = []
    track = start(tmp_path, reports)
    train(track)
    track.wait(time.monotonic() + 30)
    train(track)  # nobody listens any more
    assert len(reports) == 1
    assert expected in reports[0]
    assert "\n" not in reports[0]
    assert track.is_disabled


@pytest.mark.parametrize("broken", ["hang"], indirect=True)
@pytest.mark.usefixtures("broken")
def test_several_runs_that_hang_are_waited_for_together(tmp_path: Path) -> None:
    reports: Reports = []
    tracks = [start(tmp_path, reports) for _ in range(3)]
    for track in tracks:
        train(track)
    started = time.monotonic()
    wait_for_runs(tracks, 0.3)
    assert 0.3 <= time.monotonic() - started < 1.5
    assert (
        reports
        == ["Weights & Biases: not begun when the command ended; kept on disk: make sync"] * 3
    )
    for track in tracks:
        assert track._process is not None
        track._process.kill()
        wait_for_end(track)
    assert len(reports) == 3, "what happens later is of no interest"


def test_an_offline_run_reads_back(tmp_path: Path) -> None:
    reports: Reports = []
    (tmp_path / "best.pt").write_bytes(b"weights")
    track = start(tmp_path, reports)
    row = {"epoch": 1, "macro_f1": 0.5}
    track.log(row, step=1)
    row["macro_f1"] = 0.9  # what is tracked is the row as it was
    track.log({"odd": {1, 2}}, step=2)  # not a plain value: this run is given up, training goes on
    track.save_files(Artifact("never", "model", {"best.pt": tmp_path / "best.pt"}))
    track.wait(time.monotonic() + 60)
    assert len(reports) == 1
    assert "set cannot be tracked" in reports[0]
    (run,) = read_runs(tmp_path).values()
    assert (run.group, run.job_type, run.name) == ("resnet", "train", "resnet-fold-0")
    assert (run.tags, run.notes, run.config["seed"]) == (["a", "b"], "a note", 1)
    assert [one["macro_f1"] for one in run.rows] == [0.5]
    assert run.made == {}


def test_the_killed_process_of_wandb_is_said_once(tmp_path: Path) -> None:
    reports: Reports = []
    track = start(tmp_path, reports)
    train(track)
    find_core(track).send_signal(signal.SIGKILL)
    train(track)
    track.wait(time.monotonic() + 60)
    assert len(reports) == 1, reports


def test_an_address_that_never_answers_costs_five_seconds_and_no_figure(
    silence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", silence)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    reports: Reports = []
    track = start(tmp_path, reports, mode="online")
    train(track)
    started = time.monotonic()
    wait_for_runs([track], 5)
    assert time.monotonic() - started < 6
    assert len(reports) == 1
    assert "kept on disk: make sync" in reports[0]
    wait_for_end(track)  # which the training does not
    (run,) = read_runs(tmp_path).values()
    assert [row["macro_f1"] for row in run.rows] == [0.1, 0.2]
    assert run.exit_codes == [0]


def test_a_killed_training_leaves_a_run_that_is_marked_so(tmp_path: Path) -> None:
    track = start(tmp_path, [])
    train(track)
    core = find_core(track)
    track._messages.put(None)  # as when the process that writes has gone
    wait_for_end(track)
    assert not core.is_running(), "it may still be writing the file"
    (run,) = read_runs(tmp_path).values()
    assert len(run.rows) == 2
    assert run.exit_codes == [1]


def test_an_interpreter_that_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    reports: Reports = []
    track = start(tmp_path, reports)
    train(track)
    track.wait(time.monotonic() + 5)
    assert len(reports) == 1
    assert "FileNotFoundError" in reports[0]
