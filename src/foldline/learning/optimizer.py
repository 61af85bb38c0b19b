"""Optimizers by name, and learning rates over time."""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from foldline.learning.durations import compute_steps
from foldline.learning.stopping import BestTracker

_OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


def build_optimizer(
    parameters: Iterable[nn.Parameter], name: str, **settings: Any
) -> torch.optim.Optimizer:
    """`adam`, `adamw` or `sgd` over the parameters that learn, with its own settings."""
    optimizer: torch.optim.Optimizer = _OPTIMIZERS[name](
        [p for p in parameters if p.requires_grad], **settings
    )
    return optimizer


def compute_warmup_cosine(step: int, *, total: int, warmup: int, final: float) -> float:
    """Share of the learning rate at `step` (from 0): linear rise, then half a cosine to `final`.

    Cosine annealing as in Loshchilov and Hutter 2017, "SGDR", without restarts.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))


class Schedule:
    """The learning rate over time: told after each step and after each epoch.

    `shares` gives the share of the learning rate at a step (from 0); without it the rate stays.
    With a `fall` it is multiplied by this factor whenever more than `patience` epochs have passed
    since the best one and since it last fell.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        shares: Callable[[int], float] | None = None,
        *,
        fall: float = 1.0,
        patience: int = 0,
    ) -> None:
        self._optimizer = optimizer
        self._by_step = LambdaLR(optimizer, shares) if shares else None
        self._fall, self._patience = fall, patience
        self._fell_in = 0

    def after_step(self) -> None:
        if self._by_step is not None:
            self._by_step.step()

    def after_epoch(self, tracker: BestTracker) -> None:
        """Fall, where `tracker`, which saving and stopping ask too, has waited long enough."""
        waited = tracker.last_epoch - max(tracker.best_epoch or 0, self._fell_in)
        if self._fall < 1 and waited > self._patience:
            self._fell_in = tracker.last_epoch
            for group in self._optimizer.param_groups:
                group["lr"] *= self._fall

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


def build_schedule(
    optimizer: torch.optim.Optimizer,
    name: str,
    *,
    epochs: int,
    steps_per_epoch: int,
    **settings: Any,
) -> Schedule:
    """`constant`, `cosine` (with `warmup`, `final`), `step` (`every`, `factor`) or `plateau`
    (`factor`, `patience`, in epochs without a better one).

    `warmup` and `every` are durations such as `500 steps` or `0.5 epochs`.
    """
    count_steps = partial(compute_steps, steps_per_epoch=steps_per_epoch)
    if name == "cosine":
        total = epochs * steps_per_epoch
        warmup = round(count_steps(settings["warmup"]))
        return Schedule(
            optimizer,
            partial(
                compute_warmup_cosine,
                total=total,
                warmup=min(warmup, total),
                final=settings["final"],
            ),
        )
    if name == "step":
        every = max(1.0, count_steps(settings["every"]))
        return Schedule(optimizer, lambda step: settings["factor"] ** (step // every))
    if name == "plateau":
        return Schedule(optimizer, fall=settings["factor"], patience=settings["patience"])
    assert name == "constant", name
    return Schedule(optimizer)
