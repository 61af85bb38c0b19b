"""Which class was taken for which, and how good each is; one without a picture has no score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from foldline.metrics.counts import Labels, Probs

Confusion = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassScores:
    """Scores by class, arrays `[C]`; `support` is the number of pictures.

    A class without a picture has NaN throughout, one that is never answered has no precision.
    Macro-F1 counts the F1 of both as 0.
    """

    precision: Probs
    recall: Probs
    f1: Probs
    support: Labels


def count_confusion(labels: Labels, answers: Labels, num_classes: int) -> Confusion:
    """Return pictures by true class (row) and answered class (column), `[C, C]`."""
    confusion: Confusion = confusion_matrix(labels, answers, labels=range(num_classes))
    return confusion.astype(np.int64)


def merge_classes(counts: Confusion, values: Sequence[int]) -> Confusion:
    """Return the confusion of what classes have in common, such as the mask, whoever wears it.

    `values` has the value 0, 1, … of each class; the result is `[values, values]`.
    """
    merged = np.zeros((max(values) + 1,) * 2, dtype=np.int64)
    np.add.at(merged, np.ix_(values, values), counts)
    return merged


def compute_class_scores(labels: Labels, answers: Labels, num_classes: int) -> ClassScores:
    """Return precision, recall, F1 and the number of pictures of every class."""
    *scores, support = precision_recall_fscore_support(
        labels, answers, labels=range(num_classes), average=None, zero_division=np.nan
    )
    precision, recall, f1 = (np.where(support > 0, score, np.nan) for score in scores)
    return ClassScores(precision, recall, f1, support.astype(np.int64))
