"""The gate's chances are what they are called, and its checks find what they are for."""

import numpy as np
import pytest
from benchmarks.drawn_answers import Drawn, Skill, draw_competition, draw_run

from foldline.scoring.gate import (
    Known,
    Reference,
    check_agreement,
    check_histogram,
    check_one_class,
    check_probs,
)
from foldline.scoring.metrics import Labels, Probs

NAMES = [f"class {number}" for number in range(18)]
FAIR = Skill()


def know(drawn: Drawn, out_of_fold: Probs) -> Known:
    return Known(out_of_fold.argmax(axis=1), drawn.labels, drawn.groups, drawn.folds)


def draw(
    seed: int, people: int = 120, test: int = 60, folds: int = 3
) -> tuple[Drawn, Known, Labels]:
    drawn = draw_competition(people, test, folds, seed, FAIR)
    own, answers = draw_run(drawn, seed, FAIR)
    return drawn, know(drawn, own), answers.argmax(axis=1)


def refer(drawn: Drawn, known: Known, seed: int) -> Reference:
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
        alone = Known(
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
        alone = Known(own.argmax(axis=1), drawn.labels, drawn.groups, np.zeros_like(drawn.folds))
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
    nobody = Reference("b", reference.answers, reference.known, np.zeros(0, dtype=bool), [])
    assert "too alike to tell" in check_agreement(answers.argmax(axis=1), nobody, 18).message
    assert known.count_people(420) == 60


def test_answers_are_the_most_probable_ones() -> None:
    probs = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])
    assert check_probs(np.array([1, 1, 0]), probs, ["a", "b", "c"]) is None
    finding = check_probs(np.array([1, 0, 1]), probs, ["a", "b", "c"])
    assert finding is not None
    assert finding.level == "stop"
    assert finding.message.startswith("1 of 3 answers are not the most probable")
    assert finding.message.endswith("that of c")
