"""The one notion of "best": saving and stopping ask it, the learning rate asks its direction."""

import math
from dataclasses import dataclass

# whether more is better
DIRECTION = {"macro_f1": 1, "accuracy": 1, "log_loss": -1}


@dataclass
class BestTracker:
    """Which epoch is the best so far, and whether to go on.

    An epoch is better when its score passes the best by more than `min_improvement`; a tie is not,
    and NaN never is. `patience` is the number of epochs without a better one that end the
    training; 0 never does.
    """

    monitor: str
    patience: int
    min_improvement: float = 0.0
    best_score: float | None = None
    best_epoch: int | None = None
    last_epoch: int = 0

    def update(self, epoch: int, score: float) -> bool:
        """Take in the score of `epoch` (from 1); gives whether it is the best so far."""
        self.last_epoch = epoch
        if math.isnan(score):
            return False
        if self.best_score is not None:
            gain = (score - self.best_score) * DIRECTION[self.monitor]
            if not gain > self.min_improvement:  # nor is the NaN of infinity less infinity
                return False
        self.best_score, self.best_epoch = score, epoch
        return True

    @property
    def should_stop(self) -> bool:
        """Whether `patience` epochs have passed since the best one."""
        return 0 < self.patience <= self.last_epoch - (self.best_epoch or 0)

    def state_dict(self) -> dict[str, float | int | None]:
        return {
            "best_score": self.best_score,
            "best_epoch": self.best_epoch,
            "last_epoch": self.last_epoch,
        }

    def load_state_dict(self, state: dict[str, float | int | None]) -> None:
        for key in self.state_dict():
            setattr(self, key, state[key])
