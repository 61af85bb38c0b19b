"""Answers of networks that were never trained: people, errors and all drawn at random.

A network's logits are the truth, an error that all networks make about this person, one of its own
about the person, one about the picture, and a liking for some classes. Networks of the folds answer
the people of their own fold, and their mean answers the test people, as in a real run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

# of the mask competition: men and women under 30, to 59, and 60 (docs of the data: 18,900 pictures)
GENDER_AGE = np.array([2745, 2050, 415, 3660, 4085, 545]) / 13500
SHOTS = np.array([0, 0, 0, 0, 0, 1, 2])


@dataclass(frozen=True)
class Skill:
    """Sizes of the errors, in units of the logit of the truth."""

    signal: float = 4.0
    of_person: float = 1.6
    of_network_and_person: float = 1.2
    of_picture: float = 0.8
    liking: float = 0.5


@dataclass(frozen=True)
class Drawn:
    """One competition: people to train on, dealt to folds, and people to be tested on."""

    labels: Labels
    groups: Sequence[str]
    folds: Labels
    test_labels: Labels
    errors: Floats
    test_errors: Floats


def draw_competition(people: int, test_people: int, folds: int, seed: int, skill: Skill) -> Drawn:
    """People of the mask competition's shares, seven pictures each."""
    rng = np.random.default_rng(seed)
    kinds = [rng.choice(6, size, p=GENDER_AGE) for size in (people, test_people)]
    labels, test_labels = [(SHOTS * 6 + kind[:, None]).ravel() for kind in kinds]
    return Drawn(
        labels=labels,
        groups=[f"person {number:05d}" for number in range(people) for _ in SHOTS],
        folds=np.repeat(rng.permutation(people) % folds, len(SHOTS)),
        test_labels=test_labels,
        errors=_draw_errors(people, skill.of_person, rng),
        test_errors=_draw_errors(test_people, skill.of_person, rng),
    )


def draw_run(drawn: Drawn, seed: int, skill: Skill) -> tuple[Floats, Floats]:
    """Out-of-fold probabilities `[N, 18]`, and those of the folds' mean on the test `[n, 18]`."""
    rng = np.random.default_rng([seed, 1])
    likings = skill.liking * rng.standard_normal((int(drawn.folds.max()) + 1, 18))
    out_of_fold = np.empty_like(drawn.errors)
    answers = []
    for fold, liking in enumerate(likings):
        mine = drawn.folds == fold
        out_of_fold[mine] = _answer(drawn.labels[mine], drawn.errors[mine], liking, rng, skill)
        answers.append(_answer(drawn.test_labels, drawn.test_errors, liking, rng, skill))
    return out_of_fold, np.mean(answers, axis=0)


def _draw_errors(people: int, size: float, rng: np.random.Generator) -> Floats:
    """Of one person alike in all pictures, in gender and age: `[pictures, 18]`."""
    of_kind = size * rng.standard_normal((people, 6))
    return np.repeat(np.tile(of_kind, (1, 3)), len(SHOTS), axis=0)


def _answer(
    labels: Labels, errors: Floats, liking: Floats, rng: np.random.Generator, skill: Skill
) -> Floats:
    logits = errors + _draw_errors(len(labels) // len(SHOTS), skill.of_network_and_person, rng)
    logits += skill.of_picture * rng.standard_normal(logits.shape) + liking
    logits[np.arange(len(labels)), labels] += skill.signal
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs: Floats = exponents / exponents.sum(axis=1, keepdims=True)
    return probs
