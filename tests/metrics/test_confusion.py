"""Who was taken for whom."""

import numpy as np

from foldline.metrics.confusion import compute_class_scores, count_confusion, merge_classes


def test_rows_are_true_and_columns_are_answered() -> None:
    counts = count_confusion(np.array([0, 0, 2, 2, 2]), np.array([0, 2, 2, 0, 0]), 3)
    assert counts.tolist() == [[1, 0, 1], [0, 0, 0], [2, 0, 1]]


def test_merged_classes_keep_every_picture() -> None:
    counts = np.arange(16).reshape(4, 4)
    # classes 0 and 2 have the first value in common, 1 and 3 the second
    merged = merge_classes(counts, [0, 1, 0, 1])
    assert merged.tolist() == [[0 + 2 + 8 + 10, 1 + 3 + 9 + 11], [4 + 6 + 12 + 14, 5 + 7 + 13 + 15]]
    assert merged.sum() == counts.sum()


def test_a_class_nobody_shows_has_no_score_and_one_never_answered_no_precision() -> None:
    labels, answers = np.array([0, 0, 0, 2]), np.array([0, 0, 1, 0])
    scores = compute_class_scores(labels, answers, 3)
    assert scores.support.tolist() == [3, 0, 1]
    np.testing.assert_allclose(scores.precision, [2 / 3, np.nan, np.nan])
    np.testing.assert_allclose(scores.recall, [2 / 3, np.nan, 0])
    np.testing.assert_allclose(scores.f1, [2 / 3, np.nan, 0])
