"""Is the gain of one run over another real? A paired bootstrap by person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from foldline.metrics.bootstrap import draw_scores
from foldline.metrics.counts import Labels, Probs, count_by_person
from foldline.metrics.metric import Metric

Verdict = Literal["real gain", "noise", "real loss"]


@dataclass(frozen=True)
class Comparison:
    """The score of run B minus that of run A, on the same people.

    `difference` is the one seen; `mean` is that over the people drawn anew, `low` and `high` hold
    their middle 95 %. `verdict` is on B: a real gain where B is the better one throughout the
    middle 98 %, a real loss where it is the worse one. It asks for more than 95 %, as another seed
    moves the difference too, and drawing people does not show by how much:
    benchmarks/compare_calibration.py.
    """

    metric: Metric
    score_a: float
    score_b: float
    difference: float
    mean: float
    low: float
    high: float
    verdict: Verdict
    people: int
    resamples: int


@dataclass(frozen=True)
class Draws:
    """The score of one run: `seen` on all `people`, `drawn` `[R]` on people drawn anew."""

    metric: Metric
    seen: float
    drawn: Probs
    people: int


def draw_run(
    metric: Metric,
    labels: Labels,
    groups: Sequence[str],
    probs: Probs,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Draws:
    """Score a run's `probs` `[N, C]` on people drawn with replacement, over all classes.

    The draws are the same for every run on the same people.
    """
    drawn = draw_scores(metric, labels, probs, groups, draws=resamples, seed=seed)
    if metric.from_counts is None:
        seen = metric.score(labels, probs / probs.sum(axis=1, keepdims=True))
    else:
        counts = count_by_person(labels, probs.argmax(axis=1), groups, probs.shape[1])
        seen = float(metric.from_counts(counts.sum(axis=0)))
    return Draws(metric, seen, drawn, people=len(set(groups)))


def compare_draws(a: Draws, b: Draws) -> Comparison:
    """Compare two runs whose scores were drawn on the same people with the same seed."""
    differences = b.drawn - a.drawn
    lowest, low, high, highest = np.percentile(differences, [1, 2.5, 97.5, 99])
    gains = lowest, highest
    if not a.metric.greater_is_better:
        gains = -highest, -lowest
    return Comparison(
        metric=a.metric,
        score_a=a.seen,
        score_b=b.seen,
        difference=b.seen - a.seen,
        mean=float(differences.mean()),
        low=float(low),
        high=float(high),
        verdict="real gain" if gains[0] > 0 else "real loss" if gains[1] < 0 else "noise",
        people=a.people,
        resamples=len(differences),
    )


def compare_runs(
    metric: Metric,
    labels: Labels,
    groups: Sequence[str],
    probs_a: Probs,
    probs_b: Probs,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare two runs' `probs` `[N, C]` for the same pictures with `labels` and `groups` `[N]`.

    Both runs are scored on the same people, drawn with replacement.
    Raise `ValueError` for arrays that do not belong together and for probabilities that are not
    finite.
    """
    _check(labels, groups, probs_a, probs_b)
    a, b = (
        draw_run(metric, labels, groups, probs, resamples=resamples, seed=seed)
        for probs in (probs_a, probs_b)
    )
    return compare_draws(a, b)


def _check(labels: Labels, groups: Sequence[str], probs_a: Probs, probs_b: Probs) -> None:
    if not len(labels) or len(groups) != len(labels):
        raise ValueError(f"{len(groups)} groups for {len(labels)} labels")
    shape = (len(labels), probs_a.shape[-1])
    for name, probs in (("A", probs_a), ("B", probs_b)):
        if probs.shape != shape:
            raise ValueError(f"run {name}: probabilities {list(probs.shape)} for {list(shape)}")
        if not np.isfinite(probs).all():
            rows = int((~np.isfinite(probs)).any(axis=1).sum())
            raise ValueError(f"run {name}: {rows} rows are not finite")
