"""`metrics.jsonl`: one line of figures for each validation, and what it tells about a fold."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from foldline.errors import UserError
from foldline.files import write_text
from foldline.metrics.metric import METRICS
from foldline.records import Count, Figure, Record, parse_record
from foldline.runs.files import check_figure, select_scores

Row = Mapping[str, float | int | bool]

_REMEDY = "put it back, or delete the folder of the fold to train it again"


class MetricsRow(Record):
    """One validation; keys that are not named here hold figures too."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any] = Field(init=False)

    epoch: Annotated[Count, Field(ge=1)]
    seconds: Annotated[Figure, Field(ge=0)]
    is_best: bool

    @model_validator(mode="after")
    def _check_scores(self) -> Self:
        figures = self.model_extra or {}
        for key, figure in figures.items():
            check_figure(key, figure)
        if not select_scores(figures):
            raise ValueError(f"{next(iter(METRICS))}: missing")
        return self


def save_metrics(path: Path, history: Sequence[Row]) -> None:
    """Write all rows so far, atomically: an interrupted run never leaves half a line."""
    write_text(path, "".join(json.dumps(row) + "\n" for row in history))


def load_metrics(path: Path) -> list[Row]:
    """Return the rows that `save_metrics` wrote, each with the keys of `MetricsRow`.

    Raises `UserError` naming the first line that is damaged.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; {_REMEDY}") from None
    for number, line in enumerate(lines, start=1):
        parse_record(line, MetricsRow, where=f"{path}: line {number}", remedy=_REMEDY)
    return [json.loads(line) for line in lines]


@dataclass(frozen=True)
class FoldRecord:
    """A fold that was begun; `history` has a row for each validation, first to last.

    `joined` are the scores of its out-of-fold answers, None before these are joined.
    """

    fold: int
    is_finished: bool
    joined: Mapping[str, float] | None
    history: Sequence[Row] = ()

    @property
    def scores(self) -> Mapping[str, float] | None:
        """`joined`, until then those of the best validation; None before the first."""
        if self.joined or not self._best:
            return self.joined
        return {key: float(self._best[key]) for key in METRICS if key in self._best}

    @property
    def epochs(self) -> int:
        """The epoch of the last validation; 0 before the first."""
        return int(self.history[-1]["epoch"]) if self.history else 0

    @property
    def best_epoch(self) -> int | None:
        return int(self._best["epoch"]) if self._best else None

    @property
    def seconds(self) -> float:
        """How long it was trained and validated."""
        return math.fsum(row["seconds"] for row in self.history)

    @property
    def _best(self) -> Row | None:
        return next((row for row in reversed(self.history) if row["is_best"]), None)
