"""How often `foldline compare` is wrong: simulated pairs of runs of which the truth is known.

    .venv/bin/python benchmarks/compare_calibration.py --pairs 1000

Each pair is 540 new people, seven pictures each, in the competition's 18 classes and shares, and
two runs that answer them on five folds. A network sees three things (mask, gender, age) as scores,
one a value, and answers the highest. To the true value's score is added what both runs find hard
about a person and about a picture, what each run finds hard by itself, and, for each fold's
network, a leaning towards some values: noise of training that no drawing of people can show. How
large it is benchmarks/compare_seeds.py measures on networks trained from different seeds.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from foldline import console
from foldline.metrics.compare import Comparison, compare_runs
from foldline.metrics.counts import Labels, Probs
from foldline.metrics.metric import METRICS

PEOPLE, FOLDS, CLASSES = 540, 5, 18
# people of each gender and age class among the 2,700 of the competition, and each one's pictures
PROFILES = np.array([549, 410, 83, 732, 817, 109]) / 2700
WEAR = np.array([0, 0, 0, 0, 0, 1, 2])

Scores = npt.NDArray[np.float64]


class Part(NamedTuple):
    """One thing a network answers. The last four are standard deviations of what misleads it."""

    values: int
    weight: int  # of its value in the label
    signal: float  # how far the true value's score stands out
    person: float  # what both runs find hard about a person
    person_of_run: float
    picture: float
    picture_of_run: float


PARTS = (
    Part(3, 6, 4.5, 0.5, 0.5, 0.5, 0.7),
    Part(2, 3, 3.3, 1.0, 0.6, 0.4, 0.5),
    Part(3, 1, 2.2, 0.9, 0.5, 0.3, 0.4),
)


@dataclass(frozen=True)
class Case:
    """`stronger` is by how much run B's signal exceeds run A's; `leaning` is that of a network."""

    name: str
    leaning: float
    stronger: float


CASES = (
    Case("same recipe, networks do not lean", 0.0, 0.0),
    Case("same recipe", 0.1, 0.0),
    Case("same recipe, networks lean twice as much", 0.2, 0.0),
    Case("true gain", 0.1, 0.06),
)


def simulate_answers(
    rng: np.random.Generator, case: Case
) -> tuple[Labels, list[str], tuple[Probs, Probs]]:
    """Labels and people of `PEOPLE` × 7 pictures, and each run's answers as probabilities."""
    profile = rng.choice(len(PROFILES), PEOPLE, p=PROFILES)
    gender, age = np.divmod(profile, 3)
    truth = np.stack(
        [np.tile(WEAR, (PEOPLE, 1)), *(np.tile(each[:, None], len(WEAR)) for each in (gender, age))]
    )  # [3 parts, people, pictures]
    fold = rng.permutation(PEOPLE) % FOLDS
    answers = np.zeros((2, PEOPLE, len(WEAR)), dtype=np.int64)
    for part, true in zip(PARTS, truth, strict=True):
        shared = _draw(rng, part.values, part.person, part.picture)
        for run, signal in enumerate((part.signal, part.signal * (1 + case.stronger))):
            own = _draw(rng, part.values, part.person_of_run, part.picture_of_run)
            lean = rng.normal(0, case.leaning, (FOLDS, 1, part.values))[fold]
            scores = signal * np.eye(part.values)[true] + shared + own + lean
            answers[run] += part.weight * scores.argmax(axis=2)
    labels = sum(part.weight * true for part, true in zip(PARTS, truth, strict=True))
    people = [f"{person:03d}" for person in range(PEOPLE) for _ in WEAR]
    one, two = (np.eye(CLASSES)[run.ravel()] for run in answers)
    return np.ravel(labels), people, (one, two)


def _draw(rng: np.random.Generator, values: int, person: float, picture: float) -> Scores:
    of_person = rng.normal(0, person, (PEOPLE, 1, values))
    of_picture: Scores = rng.normal(0, picture, (PEOPLE, len(WEAR), values))
    return of_person + of_picture


def compare_pairs(case: Case, pairs: int, seed: int, bar: console.Bar) -> list[Comparison]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(pairs):
        labels, people, (one, two) = simulate_answers(rng, case)
        found.append(compare_runs(METRICS["macro_f1"], labels, people, one, two))
        bar.advance()
    return found


def describe(case: Case, found: Sequence[Comparison]) -> str:
    """Rates in percent, each with its standard error."""
    differences = np.array([one.difference for one in found])
    # runs of one recipe differ by nothing; the true gain is that of very many pairs
    truth = differences.mean() if case.stronger else 0.0
    low, high = (np.array([getattr(one, name) for one in found]) for name in ("low", "high"))
    rates = {
        "gain": np.array([one.verdict == "real gain" for one in found]),
        "loss": np.array([one.verdict == "real loss" for one in found]),
        "called": np.array([one.verdict != "noise" for one in found]),
        "covers": (low <= truth) & (truth <= high),
    }
    shown = (f"{name} {describe_rate(hits)}" for name, hits in rates.items())
    return (
        f"{case.name}: macro-F1 {np.mean([one.score_a for one in found]):.3f}, difference "
        f"{differences.mean():+.4f}, sd {differences.std():.4f}; {', '.join(shown)}; "
        f"half width {(high - low).mean() / 2:.4f}"
    )


def describe_rate(hits: npt.NDArray[np.bool_]) -> str:
    rate = hits.mean()
    return f"{100 * rate:.1f} ± {100 * (rate * (1 - rate) / len(hits)) ** 0.5:.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1000, help="pairs of runs in each case")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for number, case in enumerate(CASES):
        with console.progress(case.name, arguments.pairs) as bar:
            found = compare_pairs(case, arguments.pairs, arguments.seed + number, bar)
        console.log(describe(case, found))


if __name__ == "__main__":
    main()
