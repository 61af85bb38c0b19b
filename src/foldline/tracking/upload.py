"""Uploading later what was kept on disk, by wandb's own command."""

import fcntl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from foldline.errors import UserError

# begins the id of a run that uses other runs' artifacts
USER_PREFIX = "infer-"


def log_in() -> None:
    """Raise `UserError` where wandb is not installed or nobody is logged in."""
    try:
        import wandb
    except ImportError as error:
        raise UserError(f"wandb cannot be imported ({error}); install it, then try again") from None
    if not wandb.login(prompt=False, verify=False):
        raise UserError("not logged in to Weights & Biases; run .venv/bin/wandb login first")


def find_unsent(runs_dir: Path) -> tuple[list[Path], int]:
    """The W&B files under `runs_dir` that are not uploaded, oldest first, and how many to leave.

    Left are those whose run is still written by a training command, here or on another machine.
    """
    found = sorted(runs_dir.glob("*/wandb/*run-*/run-*.wandb"), key=_tell_time)
    unsent = [path for path in found if not _marker(path).is_file()]
    ready = [path for path in unsent if not _is_being_written(path)]
    return ready, len(unsent) - len(ready)


def upload(paths: Sequence[Path]) -> list[Path]:
    """Upload `paths`, showing what wandb says; gives those that are not uploaded all the same.

    Raises `UserError` where wandb is not installed or nobody is logged in.
    """
    log_in()
    command = [sys.executable, "-m", "wandb", "sync", "--include-online"]
    subprocess.run([*command, *map(str, paths)], check=False)
    return [path for path in paths if not _marker(path).is_file()]


def _tell_time(path: Path) -> str:
    """When it was begun, from `offline-run-<time>-<id>` or `run-<time>-<id>`."""
    return path.parent.name.partition("run-")[2]


def _marker(path: Path) -> Path:
    """What `wandb sync` leaves beside a file that it has uploaded."""
    return path.with_suffix(".wandb.synced")


def _is_being_written(path: Path) -> bool:
    lock = path.parents[1] / f"{path.stem.removeprefix('run-')}.lock"
    if not lock.is_file():
        return False
    with lock.open("rb+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks
            return False
    return False
