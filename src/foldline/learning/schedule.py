"""Learning rates over time, by name."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from foldline.learning.durations import compute_steps
from foldline.learning.stopping import BestTracker


class Span(NamedTuple):
    """How long a training is at most."""

    epochs: int
    steps_per_epoch: int


def build_schedule(
    optimizer: Optimizer, name: str, *, epochs: int, steps_per_epoch: int, **settings: Any
) -> "Schedule":
    """Build one of `SCHEDULES` with its own settings, for a training of at most `epochs`.

    Durations among the settings are texts such as `500 steps` or `0.5 epochs`.
    """
    return SCHEDULES[name](optimizer, Span(epochs, steps_per_epoch), **settings)


def compute_warmup_cosine(step: int, *, total: int, warmup: int, final: float) -> float:
    """Return the share of the learning rate at `step`, from 0: a linear rise, then half a cosine.

    Cosine annealing as in Loshchilov and Hutter 2017, "SGDR", without restarts.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))


class Schedule:
    """The learning rate over time, moved on after each step and after each epoch.

    `shares` returns the share of the learning rate at a step, from 0; without it the rate stays.
    A `factor` below 1 multiplies it whenever more than `patience` epochs have passed since the best
    one and since it last fell.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        shares: Callable[[int], float] | None = None,
        *,
        factor: float = 1.0,
        patience: int = 0,
    ) -> None:
        self._optimizer = optimizer
        self._by_step = LambdaLR(optimizer, shares) if shares else None
        self._factor, self._patience = factor, patience
        self._fell_in = 0

    def after_step(self) -> None:
        if self._by_step is not None:
            self._by_step.step()

    def after_epoch(self, tracker: BestTracker) -> None:
        """Lower the rate if `tracker`, which saving and stopping ask too, has waited too long."""
        waited = tracker.last_epoch - max(tracker.best_epoch or 0, self._fell_in)
        if self._factor < 1 and waited > self._patience:
            self._fell_in = tracker.last_epoch
            for group in self._optimizer.param_groups:
                group["lr"] *= self._factor

    @property
    def lr(self) -> float:
        return float(self._optimizer.param_groups[0]["lr"])

    def state_dict(self) -> dict[str, int]:
        steps = self._by_step.last_epoch if self._by_step is not None else 0
        return {"steps": steps, "fell_in": self._fell_in}

    def load_state_dict(self, state: dict[str, int]) -> None:
        if self._by_step is not None:
            self._by_step.load_state_dict(
                {**self._by_step.state_dict(), "last_epoch": state["steps"]}
            )
        self._fell_in = state["fell_in"]


def _build_cosine(optimizer: Optimizer, span: Span, *, warmup: str, final: float) -> Schedule:
    total = span.epochs * span.steps_per_epoch
    rise = min(total, round(compute_steps(warmup, steps_per_epoch=span.steps_per_epoch)))
    shares = partial(compute_warmup_cosine, total=total, warmup=rise, final=final)
    return Schedule(optimizer, shares)


def _build_step(optimizer: Optimizer, span: Span, *, every: str, factor: float) -> Schedule:
    between = max(1.0, compute_steps(every, steps_per_epoch=span.steps_per_epoch))
    return Schedule(optimizer, lambda step: factor ** (step // between))


# each takes the optimizer, the span and the settings of its section of the configuration
SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": lambda optimizer, _span: Schedule(optimizer),
    "cosine": _build_cosine,
    "step": _build_step,
    "plateau": lambda optimizer, _span, **settings: Schedule(optimizer, **settings),
}
