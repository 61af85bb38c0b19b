"""What training minimizes."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

_POWER = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}


def compute_class_weights(counts: Sequence[int], kind: str) -> list[float]:
    """Weight per class by `counts` pictures: 1 (`none`), or falling with count^0.5 or count.

    Scaled so that the mean over the pictures is 1; a class without pictures gets 1.
    """
    n = np.asarray(counts, dtype=np.float64)
    weights = np.where(n > 0, np.maximum(n, 1) ** -_POWER[kind], 0.0)
    weights *= n.sum() / (weights @ n)
    return [float(w) for w in np.where(n > 0, weights, 1.0)]


def build_cross_entropy(
    counts: Sequence[int], *, class_weights: str, label_smoothing: float
) -> nn.Module:
    """Cross entropy of logits `[B, C]` and labels `[B]`, mean over the pictures of the batch.

    A class weight is that of the pictures of the class: their whole loss is multiplied by it.
    `label_smoothing` as in Szegedy et al. 2016, "Rethinking the Inception Architecture".
    """
    weights = None
    if class_weights != "none":
        weights = torch.tensor(compute_class_weights(counts, class_weights), dtype=torch.float32)
    return _WeightedCrossEntropy(weights, label_smoothing)


class _WeightedCrossEntropy(nn.Module):
    """Weighs pictures, where torch's `weight` weighs classes in the target.

    There the share that smoothing gives to a rare class would have that class's weight in every
    picture, so that rare classes were answered too often. And there the sum is divided by the
    weights of the batch: a batch of one class would forget its weight, and two halves would not
    make a whole.
    """

    weights: torch.Tensor | None

    def __init__(self, weights: torch.Tensor | None, label_smoothing: float) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.label_smoothing = label_smoothing

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        losses = nn.functional.cross_entropy(
            logits, labels, reduction="none", label_smoothing=self.label_smoothing
        )
        if self.weights is not None:
            losses = losses * self.weights[labels]
        return losses.mean()
