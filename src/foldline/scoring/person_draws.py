"""Drawing people, not pictures, anew: how much a figure strays from one sample to the next."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]

# draws held in memory at once
_CHUNK = 1000


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
    of them.
    """
    rng = np.random.default_rng(seed)
    num_people, num_unseen = len(counts), 0 if unseen is None else len(unseen)
    rows = counts if unseen is None else np.concatenate([counts, unseen])
    for start in range(0, draws, _CHUNK):
        size = min(_CHUNK, draws - start)
        if num_unseen:
            ticket = rng.integers((num_people + 1) * num_unseen, size=(size, num_drawn))
            drawn = np.minimum(ticket // num_unseen, num_people)
            drawn += np.where(drawn == num_people, ticket % num_unseen, 0)
        else:
            drawn = rng.integers(num_people, size=(size, num_drawn))
        drawn += len(rows) * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * len(rows)).reshape(size, len(rows))
        yield times.astype(np.float64) @ rows


def count_people_like(rows: int, num_rows_known: int, num_people_known: int) -> int:
    """How many people `rows` pictures show, if they have as many each as those known; 1 or more."""
    return max(1, round(rows * num_people_known / num_rows_known))


def count_comparable(num_here: int, num_there: int) -> int:
    """The sample size whose spread is that of a difference of two samples; 1 or more.

    The variance of a mean over n people is s²/n, of the difference of two s²(1/n + 1/m).
    """
    return max(1, round(num_here * num_there / (num_here + num_there)))
