"""The people of the drawn competition: gender, age, and how old and feminine they look."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

Gender = Literal["male", "female"]
Split = Literal["train", "eval"]

GENDERS: tuple[Gender, Gender] = ("male", "female")
SPLITS: tuple[Split, Split] = ("train", "eval")
OLDEST = 60

# people of each gender and age class among 60; in the real competition 12, 9, 2, 16, 18 and 2 to 3:
# here more are in the oldest class, so that each of five folds gets some of them
SHARES: dict[tuple[Gender, int], int] = {("male", 0): 12, ("male", 1): 8, ("male", 2): 5}
SHARES |= {("female", 0): 14, ("female", 1): 16, ("female", 2): 5}
# ages of a class: lowest, most common, highest; as in the real one, the oldest are exactly 60
AGES = ((18, 19, 29), (30, 42, 59), (OLDEST, OLDEST, OLDEST))

# Most people look like what they are, with these standard deviations ...
FEMININITY_SPREAD = 0.25  # a man is meant to look like -1 and a woman like 1
AGE_SPREAD = 1.2  # years
# ... and these shares of every gender and age class look like someone else. No network can see
# through that, however many are averaged; only one that has met the person can know.
GENDER_MISLED, AGE_MISLED = 0.06, 0.06
# the apparent age of those whose age misleads, by their true class
MISLED_AGES = (42.0, 21.0, 45.0)


@dataclass(frozen=True)
class Person:
    """One person; `femininity` is around -1 for men and 1 for women, `apparent_age` in years."""

    split: Split
    index: int
    gender: Gender
    age: int
    femininity: float
    apparent_age: float

    @property
    def age_class(self) -> int:
        """0 below 30, 1 below 60, 2 from 60 on."""
        return int(self.age >= 30) + int(self.age >= OLDEST)


def compute_label(shot: str, gender: str, age: int) -> int:
    """Return the class, 0 to 17: mask * 6 + gender * 3 + age, as the competition counts them."""
    mask = {"incorrect_mask": 1, "normal": 2}.get(shot, 0)
    return mask * 6 + GENDERS.index(gender) * 3 + int(age >= 30) + int(age >= OLDEST)


def compute_quotas(people: int) -> dict[tuple[Gender, int], int]:
    """Return how many of `people` have each gender and age class, by largest remainder."""
    total = sum(SHARES.values())
    exact = {cell: people * share / total for cell, share in SHARES.items()}
    quotas = {cell: int(value) for cell, value in exact.items()}
    by_remainder = sorted(exact, key=lambda cell: (quotas[cell] - exact[cell], cell))
    for cell in by_remainder[: people - sum(quotas.values())]:
        quotas[cell] += 1
    return quotas


def cast_people(people: int, *, seed: int, split: Split) -> list[Person]:
    """Return `people` persons in random order, the same for the same arguments.

    Gender and age class follow the quotas: somewhat more people of 60 than in the real competition.
    Inside each of these cells, age and both looks are spread evenly over their distributions (one
    draw from each of as many equal slices as there are people), so that training and evaluation
    people are equally hard to classify.
    """
    rng = np.random.default_rng([seed, SPLITS.index(split)])
    cells = compute_quotas(people)
    cast = [traits for cell, count in cells.items() for traits in _cast_cell(*cell, count, rng)]
    return [
        Person(split, index, *cast[chosen]) for index, chosen in enumerate(rng.permutation(people))
    ]


def _cast_cell(
    gender: Gender, age_class: int, count: int, rng: np.random.Generator
) -> list[tuple[Gender, int, float, float]]:
    spread = NormalDist()
    ages = [_triangular(position, AGES[age_class]) for position in _spread(count, rng)]
    by_gender, by_age = _spread(count, rng), _spread(count, rng)
    center = 2 * GENDERS.index(gender) - 1
    cell = []
    for age, feminine, old in zip(ages, by_gender, by_age, strict=True):
        looks = -center if feminine < GENDER_MISLED else center
        looks_age = MISLED_AGES[age_class] if old < AGE_MISLED else age
        femininity = looks + FEMININITY_SPREAD * spread.inv_cdf(feminine)
        cell.append((gender, age, femininity, looks_age + AGE_SPREAD * spread.inv_cdf(old)))
    return cell


def _spread(count: int, rng: np.random.Generator) -> list[float]:
    """Return one number from each of `count` equal slices of 0 to 1, shuffled."""
    positions = (rng.permutation(count) + rng.uniform(0.05, 0.95, count)) / count
    return [*map(float, positions)]


def _triangular(position: float, ages: tuple[int, int, int]) -> int:
    """Return the whole age at `position`, 0 to 1, of a triangular distribution."""
    low, mode, high = ages[0], ages[1], ages[2] + 1
    peak = (mode - low) / (high - low)
    if position < peak:
        return int(low + (position * (high - low) * (mode - low)) ** 0.5)
    return min(int(high - ((1 - position) * (high - low) * (high - mode)) ** 0.5), ages[2])
