"""What is uploaded later, and in which order."""

import fcntl
from pathlib import Path

from foldline.tracking.upload import find_unsent


def write(runs: Path, folder: str, identity: str = "abc") -> Path:
    path = runs / "mask/wandb" / folder / f"run-{identity}.wandb"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_the_oldest_first_whether_it_was_begun_online_or_offline(tmp_path: Path) -> None:
    """A run that goes on comes in parts, and the parts in their order."""
    days = ("run-20260101_080000-abc", "offline-run-20260102_080000-abc", "run-20260103_080000-abc")
    expected = [write(tmp_path, day) for day in days]
    write(tmp_path, "run-20260101_090000-abc").with_suffix(".wandb.synced").touch()
    assert find_unsent(tmp_path) == (expected, 0)


def test_what_a_training_still_writes_is_left(tmp_path: Path) -> None:
    ready = write(tmp_path, "offline-run-20260101_080000-abc")
    written = write(tmp_path, "offline-run-20260101_080000-def", "def")
    with (written.parents[1] / "def.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert find_unsent(tmp_path) == ([ready], 1)
    assert find_unsent(tmp_path) == ([ready, written], 0)
