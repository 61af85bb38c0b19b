"""The gate's chances are what they are called, and its checks find what they are for."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from benchmarks.drawn_answers import Drawn, Skill, draw_competition, draw_run

from foldline.metrics.counts import Labels, Probs
from foldline.runs.out_of_fold import OutOfFold, build_out_of_fold
from foldline.submitting.gate import (
    STOP_CHANCE,
    WARN_CHANCE,
    Reference,
    check_agreement,
    check_histogram,
    check_one_class,
    check_probs,
    count_people,
)

NAMES = [f"class {number}" for number in range(18)]
FAIR = Skill()


def build_known(answers: Labels, labels: Labels, groups: Sequence[str], folds: Labels) -> OutOfFold:
    """Out-of-fold answers that are certain."""
    rows = {"path": np.arange(len(labels)).astype(str), "group": groups, "fold": folds}
    table = pd.DataFrame({**rows, "label": labels, "train_label": labels})
    num_classes = int(answers.max()) + 1
    return build_out_of_fold(table, np.eye(num_classes)[answers], [*map(str, range(num_classes))])


def know(drawn: Drawn, out_of_fold: Probs) -> OutOfFold:
    return build_known(out_of_fold.argmax(axis=1), drawn.labels, drawn.groups, drawn.folds)


def draw(
    seed: int, people: int = 120, test: int = 60, folds: int = 3
) -> tuple[Drawn, OutOfFold, Labels]:
    drawn = draw_competition(people, test, folds, seed, FAIR)
    own, answers = draw_run(drawn, seed, FAIR)
    return drawn, know(drawn, own), answers.argmax(axis=1)


def refer(drawn: Drawn, known: OutOfFold, seed: int) -> Reference:
    other, answers = draw_run(drawn, seed, FAIR)
    theirs = know(drawn, other)
    agreed = known.answers == theirs.answers
    return Reference("other", answers.argmax(axis=1), theirs, agreed, drawn.groups)


def test_false_alarms_of_the_histogram_are_as_rare_as_stated() -> None:
    """One network answers all: then the test people are like those out of fold, and no better."""
    drawn = (draw(seed, 60, 40, 1) for seed in range(200))
    levels = [check_histogram(a, k, NAMES).level for _, k, a in drawn]
    assert levels.count("stop") == 0
    # 2 are expected; 8 or more have a chance of 1 in 1,000
    assert levels.count("warn") < 8


def test_false_alarms_count_pictures_of_one_person_once() -> None:
    """With every picture taken for a person of its own, honest submissions are warned of."""
    warned = 0
    for seed in range(12):
        _, known, answers = draw(seed, 60, 40, 1)
        alone = build_known(
            known.answers, known.labels, [str(n) for n in range(len(known.labels))], known.folds
        )
        warned += check_histogram(answers, alone, NAMES).level != "note"
    assert warned >= 3


def test_an_average_of_networks_that_differ_is_no_alarm() -> None:
    """Each network likes other classes; their mean likes none, which shifts the shares."""
    skill = Skill(signal=2.5, liking=1.5)
    for seed in range(2):
        drawn = draw_competition(600, 600, 5, seed, skill)
        own, answers = draw_run(drawn, seed, skill)
        finding = check_histogram(answers.argmax(axis=1), know(drawn, own), NAMES)
        assert finding.level == "note", finding
        one_fold = np.zeros_like(drawn.folds)
        alone = build_known(own.argmax(axis=1), drawn.labels, drawn.groups, one_fold)
        # without allowance for the networks' differences it would be one
        assert check_histogram(answers.argmax(axis=1), alone, NAMES).level != "note"


def test_false_alarms_of_the_agreement_are_as_rare_as_stated() -> None:
    levels = []
    for seed in range(100):
        drawn, known, answers = draw(seed, 60, 40, 1)
        levels.append(check_agreement(answers, refer(drawn, known, 1000 + seed), 18).level)
    assert levels.count("stop") == 0
    assert levels.count("warn") < 6


@pytest.mark.parametrize("seed", range(3))
def test_what_is_spoilt_is_found(seed: int) -> None:
    drawn, known, answers = draw(seed)
    reference = refer(drawn, known, 50 + seed)
    shuffled = np.random.default_rng(seed).permutation(answers)
    for spoilt in (shuffled, answers[::-1], np.roll(answers, 7), (answers % 6) * 3 + answers // 6):
        assert check_agreement(spoilt, reference, 18).level == "stop"
    # classes in another order: their shares tell, too
    assert check_histogram((answers % 6) * 3 + answers // 6, known, NAMES).level != "note"
    assert check_histogram(np.full_like(answers, 4), known, NAMES).level == "stop"
    finding = check_one_class(np.full_like(answers, 4), known, NAMES)
    assert finding is not None
    assert (finding.level, finding.message) == ("stop", "every answer is class 4")


def test_one_class_proves_nothing_of_three_pictures() -> None:
    _, known, answers = draw(0)
    assert check_one_class(np.full(3, 4), known, NAMES) is None
    assert check_one_class(answers, known, NAMES) is None


def test_networks_that_know_nothing_say_that_shuffling_would_not_be_seen() -> None:
    skill = Skill(signal=0.0, liking=0.0, of_person=0.0)
    drawn = draw_competition(120, 60, 3, 0, skill)
    one, answers = draw_run(drawn, 1, skill)
    known = know(drawn, one)
    other, theirs = draw_run(drawn, 2, skill)
    agreed = one.argmax(axis=1) == other.argmax(axis=1)
    reference = Reference("b", theirs.argmax(axis=1), know(drawn, other), agreed, drawn.groups)
    finding = check_agreement(answers.argmax(axis=1), reference, 18)
    assert finding.level == "note"
    assert "too alike to tell" in finding.message
    nobody = Reference("b", reference.answers, reference.out_of_fold, np.zeros(0, dtype=bool), [])
    assert "too alike to tell" in check_agreement(answers.argmax(axis=1), nobody, 18).message
    assert count_people(known, 420) == 60


def test_answers_are_the_most_probable_ones() -> None:
    probs = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])
    assert check_probs(np.array([1, 1, 0]), probs, ["a", "b", "c"]) is None
    finding = check_probs(np.array([1, 0, 1]), probs, ["a", "b", "c"])
    assert finding is not None
    assert finding.level == "stop"
    assert finding.message.startswith("1 of 3 answers are not the most probable")
    assert finding.message.endswith("that of c")


def count_alike(people: int) -> OutOfFold:
    """People with a picture each, in one fold, half of them of either class."""
    classes = np.arange(people) % 2
    folds = np.zeros(people, np.int64)
    return build_known(classes, classes, [f"{who:04d}" for who in range(people)], folds)


def expect_level(chance: float) -> str | None:
    """What a finding of this chance must be; None so near to a limit that the draws decide."""
    if any(a / near < chance < a * near for a, near in ((STOP_CHANCE, 2), (WARN_CHANCE, 1.3))):
        return None
    return "stop" if chance < STOP_CHANCE else "warn" if chance < WARN_CHANCE else "note"


def compute_binomial(number: int, share: float) -> Probs:
    """The chance of each of 0 to `number` out of `number`."""
    ways = [
        math.comb(number, k) * share**k * (1 - share) ** (number - k) for k in range(number + 1)
    ]
    return np.array(ways)


def test_the_limits_are_what_the_documents_say() -> None:
    assert (STOP_CHANCE, WARN_CHANCE) == (1 / 10_000, 1 / 100)


@pytest.mark.parametrize(
    ("num_classes", "people", "level"),
    [
        # a person's class is one of so many: all are of one with the chance below
        (10, 1, None),  # 1
        (9, 3, None),  # 0.0123
        (11, 3, "warn"),  # 0.0083
        (9, 5, "warn"),  # 0.00015
        (11, 5, "stop"),  # 0.00007
        (2, 7, None),  # 0.0156
        (2, 8, "warn"),  # 0.0078
        (2, 14, "warn"),  # 0.00012
        (2, 15, "stop"),  # 0.00006
    ],
)
def test_one_answer_throughout_stops_and_warns_by_the_chance_of_it(
    num_classes: int, people: int, level: str | None
) -> None:
    labels = np.repeat(np.arange(num_classes), 20)
    groups = [str(row) for row in range(len(labels))]
    known = build_known(labels, labels, groups, np.zeros_like(labels))
    finding = check_one_class(np.zeros(people, np.int64), known, NAMES)
    assert (finding.level if finding else None) == level


def test_the_class_shares_are_told_in_answers_that_would_have_to_be_others() -> None:
    answers = (np.arange(60) >= 42).astype(np.int64)
    message = check_histogram(answers, count_alike(200), ["a", "b"]).message
    assert "20% of the answers would have to be others" in message
    assert ", 50.0% there" in message


def test_the_class_shares_stop_and_warn_by_their_chance() -> None:
    """Two classes, each person a picture: the chance is that of a binomial distribution."""
    known, rows = count_alike(200), 60
    # as many people as stray like the difference of 60 here and 200 there
    number = round(rows * 200 / (rows + 200))
    chances = compute_binomial(number, 0.5)
    off = np.abs(np.arange(number + 1) / number - 0.5)
    found: dict[str, list[int]] = {}
    for first in range(36, 54):
        answers = (np.arange(rows) >= first).astype(np.int64)
        chance = float(chances[off >= first / rows - 0.5 - 1e-9].sum())
        level = check_histogram(answers, known, ["a", "b"]).level
        if expected := expect_level(chance):
            assert level == expected, (first, chance)
            found.setdefault(level, []).append(first)
    assert [*found] == ["note", "warn", "stop"]
    # what is judged lies close to both sides of both limits
    assert found["warn"][0] - found["note"][-1] <= 3
    assert found["stop"][0] - found["warn"][-1] <= 3


def test_the_agreement_stops_and_warns_by_its_chance() -> None:
    """Two runs that agree in 90 % of the pictures out of fold, and here in fewer."""
    people, rows = 400, 100
    known = count_alike(people)
    agreed = np.arange(people) % 10 > 0
    theirs = np.arange(rows) % 2
    reference = Reference("b", theirs, known, agreed, known.groups)
    number = round(rows * people / (rows + people))
    # one more person agrees or does not
    chances = compute_binomial(number, (0.9 * people + 0.5) / (people + 1))
    found: dict[str, list[int]] = {}
    for alike in range(66, 92):
        answers = np.where(np.arange(rows) < alike, theirs, 1 - theirs)
        chance = float(chances[np.arange(number + 1) / number <= alike / rows + 1e-9].sum())
        level = check_agreement(answers, reference, 2).level
        if expected := expect_level(chance):
            assert level == expected, (alike, chance)
            found.setdefault(level, []).append(alike)
    assert [*found] == ["stop", "warn", "note"]
    assert found["warn"][0] - found["stop"][-1] <= 3
    assert found["note"][0] - found["warn"][-1] <= 4


def test_answers_turned_round_stop_also_where_shuffled_ones_would_not_be_seen() -> None:
    """Two runs that agree by luck alone out of fold, and here in not one picture."""
    known = count_alike(400)
    theirs = np.arange(100) % 2
    reference = Reference("b", theirs, known, np.arange(400) % 2 > 0, known.groups)
    finding = check_agreement(1 - theirs, reference, 2)
    assert finding.level == "stop"
    assert "in 0% of the rows; out of fold in 50%, shuffled ones would in 50%" in finding.message


@pytest.mark.parametrize(
    ("right", "alike", "level", "text"),
    [
        # shuffled answers would agree in 50 of 100; 3.7 deviations of 5 above is 68.5
        (95, 68, "stop", "are the answers those of other rows?"),
        (95, 69, "note", "the true ones in about 95%"),
        # twice that is 87: where the truth itself agrees no more, nothing can be told
        (87, 50, "note", "too alike to tell shuffled answers by it"),
        (88, 50, "stop", "are the answers those of other rows?"),
    ],
)
def test_without_out_of_fold_answers_luck_and_truth_are_the_limits(
    right: int, alike: int, level: str, text: str
) -> None:
    labels = np.arange(100) % 2
    answers = np.where(np.arange(100) < right, labels, 1 - labels)
    groups = [str(who) for who in range(100)]
    known = build_known(answers, labels, groups, np.zeros(100, np.int64))
    theirs = np.arange(100) % 2
    # as many of either class, whatever the agreement
    swapped = np.arange(100) >= alike
    ours = np.where(swapped, 1 - theirs, theirs)
    nobody = Reference("b", theirs, known, np.zeros(0, dtype=bool), [])
    finding = check_agreement(ours, nobody, 2)
    assert finding.level == level, finding
    assert text in finding.message
