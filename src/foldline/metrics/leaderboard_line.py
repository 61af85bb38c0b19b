"""What the leaderboard is worth: its line against out of fold, its noise, the final submissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldline.metrics.metric import Metric

# residuals of fewer runs say little of the noise: with two degrees of freedom a standard deviation
# is off by half its size as often as not
RUNS_FOR_A_LINE, RUNS_FOR_NOISE = 3, 6
# two final submissions are to differ in at least this share of the rows
MIN_DISAGREEMENT = 0.1


@dataclass(frozen=True)
class Line:
    """`public = intercept + slope · out of fold`; `noise` is the deviation of residuals."""

    slope: float
    intercept: float
    noise: float
    num_runs: int


def fit_line(out_of_fold: Sequence[float], public: Sequence[float]) -> Line | None:
    """Return the least-squares line; None for fewer than three runs, or runs alike out of fold."""
    x, y = np.asarray(out_of_fold, dtype=float), np.asarray(public, dtype=float)
    if len(x) < RUNS_FOR_A_LINE or np.ptp(x) < 1e-9:
        return None
    slope, intercept = np.polyfit(x, y, 1)
    residuals = y - (intercept + slope * x)
    noise = np.sqrt((residuals**2).sum() / (len(x) - 2))
    return Line(float(slope), float(intercept), float(noise), len(x))


@dataclass(frozen=True)
class Finals:
    """Two runs to submit at the end; `disagreement` is the share of rows they answer differently.

    Without a `second` no run differs enough, and `disagreement` is that of the run that differs
    most (0 where there is none).
    """

    first: str
    second: str | None
    disagreement: float


def choose_finals(
    metric: Metric, out_of_fold: Mapping[str, float], answers: Mapping[str, npt.NDArray[np.str_]]
) -> Finals:
    """Choose the best run out of fold, and the best of those that disagree with it in enough rows.

    `answers` are in one order for all runs; both mappings have the same keys, at least one.
    """
    first, *others = sorted(out_of_fold, key=lambda name: (metric.rank(out_of_fold[name]), name))
    differing = {name: float((answers[name] != answers[first]).mean()) for name in others}
    for name in others:
        if differing[name] >= MIN_DISAGREEMENT:
            return Finals(first, name, differing[name])
    return Finals(first, None, max(differing.values(), default=0.0))
