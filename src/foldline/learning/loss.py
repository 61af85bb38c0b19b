"""Losses by name: what training minimizes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

_POWER = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}


def compute_class_weights(counts: Sequence[int], kind: str) -> list[float]:
    """Return a weight for each class: 1 (`none`), or inverse to count^0.5 or count (`balanced`).

    They are scaled so that the mean over the pictures is 1; a class without pictures has 1.
    """
    n = np.asarray(counts, dtype=np.float64)
    weights = np.where(n > 0, np.maximum(n, 1) ** -_POWER[kind], 0.0)
    weights *= n.sum() / (weights @ n)
    return [float(w) for w in np.where(n > 0, weights, 1.0)]


class WeightedCrossEntropy(nn.Module):
    """Cross entropy of logits `[B, C]` and labels `[B]`, mean over the pictures of the batch.

    A class weight multiplies the whole loss of each picture of the class, where torch's `weight`
    weighs classes in the target. There the share that smoothing moves to a rare class would have
    that class's weight in every picture, so that rare classes were answered too often. And there
    the sum is divided by the weights of the batch: a batch of one class would forget its weight,
    and two halves would not make a whole. `label_smoothing` as in Szegedy et al. 2016, "Rethinking
    the Inception Architecture".
    """

    weights: torch.Tensor | None

    def __init__(
        self, counts: Sequence[int], *, class_weights: str, label_smoothing: float
    ) -> None:
        super().__init__()
        weights = None
        if class_weights != "none":
            weights = torch.tensor(compute_class_weights(counts, class_weights))
        self.register_buffer("weights", weights)
        self.label_smoothing = label_smoothing

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        losses = nn.functional.cross_entropy(
            logits, labels, reduction="none", label_smoothing=self.label_smoothing
        )
        if self.weights is not None:
            losses = losses * self.weights[labels]
        return losses.mean()


# each takes the number of training pictures of each class, and the settings of its section
LOSSES: dict[str, Callable[..., nn.Module]] = {"cross_entropy": WeightedCrossEntropy}


def build_loss(name: str, counts: Sequence[int], **settings: Any) -> nn.Module:
    """Build one of `LOSSES` with its own settings, for classes of `counts` training pictures."""
    return LOSSES[name](counts, **settings)
