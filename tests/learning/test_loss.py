"""Class weights, and the cross entropy they go into."""

import numpy as np
import pytest
import torch

from foldline.learning.loss import build_loss, compute_class_weights

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
    criterion = build_loss("cross_entropy", COUNTS, class_weights="none", label_smoothing=smoothing)
    expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    assert float(criterion(logits, labels)) == pytest.approx(float(expected))


def test_a_weighted_loss_is_the_mean_over_pictures_of_weight_times_loss() -> None:
    logits, labels = torch.randn(5, 4), torch.tensor([0, 1, 3, 0, 0])
    criterion = build_loss("cross_entropy", COUNTS, class_weights="balanced", label_smoothing=0.0)
    losses = -logits.log_softmax(1)[torch.arange(5), labels]
    expected = (losses * torch.tensor([0.5, 2, 2, 0.5, 0.5])).mean()
    assert float(criterion(logits, labels)) == pytest.approx(float(expected))
    # so that a batch of a single class keeps its weight
    assert float(criterion(logits[:1], labels[:1])) == pytest.approx(0.5 * float(losses[0]))


@pytest.mark.parametrize(
    ("kind", "counts", "best"),
    [
        ("balanced", [900, 90, 10], [1 / 3, 1 / 3, 1 / 3]),
        ("balanced", [8, 2, 0, 2], [0.325, 0.325, 0.025, 0.325]),  # 0.9 / 3 + 0.1 / 4
        ("sqrt", [16, 4, 1], [0.9 * 4 / 7 + 0.1 / 3, 0.9 * 2 / 7 + 0.1 / 3, 0.9 / 7 + 0.1 / 3]),
    ],
)
def test_a_weight_is_not_given_to_what_smoothing_gives_to_a_class(
    kind: str, counts: list[int], best: list[float]
) -> None:
    constant = torch.tensor(best).log().requires_grad_()
    criterion = build_loss("cross_entropy", counts, class_weights=kind, label_smoothing=0.1)
    (slope,) = torch.autograd.grad(criterion(*_answer_all(counts, constant)), constant)
    # the loss is convex in the logits, so where it is level no constant answer is better
    assert slope.tolist() == pytest.approx([0.0] * len(counts), abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["none", "sqrt", "balanced"])
def test_the_loss_of_an_equal_answer_is_that_without_weights(kind: str, smoothing: float) -> None:
    criterion = build_loss("cross_entropy", COUNTS, class_weights=kind, label_smoothing=smoothing)
    loss = criterion(*_answer_all(COUNTS, torch.zeros(len(COUNTS))))
    assert float(loss) == pytest.approx(np.log(len(COUNTS)))


def _answer_all(counts: list[int], constant: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The same logits for every picture of a table, and the labels."""
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    return constant.expand(len(labels), -1), labels
