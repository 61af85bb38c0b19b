"""The two loops: one epoch of training, one pass of prediction. Tensors in, numbers out."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn
from torch.nn import functional as F

from foldline.errors import UserError
from foldline.learning.networks.model import set_training_mode

# losses are looked at, across processes, every so many batches: each look waits for the device
_BATCHES_BETWEEN_CHECKS = 20

OnBatch = Callable[[int, str], None]  # pictures done, note


def ignore_progress(count: int, note: str) -> None:
    """Show nothing."""


class Batch(Protocol):
    """`images` `[B, 3, H, W]` uint8, `labels` `[B]` and `rows` `[B]` int64.

    `normalize` makes float32 of the images, as the network wants them, on any device.
    """

    @property
    def images(self) -> torch.Tensor: ...
    @property
    def labels(self) -> torch.Tensor: ...
    @property
    def rows(self) -> torch.Tensor: ...
    @property
    def normalize(self) -> Callable[[torch.Tensor], torch.Tensor]: ...


class NonFiniteLossError(Exception):
    """Loss or scores became NaN or infinite; `where` says at which steps of the epoch, from 1."""

    def __init__(self, where: str) -> None:
        super().__init__(f"not finite {where}")
        self.where = where


@dataclass(frozen=True)
class TrainResult:
    """Sums over `images` pictures, as seen while learning, and the steps of the optimizer.

    `loss` and `accuracy` are their means; the results of two parts of an epoch can be added.
    """

    loss_sum: float = 0.0
    right: int = 0
    images: int = 0
    steps: int = 0

    @property
    def loss(self) -> float:
        return self.loss_sum / self.images

    @property
    def accuracy(self) -> float:
        return self.right / self.images

    def __add__(self, other: "TrainResult") -> "TrainResult":
        return TrainResult(
            self.loss_sum + other.loss_sum,
            self.right + other.right,
            self.images + other.images,
            self.steps + other.steps,
        )


def train_epoch(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    criterion: nn.Module,
    optimizer: torch.optim.Optimizer,
    after_step: Callable[[], None],
    accelerator: Accelerator,
    accumulate: int = 1,
    clip_norm: float = 0.0,
    channels_last: bool = False,
    first_step: int = 1,
    on_batch: OnBatch = ignore_progress,
) -> TrainResult:
    """Train once over `batches`; the optimizer steps after every `accumulate` of them.

    They are a whole epoch, or the part of it that begins with its `first_step`.
    Gradients of an accumulated step are the mean over its pictures, also in a short last step.
    Raises `NonFiniteLossError` at the latest some batches after it happened, and `UserError` for
    a batch without pictures.
    """
    set_training_mode(model)
    totals = torch.zeros(3, dtype=torch.float64)  # loss, right answers, pictures
    window: list[torch.Tensor] = []  # per batch: summed loss, right answers, pictures
    window_steps: list[int] = []  # per batch: the step it belongs to
    step = first_step - 1
    for group in _groups(batches, accumulate):
        step += 1
        group_size = sum(len(batch.labels) for batch in group)
        if not all(len(batch.labels) for batch in group):
            raise UserError(
                "none of the training pictures could be read, or just one, from which batch norm "
                "cannot learn; mend them and prepare again"
            )
        for batch in group:
            images, labels = _to_device(batch, accelerator, channels_last)
            with nullcontext() if batch is group[-1] else accelerator.no_sync(model):
                with accelerator.autocast():
                    logits = model(images)
                    loss = criterion(logits, labels)
                accelerator.backward(loss * (len(labels) / group_size))
            right = (logits.argmax(1) == labels).sum()
            size = right.new_tensor(len(labels))
            window.append(torch.stack([loss.detach() * len(labels), right, size]))
            window_steps.append(step)
            if len(window) == _BATCHES_BETWEEN_CHECKS:
                totals += _sum_finite(window, accelerator, window_steps)
                window, window_steps = [], []
            on_batch(len(labels), f"loss {totals[0] / totals[2]:.3f}" if totals[2] else "")
        if clip_norm > 0:
            accelerator.clip_grad_norm_(model.parameters(), clip_norm)
        optimizer.step()
        if not getattr(optimizer, "step_was_skipped", False):
            after_step()
        optimizer.zero_grad()
    if window:
        totals += _sum_finite(window, accelerator, window_steps)
    loss_sum, right, images = totals.tolist()
    return TrainResult(loss_sum, int(right), int(images), step + 1 - first_step)


@torch.no_grad()
def predict(
    models: Sequence[nn.Module],
    batches: Iterable[Batch],
    *,
    accelerator: Accelerator,
    flip: bool = False,
    channels_last: bool = False,
    on_batch: OnBatch = ignore_progress,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Class probabilities of every picture by every model, each picture read once.

    Gives `rows` `[N]`, ascending, and `probs` `[M, N, C]` float64. With `flip` the mean with the
    mirrored picture's. A model of several heads, which gives a tuple of logits, counts as several;
    one of fewer classes than the others has zeros behind its own.
    Several processes each do their share and all get the whole.
    """
    for model in models:
        model.eval()
    rows: list[int] = []
    probs: list[npt.NDArray[np.float64]] = []
    for batch in batches:
        if len(batch.rows):
            images, _ = _to_device(batch, accelerator, channels_last)
            answers = [
                head
                for model in models
                for head in _compute_probs(model, images, accelerator, flip)
            ]
            widest = max(answer.shape[1] for answer in answers)
            padded = [F.pad(answer, (0, widest - answer.shape[1])) for answer in answers]
            probs.extend(torch.stack(padded, dim=1).numpy())  # one [M, C] a picture
            rows.extend(batch.rows.tolist())
        on_batch(len(batch.rows), "")
    gathered: list[tuple[list[int], list[npt.NDArray[np.float64]]]] = gather_object([(rows, probs)])
    pairs = sorted(
        (pair for shares in gathered for pair in zip(*shares, strict=True)), key=lambda p: p[0]
    )
    if not pairs:
        return np.empty(0, np.int64), np.empty((len(models), 0, 0))
    return np.array([row for row, _ in pairs]), np.stack([prob for _, prob in pairs], axis=1)


def _compute_probs(
    model: nn.Module, images: torch.Tensor, accelerator: Accelerator, flip: bool
) -> list[torch.Tensor]:
    """`[B, C]` by each head, float64."""
    views = (images, images.flip(-1)) if flip else (images,)
    with accelerator.autocast():
        outputs = [model(view) for view in views]
    heads = zip(*(one if isinstance(one, tuple) else (one,) for one in outputs), strict=True)
    # in double precision, which not every device has
    return [
        torch.stack([torch.softmax(logits.cpu().double(), dim=1) for logits in of_head]).mean(0)
        for of_head in heads
    ]


def _to_device(
    batch: Batch, accelerator: Accelerator, channels_last: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    device = accelerator.device
    images = batch.images.to(device, non_blocking=True).contiguous(memory_format=layout)
    return batch.normalize(images), batch.labels.to(device, non_blocking=True)


def _groups(batches: Iterable[Batch], size: int) -> Iterable[list[Batch]]:
    """Batches, `size` at a time; the last group may be short."""
    remaining = iter(batches)
    while group := list(islice(remaining, size)):
        yield group


def _sum_finite(
    window: Sequence[torch.Tensor], accelerator: Accelerator, steps: Sequence[int]
) -> torch.Tensor:
    """Sums over a window of batches and over processes; raises if a loss in it is not finite."""
    batches = accelerator.gather(torch.stack(list(window))[None]).cpu().double().sum(0)
    broken = (~torch.isfinite(batches[:, 0])).nonzero().flatten().tolist()
    if broken:
        raise NonFiniteLossError(_span(steps[broken[0]], steps[broken[-1]]))
    total: torch.Tensor = batches.sum(0)
    return total


def _span(first: int, last: int) -> str:
    return f"at step {first}" if first == last else f"at steps {first} to {last}"
