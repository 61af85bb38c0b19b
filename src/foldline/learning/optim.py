"""Optimizers by name, and learning rates over time."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from foldline.learning.stopping import DIRECTION

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
    """The learning rate over time: told after each step and after each epoch."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer
        self._by_step: LambdaLR | None = None
        self._by_score: ReduceLROnPlateau | None = None

    def after_step(self) -> None:
        if self._by_step is not None:
            self._by_step.step()

    def after_epoch(self, score: float) -> None:
        if self._by_score is not None:
            self._by_score.step(score)

    @property
    def lr(self) -> float:
        return float(self._optimizer.param_groups[0]["lr"])

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = {}
        if self._by_step is not None:
            state = {"last_epoch": self._by_step.last_epoch}
        if self._by_score is not None:
            full = self._by_score.state_dict()
            state = {key: full[key] for key in ("best", "num_bad_epochs", "last_epoch", "_last_lr")}
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for schedule in (self._by_step, self._by_score):
            if schedule is not None:
                schedule.load_state_dict({**schedule.state_dict(), **state})


def build_schedule(
    optimizer: torch.optim.Optimizer,
    name: str,
    *,
    epochs: int,
    steps_per_epoch: int,
    monitor: str,
    **settings: Any,
) -> Schedule:
    """`constant`, `cosine` (with `warmup_epochs`, `final`), `step` (`every_epochs`, `factor`)
    or `plateau` (`factor`, `patience`, in epochs of no better `monitor`)."""
    schedule = Schedule(optimizer)
    if name == "cosine":
        total = epochs * steps_per_epoch
        warmup = min(round(settings["warmup_epochs"] * steps_per_epoch), total)
        schedule._by_step = LambdaLR(
            optimizer,
            lambda step: compute_warmup_cosine(
                step, total=total, warmup=warmup, final=settings["final"]
            ),
        )
    elif name == "step":
        every = settings["every_epochs"] * steps_per_epoch
        schedule._by_step = LambdaLR(optimizer, lambda step: settings["factor"] ** (step // every))
    elif name == "plateau":
        schedule._by_score = ReduceLROnPlateau(
            optimizer,
            mode="max" if DIRECTION[monitor] > 0 else "min",
            factor=settings["factor"],
            patience=settings["patience"],
            threshold=0.0,
        )
    else:
        assert name == "constant", name
    return schedule
