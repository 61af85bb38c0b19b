"""However Weights & Biases fails, training leaves the same bytes and says once what happened."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tests.competition import Foldline
from tests.wandb_broken import break_wandb

from foldline.tracking import training, wandb_run
from foldline.tracking.wandb_run import WandbRun, wait_for_runs

SETTINGS = ("train.epochs=1", "report.after_training=false")
PATIENCE = 1.0
ONLINE = ("track.mode=online", f"track.patience={PATIENCE}")


def list_trackers() -> list[psutil.Process]:
    """The processes in which wandb lives, of this one."""
    children = psutil.Process().children()
    return [one for one in children if "foldline.tracking.wandb_process" in one.cmdline()]


def kill_trackers() -> dict[str, float]:
    """Kill them; in the place of `measure_memory`, which is asked in the middle of a fold."""
    for process in list_trackers():
        process.kill()
    return {}


@pytest.fixture
def failing(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """W&B that fails as the test's parameter says; gives what the log must say of it."""
    how, said = request.param
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections, never answers
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        if how == "killed":
            monkeypatch.setattr(training, "measure_memory", kill_trackers)
        elif how != "silent":
            break_wandb(tmp_path / "broken", how, monkeypatch)
        yield said
    kill_trackers()


@pytest.mark.parametrize(
    "failing",
    [
        ("import", "ImportError: no module named wandb_core"),
        ("init", "RuntimeError: broken here"),
        ("log", "RuntimeError: the log is broken"),
        ("silent", "kept on disk: make sync"),
        ("killed", "its process ended with -9"),
    ],
    indirect=True,
)
def test_training_ends_with_the_same_bytes_and_soon(
    failing: str,
    *,
    project: Path,
    foldline: Foldline,
    train_once: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    waited: list[float] = []
    real = wait_for_runs

    def measure(runs: list[WandbRun], patience: float) -> None:
        started = time.monotonic()
        real(runs, patience)
        waited.append(time.monotonic() - started)

    train_once(project, *SETTINGS, "run=disabled")
    monkeypatch.setattr(wandb_run, "wait_for_runs", measure)
    capfd.readouterr()
    assert foldline("train", *SETTINGS, *ONLINE, "run=tracked") == 0
    (seconds,) = waited
    assert seconds < PATIENCE + 1
    said = capfd.readouterr().err.splitlines()
    assert said, "it is said"
    assert len(said) == len(set(said)), "and once"
    assert all(
        line.startswith("warning: Weights & Biases: ") and failing in line for line in said
    ), said
    for fold in (0, 1):
        for name in ("best.pt", "oof.csv"):
            expected, other = (
                Path(f"outputs/runs/{run}/fold_{fold}/{name}").read_bytes()
                for run in ("disabled", "tracked")
            )
            assert expected == other, (fold, name)
