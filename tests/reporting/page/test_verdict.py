"""A difference is only shown where the people agree on it."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import f1_score

from foldline.reporting.page.verdict import compare_answers

CLASSES = 3


def answer(classes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.eye(CLASSES)[classes]


def build_case(seed: int = 0) -> tuple[npt.NDArray[np.int64], list[str]]:
    labels = np.random.default_rng(seed).integers(0, CLASSES, 420)
    return labels, [f"p{row // 7}" for row in range(420)]


def spoil(labels: npt.NDArray[np.int64], share: float, seed: int) -> npt.NDArray[np.int64]:
    random = np.random.default_rng(seed)
    wrong = random.random(len(labels)) < share
    return np.where(wrong, (labels + 1) % CLASSES, labels)


def macro_f1(labels: npt.NDArray[np.int64], answers: npt.NDArray[np.int64]) -> float:
    return float(f1_score(labels, answers, average="macro"))


def test_a_clear_difference_is_shown_in_both_directions() -> None:
    labels, groups = build_case()
    good, bad = spoil(labels, 0.1, 1), spoil(labels, 0.4, 2)
    result = compare_answers(labels, groups, answer(good), answer(bad), CLASSES)
    assert result.verdict == "the first is better"
    assert 0 < result.low < result.mean < result.high
    assert result.mean == pytest.approx(macro_f1(labels, good) - macro_f1(labels, bad), abs=0.01)
    turned = compare_answers(labels, groups, answer(bad), answer(good), CLASSES)
    assert turned.verdict == "the second is better"
    assert (turned.low, turned.high) == pytest.approx((-result.high, -result.low))


def test_equal_runs_do_not_differ() -> None:
    labels, groups = build_case()
    probs = answer(spoil(labels, 0.2, 1))
    result = compare_answers(labels, groups, probs, probs, CLASSES)
    assert (result.mean, result.low, result.high) == (0, 0, 0)
    assert result.verdict == "no difference is shown"


def test_pictures_of_one_person_are_one_witness() -> None:
    labels, groups = build_case()
    first, second = answer(spoil(labels, 0.2, 1)), answer(spoil(labels, 0.25, 2))
    one_each = compare_answers(labels, [str(n) for n in range(len(labels))], first, second, CLASSES)
    # the same people, five times over: no more is known than before
    five = compare_answers(
        np.tile(labels, 5),
        groups * 5,
        np.tile(first, (5, 1)),
        np.tile(second, (5, 1)),
        CLASSES,
    )
    by_person = compare_answers(labels, groups, first, second, CLASSES)
    assert (five.low, five.high) == pytest.approx((by_person.low, by_person.high))
    assert one_each != by_person
