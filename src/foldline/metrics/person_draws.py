"""Drawing people, not pictures, anew: how much a figure strays from one sample to the next."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]

# draws in a piece, and people drawn in memory at once: some 20 MB of each kind of number
_PIECE, _AT_ONCE = 1000, 2_500_000


def number_people(groups: Sequence[str]) -> Classes:
    """The number of each row's person `[N]`, by the sorted names of the people, from 0."""
    return np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1].astype(np.int64)


def count_by_person(people: Classes, classes: Classes, num_classes: int) -> Counts:
    """How many rows of each class each person has, `[P, C]`, from numbers and classes `[N]`."""
    num_people = int(people.max()) + 1
    flat = np.bincount(people * num_classes + classes, minlength=num_people * num_classes)
    return flat.reshape(num_people, num_classes).astype(np.float64)


def draw_sums(
    counts: Counts, num_drawn: int, *, draws: int, seed: int = 0, unseen: Counts | None = None
) -> Iterator[Counts]:
    """Sums over `num_drawn` people drawn with replacement from `counts` `[P, F]`.

    Gives `draws` of them in pieces `[at most 1000, F]`. With `unseen` `[U, F]` there is one more
    person, who each time is any row of it. The same seed draws the same people, whatever is counted
    of them; the sums of whole numbers are exact. Memory does not grow with people nor draws.
    """
    rng = np.random.default_rng(seed)
    num_unseen = 0 if unseen is None else len(unseen)
    rows = counts if unseen is None else np.concatenate([counts, unseen])
    at_once = max(1, _AT_ONCE // max(num_drawn, len(rows)))
    for start in range(0, draws, _PIECE):
        stop = min(start + _PIECE, draws)
        yield np.concatenate(
            [
                _draw_times(rng, len(counts), num_unseen, (min(at_once, stop - first), num_drawn))
                @ rows
                for first in range(start, stop, at_once)
            ]
        )


def _draw_times(
    rng: np.random.Generator, num_people: int, num_unseen: int, shape: tuple[int, int]
) -> Counts:
    """How often each row is drawn in each of `shape[0]` draws of `shape[1]` people."""
    if num_unseen:
        ticket = rng.integers((num_people + 1) * num_unseen, size=shape)
        drawn = np.minimum(ticket // num_unseen, num_people)
        drawn += np.where(drawn == num_people, ticket % num_unseen, 0)
    else:
        drawn = rng.integers(num_people, size=shape)
    num_rows = num_people + num_unseen
    drawn += num_rows * np.arange(len(drawn))[:, None]
    times = np.bincount(drawn.ravel(), minlength=len(drawn) * num_rows)
    return times.reshape(len(drawn), num_rows).astype(np.float64)


def count_people_like(rows: int, num_rows_known: int, num_people_known: int) -> int:
    """How many people `rows` pictures show, if they have as many each as those known; 1 or more."""
    return max(1, round(rows * num_people_known / num_rows_known))


def count_comparable(num_here: int, num_there: int) -> int:
    """The sample size whose spread is that of a difference of two samples; 1 or more.

    The variance of a mean over n people is s²/n, of the difference of two s²(1/n + 1/m).
    """
    return max(1, round(num_here * num_there / (num_here + num_there)))
