"""Whether one run is better than another, or only luckier with the people it was scored on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_RESAMPLES = 1000

Labels = npt.NDArray[np.int64]
Probs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """Macro-F1 of the first minus the second: `mean`, and `low` to `high`, its 95 % interval."""

    mean: float
    low: float
    high: float
    verdict: str


def compare_answers(
    labels: Labels, groups: Sequence[str], probs_a: Probs, probs_b: Probs, num_classes: int
) -> Verdict:
    """Compare two runs' `probs` `[N, C]` on the same pictures with `labels` and `groups` `[N]`.

    Paired percentile bootstrap: the same people are drawn anew for both (Efron and Tibshirani
    1993, chapter 13), so that what is hard about a person does not count for either.
    """
    _, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    people = int(group.max()) + 1
    draws = np.random.default_rng(0).multinomial(people, np.full(people, 1 / people), _RESAMPLES)
    first, second = (
        _resample_macro_f1(labels, probs.argmax(axis=1), group, num_classes, draws)
        for probs in (probs_a, probs_b)
    )
    difference = first - second
    low, high = (float(bound) for bound in np.percentile(difference, [2.5, 97.5]))
    verdict = "no difference is shown"
    if low > 0 or high < 0:
        verdict = f"the {'first' if low > 0 else 'second'} is better"
    return Verdict(float(difference.mean()), low, high, verdict)


def _resample_macro_f1(
    labels: Labels, answers: Labels, group: Labels, num_classes: int, draws: npt.NDArray[Any]
) -> Probs:
    """Macro-F1 of each of `draws` `[R, people]`, how often each person is drawn: `[R]`."""
    right = labels == answers
    hits, answered, true = (
        np.bincount(
            group[kept] * num_classes + classes[kept], minlength=draws.shape[1] * num_classes
        ).reshape(-1, num_classes)
        for kept, classes in ((right, labels), (slice(None), answers), (slice(None), labels))
    )
    # in floating point, whose product of matrices is far faster and exact for counts
    weights = draws.astype(np.float64)
    f1 = 2 * (weights @ hits) / np.maximum(weights @ (answered + true), 1)
    means: Probs = f1.mean(axis=1)
    return means
