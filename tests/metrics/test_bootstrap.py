"""People are drawn, not pictures, and the same seed draws the same people."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from foldline.metrics import bootstrap
from foldline.metrics.bootstrap import (
    compute_interval,
    count_comparable,
    count_people_like,
    draw_scores,
    draw_sums,
    score_drawn_counts,
)
from foldline.metrics.counts import (
    Counts,
    Labels,
    count_by_person,
    count_classes_by_person,
    number_people,
)
from foldline.metrics.metric import METRICS, Metric

MACRO_F1, LOG_LOSS = METRICS["macro_f1"], METRICS["log_loss"]


def test_counts_are_by_person() -> None:
    people = number_people(["b", "a", "b", "007", "7"])
    assert people.tolist() == [3, 2, 3, 0, 1]
    counts = count_classes_by_person(people, np.array([1, 0, 1, 2, 2]), 3)
    assert counts.tolist() == [[0, 0, 1], [0, 0, 1], [1, 0, 0], [0, 2, 0]]


def test_sums_stray_as_people_do() -> None:
    """Seven pictures a person, all alike: the variance is that of people, seven times larger."""
    counts = np.repeat([[7.0, 0.0], [0.0, 7.0]], 50, axis=0)
    sums = np.concatenate(list(draw_sums(counts, 40, draws=5000)))
    assert sums.shape == (5000, 2)
    assert (sums.sum(axis=1) == 280).all()
    shares = sums[:, 0] / 280
    assert abs(shares.mean() - 0.5) < 0.005
    assert abs(shares.std() - (0.25 / 40) ** 0.5) < 0.003


def test_one_more_person_is_any_row_of_the_unseen() -> None:
    sums = np.concatenate(
        list(draw_sums(np.array([[1.0, 0, 0]] * 3), 1, draws=8000, unseen=np.eye(3)[1:]))
    )
    assert np.abs(sums.mean(axis=0) - [3 / 4, 1 / 8, 1 / 8]).max() < 0.015


def test_the_same_seed_draws_the_same_people() -> None:
    one, two = (
        np.concatenate(list(draw_sums(np.arange(12.0).reshape(6, 2) * k, 4, draws=1500)))
        for k in (1, 3)
    )
    assert np.array_equal(one * 3, two)


@pytest.mark.parametrize("unseen", [None, np.eye(2)])
def test_how_many_are_drawn_at_once_changes_nothing(
    unseen: Counts | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = np.arange(14.0).reshape(7, 2)
    whole = list(draw_sums(counts, 5, draws=1500, unseen=unseen))
    assert [len(piece) for piece in whole] == [1000, 500]
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 100)
    parts = list(draw_sums(counts, 5, draws=1500, unseen=unseen))
    assert [len(piece) for piece in parts] == [1000, 500]
    assert np.array_equal(np.concatenate(parts), np.concatenate(whole))


def test_numbers_of_people() -> None:
    assert count_people_like(12600, 18900, 2700) == 1800
    assert count_people_like(3, 18900, 2700) == 1
    assert count_comparable(1800, 2700) == 1080
    assert count_comparable(1, 1) == 1


def draw_pictures(people: int, pictures: int, agreement: float) -> tuple[Labels, Labels, list[str]]:
    """Two classes, and answers that are right or wrong for most pictures of a person alike."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(people) % 2, pictures)
    right = np.repeat(random.random(people) < 0.7, pictures)
    alike = random.random(people * pictures) < agreement
    right = np.where(alike, right, random.random(people * pictures) < 0.7)
    groups = [f"person {number}" for number in range(people) for _ in range(pictures)]
    return labels, np.where(right, labels, 1 - labels), groups


def test_the_interval_is_that_of_a_plain_loop_over_people() -> None:
    labels, answers, groups = draw_pictures(people=6, pictures=3, agreement=0.5)
    names = sorted(set(groups))
    scores = []
    for draw in np.random.default_rng(5).integers(len(names), size=(40, len(names))):
        rows = [
            row
            for person in draw
            for row in np.flatnonzero(np.array(groups) == names[person]).tolist()
        ]
        scores.append(MACRO_F1.score(labels[rows], np.eye(3)[answers[rows]]))
    expected = np.percentile(scores, [2.5, 97.5])
    found = compute_interval(MACRO_F1, labels, np.eye(3)[answers], groups, draws=40, seed=5)
    assert found == pytest.approx(tuple(expected))


def test_the_interval_is_wider_where_the_pictures_of_a_person_agree() -> None:
    def width(agreement: float, *, by_person: bool) -> float:
        labels, answers, groups = draw_pictures(people=40, pictures=8, agreement=agreement)
        people = groups if by_person else [str(row) for row in range(len(labels))]
        low, high = compute_interval(MACRO_F1, labels, np.eye(2)[answers], people)
        assert low < MACRO_F1.score(labels, np.eye(2)[answers]) < high
        return high - low

    # eight pictures that agree are worth one
    assert width(1.0, by_person=True) > 2.2 * width(1.0, by_person=False)
    assert width(0.0, by_person=True) < 1.2 * width(0.0, by_person=False)


def test_the_interval_follows_from_people_and_seed_whatever_the_row_order() -> None:
    labels, answers, groups = draw_pictures(people=10, pictures=3, agreement=0.5)
    first = compute_interval(MACRO_F1, labels, np.eye(2)[answers], groups, seed=1)
    order = np.random.default_rng(0).permutation(len(labels))
    shuffled = compute_interval(
        MACRO_F1, labels[order], np.eye(2)[answers[order]], [groups[row] for row in order], seed=1
    )
    assert shuffled == first
    assert compute_interval(MACRO_F1, labels, np.eye(2)[answers], groups, seed=2) != first


def test_an_interval_is_of_a_thousand_draws_the_same_every_time() -> None:
    labels, answers, groups = draw_pictures(people=10, pictures=3, agreement=0.5)
    found = compute_interval(MACRO_F1, labels, np.eye(2)[answers], groups)
    assert found == compute_interval(
        MACRO_F1, labels, np.eye(2)[answers], groups, draws=1000, seed=0
    )
    counts = count_by_person(labels, answers, groups, 2)
    drawn = score_drawn_counts(MACRO_F1, counts, draws=1000)
    assert found == tuple(np.percentile(drawn, [2.5, 97.5]))


def test_several_runs_are_scored_on_the_same_people() -> None:
    labels, answers, groups = draw_pictures(people=10, pictures=3, agreement=0.5)
    one, two = (count_by_person(labels, each, groups, 2) for each in (answers, 1 - answers))
    both = score_drawn_counts(MACRO_F1, np.stack([one, two], axis=1), draws=1200)
    assert both.shape == (1200, 2)
    assert (both[:, 0] == score_drawn_counts(MACRO_F1, one, draws=1200)).all()
    assert (both[:, 1] == score_drawn_counts(MACRO_F1, two, draws=1200)).all()


def test_a_picture_each_of_many_people_takes_no_memory_to_speak_of() -> None:
    labels = np.arange(20_000) % 2
    groups = [str(row) for row in range(len(labels))]
    tracemalloc.start()
    try:
        compute_interval(MACRO_F1, labels, np.eye(2)[np.roll(labels, 1)], groups, draws=300)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # all draws at once would take 48 MB for every kind of number
    assert peak < 2**20 * 80


@pytest.mark.parametrize("metric", [LOG_LOSS, replace(LOG_LOSS, from_rows=None)])
def test_a_metric_without_counts_is_scored_on_the_rows_of_the_drawn_people(metric: Metric) -> None:
    labels, answers, groups = draw_pictures(people=6, pictures=3, agreement=0.5)
    probs = np.eye(2)[answers] * 0.6 + 0.2
    names, scores = sorted(set(groups)), []
    random = np.random.default_rng(5)
    for _ in range(40):
        drawn = random.integers(6, size=6)
        rows = [row for person in drawn for row in range(18) if groups[row] == names[person]]
        scores.append(LOG_LOSS.score(labels[rows], probs[rows]))
    found = draw_scores(metric, labels, probs, groups, draws=40, seed=5)
    assert found == pytest.approx(np.array(scores))
    assert draw_scores(metric, labels, probs, groups, draws=3, people=2).shape == (3,)


def test_drawn_scores_stray_around_the_score_as_people_do() -> None:
    rng = np.random.default_rng(0)
    groups = [str(number) for number in range(400) for _ in range(3)]
    labels = np.repeat(rng.integers(0, 3, 400), 3)
    answers = np.where(np.repeat(rng.random(400) < 0.7, 3), labels, (labels + 1) % 3)
    probs = np.eye(3)[answers]
    drawn = draw_scores(MACRO_F1, labels, probs, groups, draws=2000, people=200)
    assert drawn.shape == (2000,)
    assert drawn.mean() == pytest.approx(MACRO_F1.score(labels, np.eye(3)[answers]), abs=0.005)
    # accuracy by person has a variance of 0.7 · 0.3 / 200, and macro-F1 is near it here
    assert drawn.std() == pytest.approx((0.21 / 200) ** 0.5, rel=0.1)
    assert (
        draw_scores(MACRO_F1, labels, np.eye(3)[answers], groups, draws=2000, people=200) == drawn
    ).all()


def test_two_runs_that_answer_alike_have_no_noise_between_them() -> None:
    labels = np.arange(30) % 3
    groups = [str(number) for number in range(30)]
    one = draw_scores(MACRO_F1, labels, np.eye(3)[labels[::-1]], groups, draws=2000, people=10)
    assert (
        one - draw_scores(MACRO_F1, labels, np.eye(3)[labels[::-1]], groups, draws=2000, people=10)
    ).std() == 0
