"""Class weights, and the cross entropy they go into."""

import numpy as np
import pytest
import torch

from foldline.learning.loss import build_cross_entropy, compute_class_weights

COUNTS = [8, 2, 0, 2]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("none", [1, 1, 1, 1]),
        ("balanced", [0.5, 2, 1, 2]),  # 12 pictures, 3 classes that have any: 12 / (3 n)
        ("sqrt", [0.75, 1.5, 1, 1.5]),
    ],
)
def test_class_weights_have_mean_one_over_the_pictures(kind: str, expected: list[float]) -> None:
    weights = compute_class_weights(COUNTS, kind)
    assert np.dot(weights, COUNTS) == pytest.approx(sum(COUNTS))
    assert weights == pytest.approx(expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_without_weights_it_is_torchs_cross_entropy(smoothing: float) -> None:
    logits, labels = torch.randn(5, 4), torch.tensor([0, 1, 3, 0, 0])
    criterion = build_cross_entropy(COUNTS, class_weights="none", label_smoothing=smoothing)
    expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    assert float(criterion(logits, labels)) == pytest.approx(float(expected))


def test_a_weighted_loss_is_the_mean_over_pictures_of_weight_times_loss() -> None:
    logits, labels = torch.randn(5, 4), torch.tensor([0, 1, 3, 0, 0])
    criterion = build_cross_entropy(COUNTS, class_weights="balanced", label_smoothing=0.0)
    losses = -logits.log_softmax(1)[torch.arange(5), labels]
    expected = (losses * torch.tensor([0.5, 2, 2, 0.5, 0.5])).mean()
    assert float(criterion(logits, labels)) == pytest.approx(float(expected))
    # so that a batch of a single class keeps its weight
    assert float(criterion(logits[:1], labels[:1])) == pytest.approx(0.5 * float(losses[0]))
