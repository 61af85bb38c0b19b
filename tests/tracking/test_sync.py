"""What is uploaded later: what is found, what is left, and what is said of it."""

import fcntl
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.competition import Said

from foldline.tracking import sync
from foldline.tracking.sync import find_unsent

Command = Callable[..., Said]


@pytest.fixture
def uploaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """An empty project, made the current one; what is uploaded, but for files called `stuck`."""
    monkeypatch.chdir(tmp_path)
    taken: list[Path] = []

    def upload(paths: Sequence[Path]) -> list[Path]:
        taken.extend(paths)
        return [path for path in paths if "stuck" in path.name]

    monkeypatch.setattr(sync, "upload", upload)
    return taken


def write_run(run: str, identity: str, moment: str = "20260101_000000") -> Path:
    return write_file(Path("outputs/runs"), f"offline-run-{moment}-{identity}", identity, run=run)


def write_file(runs: Path, folder: str, identity: str = "abc", *, run: str = "mask") -> Path:
    path = runs / run / "wandb" / folder / f"run-{identity}.wandb"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_without_runs_there_is_nothing_to_upload(uploaded: list[Path], command: Command) -> None:
    assert command("sync") == Said(0, "nothing to upload under outputs/runs\n", "")
    assert not uploaded


def test_what_is_not_yet_uploaded_goes_oldest_first(uploaded: list[Path], command: Command) -> None:
    late = write_run("a", "late", "20260102_000000")
    early = write_run("b", "early")
    write_run("b", "done", "20260103_000000").with_suffix(".wandb.synced").touch()
    said = command("sync")
    assert (said.code, said.err) == (0, "")
    assert uploaded == [early, late]
    assert said.out.endswith("uploaded: 2 of 2 W&B runs\n")


def test_what_is_still_written_is_left_for_later(uploaded: list[Path], command: Command) -> None:
    path = write_run("a", "busy")
    with (path.parents[1] / "busy.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        said = command("sync")
    assert "1 W&B runs are still being written; left for later" in said.out
    assert "nothing to upload" in said.out
    assert not uploaded


@pytest.mark.parametrize(
    ("stuck", "expected"),
    [
        (["stuck1"], "run-stuck1.wandb: not uploaded; see above, then: foldline sync"),
        (["stuck1", "stuck2"], "run-stuck1.wandb: not uploaded, nor 1 others; see above"),
    ],
)
def test_what_could_not_be_uploaded_is_named(
    stuck: list[str], expected: str, uploaded: list[Path], command: Command
) -> None:
    for number, identity in enumerate(["fine", *stuck]):
        write_run("a", identity, f"20260101_00000{number}")
    said = command("sync")
    assert said.code == 2
    assert expected in said.err
    assert f"uploaded: 1 of {len(uploaded)} W&B runs" in said.out


def test_the_oldest_first_whether_it_was_begun_online_or_offline(tmp_path: Path) -> None:
    """A run that goes on comes in parts, and the parts in their order."""
    days = ("run-20260101_080000-abc", "offline-run-20260102_080000-abc", "run-20260103_080000-abc")
    expected = [write_file(tmp_path, day) for day in days]
    write_file(tmp_path, "run-20260101_090000-abc").with_suffix(".wandb.synced").touch()
    assert find_unsent(tmp_path) == (expected, 0)


def test_what_a_training_still_writes_is_left(tmp_path: Path) -> None:
    ready = write_file(tmp_path, "offline-run-20260101_080000-abc")
    written = write_file(tmp_path, "offline-run-20260101_080000-def", "def")
    with (written.parents[1] / "def.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert find_unsent(tmp_path) == ([ready], 1)
    assert find_unsent(tmp_path) == ([ready, written], 0)
