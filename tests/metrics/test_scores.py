"""Scores against hand arithmetic, and their interval against a plain loop."""

import tracemalloc

import numpy as np
import pytest

from foldline.metrics.scores import (
    Labels,
    Probs,
    compute_bootstrap_interval,
    compute_class_f1,
    compute_macro_f1,
    compute_scores,
    count_by_person,
    score_drawn_people,
)


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
    assert compute_macro_f1(labels, answers, num_classes) == pytest.approx(expected)


def test_scores_by_hand() -> None:
    labels = ints(0, 1, 1, 2)
    probs = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    scores = compute_scores(labels, probs)
    assert scores.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert scores.accuracy == 0.75
    assert scores.log_loss == pytest.approx(-np.log([0.5, 0.5, 0.25, 0.8]).mean())
    assert scores.to_dict() == {
        "macro_f1": scores.macro_f1,
        "accuracy": 0.75,
        "log_loss": scores.log_loss,
    }


def test_macro_f1_is_not_the_mean_of_that_of_batches() -> None:
    labels, answers = ints(0, 0, 1, 1), [0, 0, 1, 0]
    whole = compute_scores(labels, to_probs(answers, 2)).macro_f1
    batches = [
        compute_scores(labels[part], to_probs(answers, 2)[part]).macro_f1
        for part in (slice(0, 2), slice(2, 4))
    ]
    assert whole == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert np.mean(batches) == pytest.approx((1 / 2 + 1 / 3) / 2)


def test_probabilities_as_read_from_a_file_need_not_sum_to_one_exactly() -> None:
    probs = np.array([[0.7, 0.3], [0.4, 0.6]])
    assert compute_scores(ints(0, 1), probs * (1 + 1e-6)).log_loss == pytest.approx(
        compute_scores(ints(0, 1), probs).log_loss
    )


def test_a_network_that_gives_nan_has_no_score() -> None:
    probs = np.array([[0.5, 0.5], [np.nan, np.nan]])
    assert all(np.isnan(value) for value in compute_scores(ints(0, 1), probs).to_dict().values())


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
        scores.append(compute_macro_f1(labels[rows], answers[rows], 3))
    expected = np.percentile(scores, [2.5, 97.5])
    found = compute_bootstrap_interval(labels, answers, groups, 3, resamples=40, seed=5)
    assert found == pytest.approx(tuple(expected))


def test_the_interval_is_wider_where_the_pictures_of_a_person_agree() -> None:
    def width(agreement: float, *, by_person: bool) -> float:
        labels, answers, groups = draw_pictures(people=40, pictures=8, agreement=agreement)
        people = groups if by_person else [str(row) for row in range(len(labels))]
        low, high = compute_bootstrap_interval(labels, answers, people, 2)
        assert low < compute_macro_f1(labels, answers, 2) < high
        return high - low

    # eight pictures that agree are worth one
    assert width(1.0, by_person=True) > 2.2 * width(1.0, by_person=False)
    assert width(0.0, by_person=True) < 1.2 * width(0.0, by_person=False)


def test_the_interval_follows_from_people_and_seed_whatever_the_row_order() -> None:
    labels, answers, groups = draw_pictures(people=10, pictures=3, agreement=0.5)
    first = compute_bootstrap_interval(labels, answers, groups, 2, seed=1)
    order = np.random.default_rng(0).permutation(len(labels))
    shuffled = compute_bootstrap_interval(
        labels[order], answers[order], [groups[row] for row in order], 2, seed=1
    )
    assert shuffled == first
    assert compute_bootstrap_interval(labels, answers, groups, 2, seed=2) != first


def test_an_interval_is_of_a_thousand_draws_the_same_every_time() -> None:
    labels, answers, groups = draw_pictures(people=10, pictures=3, agreement=0.5)
    found = compute_bootstrap_interval(labels, answers, groups, 2)
    assert found == compute_bootstrap_interval(labels, answers, groups, 2, resamples=1000, seed=0)
    counts = count_by_person(labels, answers, groups, 2)
    drawn = score_drawn_people(counts, 10, draws=1000)
    assert found == tuple(np.percentile(drawn, [2.5, 97.5]))


def test_counts_of_people_and_the_f1_of_their_sums_by_hand() -> None:
    labels, answers = ints(0, 0, 1, 2), ints(0, 1, 1, 1)
    counts = count_by_person(labels, answers, ["b", "a", "b", "b"], 4)
    assert counts[0].tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]]  # a
    assert counts[1].tolist() == [[1, 1, 0, 0], [1, 2, 0, 0], [1, 1, 1, 0]]  # b
    f1 = compute_class_f1(counts.sum(axis=0))
    assert f1 == pytest.approx([2 / 3, 2 / 4, 0, 0])
    assert f1.mean() == pytest.approx(compute_macro_f1(labels, answers, 4))


def test_several_runs_are_scored_on_the_same_people() -> None:
    labels, answers, groups = draw_pictures(people=10, pictures=3, agreement=0.5)
    one, two = (count_by_person(labels, each, groups, 2) for each in (answers, 1 - answers))
    both = score_drawn_people(np.stack([one, two], axis=1), 10, draws=1200)
    assert both.shape == (1200, 2)
    assert (both[:, 0] == score_drawn_people(one, 10, draws=1200)).all()
    assert (both[:, 1] == score_drawn_people(two, 10, draws=1200)).all()


def test_a_picture_each_of_many_people_takes_no_memory_to_speak_of() -> None:
    labels = np.arange(20_000) % 2
    groups = [str(row) for row in range(len(labels))]
    tracemalloc.start()
    try:
        compute_bootstrap_interval(labels, np.roll(labels, 1), groups, 2, resamples=300)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # all draws at once would take 48 MB for every kind of number
    assert peak < 2**20 * 80
