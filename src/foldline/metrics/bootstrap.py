"""The bootstrap by person: how much a score strays from one sample of people to the next.

People, not pictures, are drawn anew (Efron and Tibshirani 1993, chapter 13): the pictures of one
person are not independent.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from foldline.metrics.counts import Counts, Labels, Probs, count_by_person, number_people
from foldline.metrics.metric import Metric

# draws in a piece, and people drawn in memory at once: some 20 MB of each kind of number
_PIECE, _AT_ONCE = 1000, 2_500_000


def draw_scores(
    metric: Metric,
    labels: Labels,
    probs: Probs,
    groups: Sequence[str],
    *,
    draws: int,
    people: int | None = None,
    seed: int = 0,
) -> Probs:
    """Return `[draws]` scores of as many people as there are, or `people`, drawn with replacement.

    `probs` is `[N, C]`. The same seed draws the same people for every run on the same rows, so
    that differences of two runs are differences on the same sample.
    """
    if metric.from_counts is not None:
        counts = count_by_person(labels, probs.argmax(axis=1), groups, probs.shape[1])
        return score_drawn_counts(metric, counts, draws=draws, people=people, seed=seed)
    number, normalized = number_people(groups), probs / probs.sum(axis=1, keepdims=True)
    num_drawn = people or int(number.max()) + 1
    if metric.from_rows is None:
        return _score_drawn_rows(metric, labels, normalized, number, (draws, num_drawn), seed=seed)
    totals = [np.bincount(number, metric.from_rows(labels, normalized)), np.bincount(number)]
    sums = draw_sums(np.stack(totals, axis=1), num_drawn, draws=draws, seed=seed)
    return np.concatenate([piece[:, 0] / piece[:, 1] for piece in sums])


def score_drawn_counts(
    metric: Metric, counts: Counts, *, draws: int, people: int | None = None, seed: int = 0
) -> Probs:
    """Return scores `[draws, …]` from the `counts` `[P, …, 3, C]` of `count_by_person`.

    The counts may be those of several runs, which are then scored on the same people.
    """
    assert metric.from_counts is not None, f"{metric.key} does not follow from counts"
    flat = counts.reshape(len(counts), -1)
    sums = draw_sums(flat, people or len(counts), draws=draws, seed=seed)
    return np.concatenate(
        [metric.from_counts(piece.reshape(-1, *counts.shape[1:])) for piece in sums]
    )


def compute_interval(
    metric: Metric,
    labels: Labels,
    probs: Probs,
    groups: Sequence[str],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of the score by person."""
    drawn = draw_scores(metric, labels, probs, groups, draws=draws, seed=seed)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _score_drawn_rows(
    metric: Metric,
    labels: Labels,
    probs: Probs,
    people: Labels,
    shape: tuple[int, int],
    *,
    seed: int,
) -> Probs:
    """Score the rows of `shape` [draws, people drawn], for a metric that nothing makes faster."""
    rows_of = np.split(np.argsort(people, kind="stable"), np.cumsum(np.bincount(people))[:-1])
    rng = np.random.default_rng(seed)
    scores = np.empty(shape[0])
    for draw in range(shape[0]):
        drawn = rng.integers(len(rows_of), size=shape[1])
        rows = np.concatenate([rows_of[one] for one in drawn])
        scores[draw] = metric.score(labels[rows], probs[rows])
    return scores


def draw_sums(
    counts: Counts, num_drawn: int, *, draws: int, seed: int = 0, unseen: Counts | None = None
) -> Iterator[Counts]:
    """Yield sums over `num_drawn` people drawn with replacement from `counts` `[P, F]`.

    There are `draws` of them, in pieces `[at most 1000, F]`. With `unseen` `[U, F]` there is one
    more person, who each time is any row of it. The same seed draws the same people, whatever is
    counted of them; sums of whole numbers are exact. Memory grows with neither people nor draws.
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
    """Return how often each row is drawn in each of `shape[0]` draws of `shape[1]` people."""
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
    """Return how many people `rows` pictures show if each has as many as those known; 1 or more."""
    return max(1, round(rows * num_people_known / num_rows_known))


def count_comparable(num_here: int, num_there: int) -> int:
    """Return the sample size whose spread is that of a difference of two samples; 1 or more.

    The variance of a mean over n people is s²/n, of the difference of two s²(1/n + 1/m).
    """
    return max(1, round(num_here * num_there / (num_here + num_there)))
