"""`metrics.jsonl`: one line of figures an epoch, always written."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from foldline.errors import UserError
from foldline.files import write_text

Row = Mapping[str, float | int | bool]


def save_metrics(path: Path, history: Sequence[Row]) -> None:
    """Write all epochs so far, atomically: an interrupted run never leaves half a line."""
    write_text(path, "".join(json.dumps(row) + "\n" for row in history))


def load_metrics(path: Path) -> list[Row]:
    """The rows of `save_metrics`. Raises `UserError` where they cannot be read."""
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a readable log of metrics: {error}") from None
