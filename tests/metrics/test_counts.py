"""Counts by person against hand arithmetic."""

import numpy as np
import pytest

from foldline.metrics.counts import Labels, compute_class_f1, count_by_person
from foldline.metrics.metric import METRICS


def ints(*values: int) -> Labels:
    return np.array(values, dtype=np.int64)


def test_counts_of_people_and_the_f1_of_their_sums_by_hand() -> None:
    labels, answers = ints(0, 0, 1, 2), ints(0, 1, 1, 1)
    counts = count_by_person(labels, answers, ["b", "a", "b", "b"], 4)
    assert counts[0].tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]]  # a
    assert counts[1].tolist() == [[1, 1, 0, 0], [1, 2, 0, 0], [1, 1, 1, 0]]  # b
    f1 = compute_class_f1(counts.sum(axis=0))
    assert f1 == pytest.approx([2 / 3, 2 / 4, 0, 0])
    assert f1.mean() == pytest.approx(METRICS["macro_f1"].score(labels, np.eye(4)[answers]))
