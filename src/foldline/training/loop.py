"""One epoch of training, or a part of it: tensors in, numbers out."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice

import torch
from accelerate import Accelerator
from torch import nn

from foldline.data.dataset import Batch
from foldline.errors import UserError
from foldline.learning.networks.freezing import set_training_mode
from foldline.learning.predictor import OnBatch, ignore_progress

# losses are looked at, across processes, every so many batches: each look waits for the device
_BATCHES_BETWEEN_CHECKS = 20


class NonFiniteLossError(Exception):
    """Loss or scores became NaN or infinite; `where` says at which steps of the epoch, from 1."""

    def __init__(self, where: str) -> None:
        super().__init__(f"not finite {where}")
        self.where = where


@dataclass(frozen=True)
class TrainResult:
    """Sums over `images` training pictures, and the number of optimizer steps.

    `loss` and `accuracy` are means per picture; the results of two parts of an epoch can be added.
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
    """Train once over `batches`, stepping the optimizer after every `accumulate` of them.

    The batches are a whole epoch, or the part of it that begins with step `first_step`. The
    gradient of a step is the mean over its pictures, also in a short last step. Raises
    `NonFiniteLossError` at most `_BATCHES_BETWEEN_CHECKS` batches after the loss stopped being
    finite, and `UserError` for a batch without pictures.
    """
    set_training_mode(model)
    totals = torch.zeros(3, dtype=torch.float64)  # loss, right answers, pictures
    window: list[torch.Tensor] = []  # per batch: summed loss, right answers, pictures
    window_steps: list[int] = []  # per batch: the step it belongs to
    step = first_step - 1
    remaining = iter(batches)
    while group := list(islice(remaining, accumulate)):
        step += 1
        group_size = sum(len(batch.labels) for batch in group)
        if not all(len(batch.labels) for batch in group):
            raise UserError(
                "none of the training pictures could be read, or just one, from which batch norm "
                "cannot learn; mend them and prepare again"
            )
        for batch in group:
            images, labels = batch.to_device(accelerator.device, channels_last=channels_last)
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
    if accelerator.num_processes > 1:
        # the main one's batch-norm statistics, which each process has gathered alone
        for buffer in model.buffers():
            torch.distributed.broadcast(buffer, src=0)
    loss_sum, right, images = totals.tolist()
    return TrainResult(loss_sum, int(right), int(images), step + 1 - first_step)


def _sum_finite(
    window: Sequence[torch.Tensor], accelerator: Accelerator, steps: Sequence[int]
) -> torch.Tensor:
    """Return the sums over a window of batches and over processes.

    Raises `NonFiniteLossError` if a loss among them is not finite.
    """
    batches = accelerator.gather(torch.stack(list(window))[None]).cpu().double().sum(0)
    broken = (~torch.isfinite(batches[:, 0])).nonzero().flatten().tolist()
    if broken:
        first, last = steps[broken[0]], steps[broken[-1]]
        raise NonFiniteLossError(
            f"at step {first}" if first == last else f"at steps {first} to {last}"
        )
    total: torch.Tensor = batches.sum(0)
    return total
