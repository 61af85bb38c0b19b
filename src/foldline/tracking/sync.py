"""`foldline sync`: upload to Weights & Biases what was kept on disk."""

from pathlib import Path

from foldline import console
from foldline.command_line import format_command
from foldline.errors import UserError
from foldline.tracking.upload import find_unsent, upload

_RUNS = Path("outputs/runs")


def run_sync() -> None:
    """Upload every W&B run under `outputs/runs` that is not uploaded yet, oldest first.

    Raises `UserError` where nobody is logged in, or something could not be uploaded.
    """
    paths, still_written = find_unsent(_RUNS)
    if still_written:
        console.say(f"{still_written} W&B runs are still being written; left for later")
    if not paths:
        console.say(f"nothing to upload under {_RUNS}")
        return
    console.heading(f"sync: {len(paths)} W&B runs to upload")
    left = upload(paths)
    console.say(f"uploaded: {len(paths) - len(left)} of {len(paths)} W&B runs")
    if left:
        others = f", nor {len(left) - 1} others" if len(left) > 1 else ""
        again = format_command("sync")
        raise UserError(f"{left[0]}: not uploaded{others}; see above, then: {again}")
