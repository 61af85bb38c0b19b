"""What is known of one fold of a run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foldline.metrics.metric import METRICS
from foldline.runs.metrics_log import Row


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
        """Those of the answers joined, until then of the best validation; None before the first."""
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
        """Of training and validation."""
        return math.fsum(row["seconds"] for row in self.history)

    @property
    def _best(self) -> Row | None:
        return next((row for row in reversed(self.history) if row["is_best"]), None)
