"""The one notion of "best", which saving, stopping and the plateau schedule ask."""

import math
from dataclasses import dataclass

from foldline.metrics.metric import METRICS


@dataclass
class BestTracker:
    """Which validation is the best so far, whether it is good enough, and whether to go on.

    A validation is better if its score beats the best by more than `min_improvement`, or is the
    first to reach `floor`; a tie is not better, and NaN never is. A best below the floor counts as
    an improvement but is not to be saved. Training ends after `patience` epochs without a better
    validation; 0 never ends it.
    """

    monitor: str
    patience: int
    min_improvement: float = 0.0
    floor: float | None = None
    best_score: float | None = None
    best_epoch: int | None = None
    last_epoch: int = 0

    def update(self, epoch: int, score: float) -> bool:
        """Record a score of `epoch`, from 1; return whether it is a best that is to be saved."""
        self.last_epoch = epoch
        if not self._is_better(score):
            return False
        self.best_score, self.best_epoch = score, epoch
        return self.reaches_floor(score)

    def reaches_floor(self, score: float | None) -> bool:
        """Return whether `score` is good enough to be saved; NaN and None never are."""
        if score is None or math.isnan(score):
            return False
        return self.floor is None or METRICS[self.monitor].compute_gain(score, self.floor) >= 0

    @property
    def has_saved(self) -> bool:
        """Return whether there was a best that was to be saved."""
        return self.reaches_floor(self.best_score)

    @property
    def should_stop(self) -> bool:
        """Return whether `patience` epochs have passed since the best one."""
        return 0 < self.patience <= self.last_epoch - (self.best_epoch or 0)

    def _is_better(self, score: float) -> bool:
        if math.isnan(score):
            return False
        if self.best_score is None or (self.reaches_floor(score) and not self.has_saved):
            return True
        gain = METRICS[self.monitor].compute_gain(score, self.best_score)
        return gain > self.min_improvement  # nor is the NaN of infinity less infinity

    def state_dict(self) -> dict[str, float | int | None]:
        return {key: getattr(self, key) for key in ("best_score", "best_epoch", "last_epoch")}

    def load_state_dict(self, state: dict[str, float | int | None]) -> None:
        for key in self.state_dict():
            setattr(self, key, state[key])
