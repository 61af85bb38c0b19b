"""`metrics.jsonl`: one line of figures an epoch, always written."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field

from foldline.errors import UserError
from foldline.files import write_text
from foldline.records import Count, Figure, Record, Share, parse_record

Row = Mapping[str, float | int | bool]

_REMEDY = "put it back, or delete the folder of the fold to train it again"


class MetricsRow(Record):
    """One validation; the other keys are figures too."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, bool | Figure] = Field(init=False)

    epoch: Annotated[Count, Field(ge=1)]
    macro_f1: Share
    accuracy: Share
    log_loss: Annotated[Figure, Field(ge=0)]
    seconds: Annotated[Figure, Field(ge=0)]
    is_best: bool


def save_metrics(path: Path, history: Sequence[Row]) -> None:
    """Write all epochs so far, atomically: an interrupted run never leaves half a line."""
    write_text(path, "".join(json.dumps(row) + "\n" for row in history))


def load_metrics(path: Path) -> list[Row]:
    """Return the rows of `save_metrics`, each of which has the keys of `MetricsRow`.

    Raises `UserError` naming the line that is none.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; {_REMEDY}") from None
    for number, line in enumerate(lines, start=1):
        parse_record(line, MetricsRow, where=f"{path}: line {number}", remedy=_REMEDY)
    return [json.loads(line) for line in lines]
