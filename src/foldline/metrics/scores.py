"""Scores of whole sets of answers, and how sure they are."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from foldline.metrics import person_draws

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
    drawn = score_drawn_people(counts, len(counts), draws=resamples, seed=seed)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def count_by_person(
    labels: Labels, answers: Labels, groups: Sequence[str], num_classes: int
) -> Counts:
    """Of each person and class the pictures answered rightly, answered, and true: `[P, 3, C]`.

    People in the order of their names, whatever the order of the rows.
    """
    people = person_draws.number_people(groups)
    # one class more takes in what is wrong
    right = np.where(labels == answers, labels, num_classes)
    return np.stack(
        [
            person_draws.count_by_person(people, right, num_classes + 1)[:, :num_classes],
            person_draws.count_by_person(people, answers, num_classes),
            person_draws.count_by_person(people, labels, num_classes),
        ],
        axis=1,
    )


def score_drawn_people(
    counts: Counts, num_drawn: int, *, draws: int, seed: int = 0
) -> npt.NDArray[np.float64]:
    """Macro-F1 `[draws, …]` of `num_drawn` people drawn with replacement.

    `counts` `[P, …, 3, C]` are those of `count_by_person`, of one run or of several, which are then
    scored on the same people.
    """
    flat = counts.reshape(len(counts), -1)
    sums = person_draws.draw_sums(flat, num_drawn, draws=draws, seed=seed)
    return np.concatenate(
        [compute_class_f1(piece.reshape(-1, *counts.shape[1:])).mean(axis=-1) for piece in sums]
    )


def compute_class_f1(counts: Counts) -> npt.NDArray[np.float64]:
    """F1 of each class from counts `[…, 3, C]`; 0 for one that nobody has and nobody answers."""
    f1: npt.NDArray[np.float64] = (
        2 * counts[..., 0, :] / np.maximum(counts[..., 1, :] + counts[..., 2, :], 1)
    )
    return f1


def _normalize(probs: Probs) -> Probs:
    normalized: Probs = probs / probs.sum(axis=1, keepdims=True)
    return normalized
