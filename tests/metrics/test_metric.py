"""Scores against hand arithmetic, and what the table says of each metric."""

import math

import numpy as np
import pytest

from foldline.metrics.counts import Labels, Probs, count_by_person
from foldline.metrics.metric import METRICS, Metric, compute_scores

MACRO_F1, LOG_LOSS = METRICS["macro_f1"], METRICS["log_loss"]


def to_probs(answers: list[int], num_classes: int) -> Probs:
    return np.eye(num_classes)[answers]


def ints(*values: int) -> Labels:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("labels", "answers", "num_classes", "expected"),
    [
        # class 0: 2 of 2 right, answered 3 times; class 1: 1 of 2, answered once; class 2: 1 of 1
        (ints(0, 0, 1, 1, 2), ints(0, 0, 0, 1, 2), 3, (4 / 5 + 2 / 3 + 1) / 3),
        # a class that nobody has and nobody answers counts 0
        (ints(0, 0, 1, 1, 2), ints(0, 0, 0, 1, 2), 4, (4 / 5 + 2 / 3 + 1) / 4),
        (ints(0, 1), ints(0, 1), 18, 2 / 18),
        (ints(0, 1), ints(1, 0), 2, 0),
        (ints(0, 0, 0), ints(0, 1, 1), 2, (1 / 2 + 0) / 2),  # answered, but nobody has it
    ],
)
def test_macro_f1_is_the_mean_over_all_classes(
    labels: Labels, answers: Labels, num_classes: int, expected: float
) -> None:
    assert MACRO_F1.score(labels, np.eye(num_classes)[answers]) == pytest.approx(expected)


def test_scores_by_hand() -> None:
    labels = ints(0, 1, 1, 2)
    probs = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    scores = compute_scores(labels, probs)
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert scores["accuracy"] == 0.75
    assert scores["log_loss"] == pytest.approx(-np.log([0.5, 0.5, 0.25, 0.8]).mean())
    assert list(scores) == ["macro_f1", "accuracy", "log_loss"]


def test_macro_f1_is_not_the_mean_of_that_of_batches() -> None:
    labels, answers = ints(0, 0, 1, 1), [0, 0, 1, 0]
    whole = compute_scores(labels, to_probs(answers, 2))["macro_f1"]
    batches = [
        compute_scores(labels[part], to_probs(answers, 2)[part])["macro_f1"]
        for part in (slice(0, 2), slice(2, 4))
    ]
    assert whole == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert np.mean(batches) == pytest.approx((1 / 2 + 1 / 3) / 2)


def test_probabilities_as_read_from_a_file_need_not_sum_to_one_exactly() -> None:
    probs = np.array([[0.7, 0.3], [0.4, 0.6]])
    assert compute_scores(ints(0, 1), probs * (1 + 1e-6))["log_loss"] == pytest.approx(
        compute_scores(ints(0, 1), probs)["log_loss"]
    )


def test_a_network_that_gives_nan_has_no_score() -> None:
    probs = np.array([[0.5, 0.5], [np.nan, np.nan]])
    assert all(np.isnan(value) for value in compute_scores(ints(0, 1), probs).values())


@pytest.mark.parametrize("key", METRICS)
def test_the_fast_ways_to_a_score_lead_to_the_same(key: str) -> None:
    metric, random = METRICS[key], np.random.default_rng(0)
    labels, answers = random.integers(3, size=(2, 40))
    probs = np.eye(4)[answers] * 0.4 + random.dirichlet(np.ones(4), 40) * 0.6
    probs[0] = np.eye(4)[labels[0] - 1]  # sure and wrong
    expected = pytest.approx(metric.score(labels, probs))
    if metric.from_counts:
        groups = [str(row % 7) for row in range(40)]
        counts = count_by_person(labels, probs.argmax(axis=1), groups, 4)
        assert metric.from_counts(counts.sum(axis=0)) == expected
    if metric.from_rows:
        assert metric.from_rows(labels, probs).mean() == expected
    assert bool(metric.from_counts) == (metric.needs == "answers")


def test_the_better_score_has_the_gain_and_comes_first() -> None:
    assert MACRO_F1.compute_gain(0.7, 0.5) == pytest.approx(0.2)
    assert LOG_LOSS.compute_gain(0.7, 0.5) == pytest.approx(-0.2)
    assert sorted([None, 0.2, 0.9, math.nan, 0.5], key=MACRO_F1.rank)[:3] == [0.9, 0.5, 0.2]
    assert sorted([None, 0.2, 0.9, math.nan, 0.5], key=LOG_LOSS.rank)[:3] == [0.2, 0.5, 0.9]


@pytest.mark.parametrize(
    ("metric", "score", "possible"),
    [
        *((MACRO_F1, 0.0, True), (MACRO_F1, 1.0, True), (MACRO_F1, 1.01, False)),
        *((LOG_LOSS, 7.0, True), (LOG_LOSS, -0.1, False), (LOG_LOSS, math.nan, False)),
    ],
)
def test_a_score_lies_in_the_range(metric: Metric, score: float, possible: bool) -> None:
    assert metric.is_possible(score) == possible
