"""Who was taken for whom, and how good each class is. A class nobody shows has no score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from foldline.metrics.counts import Labels

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassScores:
    """One entry a class; NaN where there is nothing to divide by.

    A class without a picture (`support` 0) has NaN throughout, one that is never answered has no
    precision. Macro-F1 counts the F1 of both as 0.
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    f1: npt.NDArray[np.float64]
    support: Counts


def count_confusion(labels: Labels, answers: Labels, num_classes: int) -> Counts:
    """Return pictures by true class (row) and answered class (column), `[C, C]`."""
    counts: Counts = confusion_matrix(labels, answers, labels=range(num_classes)).astype(np.int64)
    return counts


def merge_classes(counts: Counts, values: Sequence[int]) -> Counts:
    """Return the confusion of what classes have in common, such as the mask, whoever wears it.

    `values` has the value 0, 1, … of each class; the result is `[values, values]`.
    """
    merged = np.zeros((max(values) + 1,) * 2, dtype=np.int64)
    np.add.at(merged, np.ix_(values, values), counts)
    return merged


def compute_class_scores(labels: Labels, answers: Labels, num_classes: int) -> ClassScores:
    """Return precision, recall, F1 and number of pictures of every class."""
    *scores, support = precision_recall_fscore_support(
        labels, answers, labels=range(num_classes), average=None, zero_division=np.nan
    )
    precision, recall, f1 = (np.where(support > 0, score, np.nan) for score in scores)
    return ClassScores(precision, recall, f1, support.astype(np.int64))
