"""Is the gain of one run over another real? A paired bootstrap by person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from foldline.metrics.scores import (
    Labels,
    Probs,
    compute_class_f1,
    count_by_person,
    score_drawn_people,
)

Verdict = Literal["real gain", "noise", "real loss"]


@dataclass(frozen=True)
class Comparison:
    """Macro-F1 of run B minus that of run A, on the same people.

    `difference` is the one seen; `mean` is that over the people drawn anew, `low` and `high` hold
    their middle 95 %. `verdict` is on B: a real gain where the middle 98 % are above 0, a real loss
    where they are below. It asks for more than 95 %, as another seed moves the difference too and
    no drawing of people shows by how much: benchmarks/compare_calibration.py.
    """

    macro_f1_a: float
    macro_f1_b: float
    difference: float
    mean: float
    low: float
    high: float
    verdict: Verdict
    people: int
    resamples: int


@dataclass(frozen=True)
class Draws:
    """Macro-F1 of one run: `seen` on all `people`, `drawn` `[R]` on people drawn anew."""

    seen: float
    drawn: npt.NDArray[np.float64]
    people: int


def draw_scores(
    labels: Labels,
    groups: Sequence[str],
    answers: Labels,
    num_classes: int,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Draws:
    """Score a run's `answers` `[N]` on people drawn with replacement, over all classes.

    The draws are the same for every run on the same people; a class missing from one counts 0.
    """
    counts = count_by_person(labels, answers, groups, num_classes)
    return Draws(
        seen=float(compute_class_f1(counts.sum(axis=0)).mean()),
        drawn=score_drawn_people(counts, len(counts), draws=resamples, seed=seed),
        people=len(counts),
    )


def compare_draws(a: Draws, b: Draws) -> Comparison:
    """Compare two runs whose scores were drawn on the same people with the same seed."""
    differences = b.drawn - a.drawn
    lowest, low, high, highest = np.percentile(differences, [1, 2.5, 97.5, 99])
    return Comparison(
        macro_f1_a=a.seen,
        macro_f1_b=b.seen,
        difference=b.seen - a.seen,
        mean=float(differences.mean()),
        low=float(low),
        high=float(high),
        verdict=_judge(float(lowest), float(highest)),
        people=a.people,
        resamples=len(differences),
    )


def compare_runs(
    labels: Labels,
    groups: Sequence[str],
    probs_a: Probs,
    probs_b: Probs,
    num_classes: int,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare two runs' `probs` `[N, C]` for the same pictures with `labels` and `groups` `[N]`.

    Both runs are scored on the same people, drawn with replacement.
    Raises `ValueError` for arrays that do not belong together and for probabilities that are not
    finite.
    """
    _check(labels, groups, probs_a, probs_b, num_classes)
    a, b = (
        draw_scores(
            labels, groups, probs.argmax(axis=1), num_classes, resamples=resamples, seed=seed
        )
        for probs in (probs_a, probs_b)
    )
    return compare_draws(a, b)


def _judge(low: float, high: float) -> Verdict:
    if low > 0:
        return "real gain"
    return "real loss" if high < 0 else "noise"


def _check(
    labels: Labels, groups: Sequence[str], probs_a: Probs, probs_b: Probs, num_classes: int
) -> None:
    shape = (len(labels), num_classes)
    if not len(labels) or len(groups) != len(labels):
        raise ValueError(f"{len(groups)} groups for {len(labels)} labels")
    for name, probs in (("A", probs_a), ("B", probs_b)):
        if probs.shape != shape:
            raise ValueError(f"run {name}: probabilities {list(probs.shape)} for {list(shape)}")
        if not np.isfinite(probs).all():
            rows = int((~np.isfinite(probs)).any(axis=1).sum())
            raise ValueError(f"run {name}: {rows} rows are not finite")
