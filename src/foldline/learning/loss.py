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

    `label_smoothing` as in Szegedy et al. 2016, "Rethinking the Inception Architecture".
    """
    weight = None
    if class_weights != "none":
        weight = torch.tensor(compute_class_weights(counts, class_weights), dtype=torch.float32)
    return _MeanCrossEntropy(weight=weight, label_smoothing=label_smoothing, reduction="none")


class _MeanCrossEntropy(nn.CrossEntropyLoss):
    """Divides by the pictures, where torch divides by the sum of their weights.

    There a batch of one class would forget its weight, and two halves would not make a whole.
    """

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return super().forward(logits, labels).mean()
