"""Scores of whole sets of answers, and how sure they are."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]
Probs = npt.NDArray[np.float64]
Counts = npt.NDArray[np.float64]


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
    from sklearn.metrics import accuracy_score, log_loss

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
    # imported when asked, as it takes longer to load than two runs to be compared
    from sklearn.metrics import f1_score

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
    counts = count_by_person(labels, answers, groups, num_classes)
    draws = draw_people(len(counts), resamples, seed)
    macro_f1 = compute_class_f1(sum_draws(draws, counts)).mean(axis=1)
    low, high = np.percentile(macro_f1, [2.5, 97.5])
    return float(low), float(high)


def count_by_person(
    labels: Labels, answers: Labels, groups: Sequence[str], num_classes: int
) -> Counts:
    """Of each person and class the pictures answered rightly, answered, and true: `[P, 3, C]`.

    People in the order of their names, whatever the order of the rows.
    """
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    right = labels == answers
    parts = ((group[right], labels[right]), (group, answers), (group, labels))
    return np.stack([_count(who, what, len(names), num_classes) for who, what in parts], axis=1)


@lru_cache(maxsize=1)  # several comparisons on the same people draw the same
def draw_people(people: int, resamples: int, seed: int) -> Counts:
    """How often each person is drawn when as many are drawn with replacement: `[R, P]`."""
    random = np.random.default_rng(seed)
    draws = random.multinomial(people, np.full(people, 1 / people), resamples).astype(np.float64)
    draws.setflags(write=False)
    return draws


def sum_draws(draws: Counts, counts: Counts) -> Counts:
    """The counts `[P, 3, C]` of the people in each draw `[R, P]`, summed: `[R, 3, C]`."""
    sums: Counts = draws @ counts.reshape(len(counts), -1)
    return sums.reshape(len(draws), *counts.shape[1:])


def compute_class_f1(counts: Counts) -> npt.NDArray[np.float64]:
    """F1 of each class from counts `[…, 3, C]`; 0 for one that nobody has and nobody answers."""
    f1: npt.NDArray[np.float64] = (
        2 * counts[..., 0, :] / np.maximum(counts[..., 1, :] + counts[..., 2, :], 1)
    )
    return f1


def _count(group: Labels, classes: Labels, people: int, num_classes: int) -> Counts:
    flat = np.bincount(group * num_classes + classes, minlength=people * num_classes)
    return flat.reshape(people, num_classes).astype(np.float64)


def _normalize(probs: Probs) -> Probs:
    normalized: Probs = probs / probs.sum(axis=1, keepdims=True)
    return normalized
