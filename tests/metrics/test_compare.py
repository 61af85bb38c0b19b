"""The paired bootstrap against a plain loop, against scipy's, and in a small study."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import bootstrap

from foldline.metrics.compare import (
    Comparison,
    Draws,
    compare_draws,
    compare_runs,
    draw_run,
)
from foldline.metrics.counts import Labels, Probs
from foldline.metrics.metric import METRICS

MACRO_F1 = METRICS["macro_f1"]

CLASSES, PICTURES = 3, 5


def draw_study(
    people: int, seed: int, *, right: tuple[float, float] = (0.7, 0.7)
) -> tuple[Labels, list[str], Probs, Probs]:
    """Each run is right or wrong about all pictures of a person alike, but for one in five."""
    random = np.random.default_rng(seed)
    labels = np.repeat(random.integers(0, CLASSES, people), PICTURES)
    rows = len(labels)
    answers = []
    for share in right:
        of_person = np.repeat(random.random(people) < share, PICTURES)
        of_picture = random.random(rows) < share
        is_right = np.where(random.random(rows) < 0.8, of_person, of_picture)
        answers.append(np.where(is_right, labels, random.integers(0, CLASSES, rows)))
    groups = [f"person {person}" for person in range(people) for _ in range(PICTURES)]
    one, two = (np.eye(CLASSES)[each] * 0.6 + 0.1 for each in answers)
    return labels, groups, one, two


def compare(study: tuple[Labels, list[str], Probs, Probs], **options: Any) -> Comparison:
    return compare_runs(MACRO_F1, *study, **options)


def score_difference(study: tuple[Labels, list[str], Probs, Probs], rows: Any) -> float:
    labels, _, one, two = study
    of_one, of_two = (
        MACRO_F1.score(labels[rows], np.eye(CLASSES)[each.argmax(1)[rows]]) for each in (one, two)
    )
    return of_two - of_one


def test_it_is_a_plain_loop_over_people_both_runs_on_the_same_draw() -> None:
    study = draw_study(people=6, seed=0)
    names = sorted(set(study[1]))
    differences = []
    for draw in np.random.default_rng(3).integers(len(names), size=(40, len(names))):
        rows = [
            row
            for person in draw
            for row in np.flatnonzero(np.array(study[1]) == names[person]).tolist()
        ]
        differences.append(score_difference(study, rows))
    found = compare(study, resamples=40, seed=3)
    assert found.difference == pytest.approx(score_difference(study, slice(None)))
    assert found.mean == pytest.approx(np.mean(differences))
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(differences, [2.5, 97.5])))
    assert (found.people, found.resamples) == (6, 40)


def test_scipy_gives_the_same_interval_within_the_chance_of_the_draws() -> None:
    labels, groups, one, two = study = draw_study(people=80, seed=1, right=(0.65, 0.75))
    names, person = np.unique(groups, return_inverse=True)
    # [people, classes, classes]: how often each person's true class got each answer
    tables = np.zeros((2, len(names), CLASSES, CLASSES))
    for table, probs in zip(tables, (one, two), strict=True):
        np.add.at(table, (person, labels, probs.argmax(1)), 1)

    def difference(drawn_a: Any, drawn_b: Any) -> float:
        scores = []
        for table, drawn in zip(tables, (drawn_a, drawn_b), strict=True):
            confusion = table[drawn].sum(axis=0)
            either = confusion.sum(axis=0) + confusion.sum(axis=1)
            scores.append((2 * np.diag(confusion) / either).mean())
        return float(scores[1] - scores[0])

    people = np.arange(len(names))
    expected = bootstrap(
        (people, people),
        difference,
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=4000,
        random_state=np.random.default_rng(0),
    ).confidence_interval
    found = compare(study, resamples=4000)
    # the ends of two draws of 4,000 differ by some 3 hundredths of the standard error, here 0.04
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.005)


def test_a_clear_gain_a_clear_loss_and_nothing() -> None:
    labels, groups, one, two = draw_study(people=100, seed=2, right=(0.5, 0.9))
    gain = compare_runs(MACRO_F1, labels, groups, one, two)
    loss = compare_runs(MACRO_F1, labels, groups, two, one)
    same = compare_runs(MACRO_F1, labels, groups, one, one)
    assert (gain.verdict, loss.verdict, same.verdict) == ("real gain", "real loss", "noise")
    assert 0 < gain.low < gain.difference < gain.high
    assert (loss.low, loss.high) == pytest.approx((-gain.high, -gain.low))
    assert (loss.score_a, loss.score_b) == (gain.score_b, gain.score_a)
    assert (same.difference, same.low, same.high) == (0, 0, 0)


def test_runs_without_a_difference_are_seldom_called() -> None:
    # drawn by people 8 of these are called, drawn by pictures 22
    studies = [draw_study(people=60, seed=seed) for seed in range(100)]
    called = sum(compare(study, resamples=400).verdict != "noise" for study in studies)
    assert called <= 12


def test_a_large_gain_is_mostly_found_and_never_a_loss() -> None:
    studies = [draw_study(people=60, seed=seed, right=(0.6, 0.85)) for seed in range(30)]
    verdicts = [compare(study, resamples=400).verdict for study in studies]
    assert verdicts.count("real gain") >= 24
    assert "real loss" not in verdicts


def test_the_macro_f1_is_over_all_classes_one_that_nobody_has_counting_0() -> None:
    labels, groups, one, two = draw_study(people=30, seed=4)
    found = compare_runs(MACRO_F1, labels, groups, one, two)
    wide = [np.pad(probs, ((0, 0), (0, 3))) for probs in (one, two)]
    doubled = compare_runs(MACRO_F1, labels, groups, wide[0], wide[1])
    assert doubled.score_a == pytest.approx(found.score_a / 2)
    assert (doubled.low, doubled.high) == pytest.approx((found.low / 2, found.high / 2))


def test_it_follows_from_people_and_seed_whatever_the_row_order() -> None:
    labels, groups, one, two = study = draw_study(people=20, seed=5)
    order = np.random.default_rng(0).permutation(len(labels))
    shuffled = (labels[order], [groups[row] for row in order], one[order], two[order])
    assert compare(shuffled) == compare(study) == compare(study, seed=0)
    assert compare(study, seed=1) != compare(study)


def test_scores_drawn_alone_are_those_of_the_comparison() -> None:
    """Of 2,000 draws by the seed 0, so that runs drawn in two commands can be compared."""
    labels, groups, one, two = study = draw_study(people=20, seed=7)
    a, b = (draw_run(MACRO_F1, labels, groups, each) for each in (one, two))
    assert compare_draws(a, b) == compare(study) == compare(study, resamples=2000, seed=0)
    assert len(a.drawn) == 2000
    assert a.seen == pytest.approx(MACRO_F1.score(labels, np.eye(CLASSES)[one.argmax(1)]))


def test_what_does_not_belong_together_is_refused() -> None:
    labels, groups, one, two = draw_study(people=4, seed=6)
    with pytest.raises(ValueError, match="19 groups for 20 labels"):
        compare_runs(MACRO_F1, labels, groups[1:], one, two)
    with pytest.raises(ValueError, match="0 groups for 0 labels"):
        compare_runs(MACRO_F1, labels[:0], [], one[:0], two[:0])
    with pytest.raises(ValueError, match=r"run B: probabilities \[20, 3\] for \[20, 4\]"):
        compare_runs(MACRO_F1, labels, groups, np.pad(one, ((0, 0), (0, 1))), two)
    broken = two.copy()
    broken[3] = np.nan
    with pytest.raises(ValueError, match="run B: 1 rows are not finite"):
        compare_runs(MACRO_F1, labels, groups, one, broken)


@pytest.mark.parametrize(
    ("share_below", "verdict"),
    [(0.015, "noise"), (0.005, "real gain"), (0.985, "noise"), (0.995, "real loss")],
)
def test_the_verdict_asks_for_more_than_the_interval_shows(
    share_below: float, verdict: str
) -> None:
    drawn = (np.arange(1000) + 0.5) / 1000 - share_below
    found = compare_draws(Draws(MACRO_F1, 0.5, np.zeros(1000), 9), Draws(MACRO_F1, 0.5, drawn, 9))
    assert found.low > 0 or found.high < 0
    assert found.verdict == verdict


def test_less_is_a_gain_where_less_is_better() -> None:
    labels, groups, one, two = draw_study(people=100, seed=2, right=(0.5, 0.9))
    found = compare_runs(METRICS["log_loss"], labels, groups, one, two, resamples=200)
    assert found.high < 0
    assert found.verdict == "real gain"
