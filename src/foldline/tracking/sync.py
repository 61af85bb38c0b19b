"""`foldline sync`: upload to Weights & Biases what was kept on disk, by wandb's own command."""

import fcntl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from foldline import console
from foldline.command_line import format_command
from foldline.config import RUNS
from foldline.errors import UserError


def run_sync() -> None:
    """Upload every W&B run under `outputs/runs` that is not uploaded yet, oldest first.

    Raise `UserError` if nobody is logged in or something could not be uploaded.
    """
    paths, num_written = find_unsent(RUNS)
    if num_written:
        console.log(f"{num_written} W&B runs are still being written; left for later")
    if not paths:
        console.log(f"nothing to upload under {RUNS}")
        return
    console.heading(f"sync: {len(paths)} W&B runs to upload")
    left = upload(paths)
    console.log(f"uploaded: {len(paths) - len(left)} of {len(paths)} W&B runs")
    if left:
        others = f", nor {len(left) - 1} others" if len(left) > 1 else ""
        again = format_command("sync")
        raise UserError(f"{left[0]}: not uploaded{others}; see above, then: {again}")


def log_in() -> None:
    """Raise `UserError` if wandb is not installed or nobody is logged in."""
    try:
        import wandb
    except ImportError as error:
        raise UserError(f"wandb cannot be imported ({error}); install it, then try again") from None
    if not wandb.login(prompt=False, verify=False):
        raise UserError("not logged in to Weights & Biases; run .venv/bin/wandb login first")


def find_unsent(runs_dir: Path) -> tuple[list[Path], int]:
    """Return the W&B files under `runs_dir` that are not uploaded, oldest first.

    Those that a command, here or on another machine, still writes are left out and counted.
    """
    found = runs_dir.glob("*/wandb/*run-*/run-*.wandb")
    # from `offline-run-<time>-<id>` or `run-<time>-<id>`
    by_time = sorted(found, key=lambda path: path.parent.name.partition("run-")[2])
    unsent = [path for path in by_time if not _is_uploaded(path)]
    ready = [path for path in unsent if not _is_being_written(path)]
    return ready, len(unsent) - len(ready)


def upload(paths: Sequence[Path]) -> list[Path]:
    """Upload `paths`, showing what wandb says, and return those that did not arrive.

    Raise `UserError` if wandb is not installed or nobody is logged in.
    """
    log_in()
    command = [sys.executable, "-m", "wandb", "sync", "--include-online"]
    subprocess.run([*command, *map(str, paths)], check=False)
    return [path for path in paths if not _is_uploaded(path)]


def _is_uploaded(path: Path) -> bool:
    return path.with_suffix(".wandb.synced").is_file()  # which `wandb sync` leaves


def _is_being_written(path: Path) -> bool:
    lock = path.parents[1] / f"{path.stem.removeprefix('run-')}.lock"
    if not lock.is_file():
        return False
    with lock.open("rb+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:  # any other comes of a file system without locks
            return isinstance(error, BlockingIOError)
    return False
