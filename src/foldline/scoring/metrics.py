"""Scores of whole sets of answers, and how sure they are."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, f1_score, log_loss

Labels = npt.NDArray[np.int64]
Probs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """`macro_f1` is the mean over all classes, a class nobody has or answers counting 0."""

    macro_f1: float
    accuracy: float
    log_loss: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def compute_scores(labels: Labels, probs: Probs) -> Scores:
    """Scores of `probs` `[N, C]` against `labels` `[N]`; NaN throughout when any of `probs` is."""
    if np.isnan(probs).any():
        return Scores(float("nan"), float("nan"), float("nan"))
    num_classes = probs.shape[1]
    answers = probs.argmax(axis=1)
    return Scores(
        macro_f1=compute_macro_f1(labels, answers, num_classes),
        accuracy=float(accuracy_score(labels, answers)),
        log_loss=float(log_loss(labels, _normalize(probs), labels=range(num_classes))),
    )


def compute_macro_f1(labels: Labels, answers: Labels, num_classes: int) -> float:
    """Macro-F1 over all `num_classes`."""
    return float(
        f1_score(labels, answers, labels=range(num_classes), average="macro", zero_division=0)
    )


def compute_bootstrap_interval(
    labels: Labels,
    answers: Labels,
    groups: Sequence[str],
    num_classes: int,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of macro-F1 when the people, not the pictures, are drawn anew.

    Percentile bootstrap over `groups` `[N]` (Efron and Tibshirani 1993, chapter 13): the pictures
    of one person are no independent witnesses.
    """
    names = sorted(set(groups))
    number = {name: position for position, name in enumerate(names)}
    group = np.array([number[name] for name in groups], dtype=np.int64)
    counts = np.stack(  # [people, 3, classes]: right, answered, true
        [
            _count(group[rows], classes[rows], len(names), num_classes)
            for rows, classes in (
                (np.flatnonzero(labels == answers), labels),
                (np.arange(len(labels)), answers),
                (np.arange(len(labels)), labels),
            )
        ],
        axis=1,
    )
    people = len(counts)
    draws = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), resamples)
    sums = (draws @ counts.reshape(people, -1)).reshape(resamples, 3, num_classes)
    f1 = 2 * sums[:, 0] / np.maximum(sums[:, 1] + sums[:, 2], 1)
    low, high = np.percentile(f1.mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _count(group: Labels, classes: Labels, people: int, num_classes: int) -> Probs:
    """How many pictures of each class each person has: `[people, num_classes]`."""
    flat = np.bincount(group * num_classes + classes, minlength=people * num_classes)
    return flat.reshape(people, num_classes).astype(np.float64)


def _normalize(probs: Probs) -> Probs:
    normalized: Probs = probs / probs.sum(axis=1, keepdims=True)
    return normalized
