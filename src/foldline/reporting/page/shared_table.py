"""Runs brought onto common rows: those that answered the same pictures can be compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldline.metrics.counts import Labels, Probs
from foldline.metrics.metric import METRICS, Metric
from foldline.reporting.learning_curves import Curve

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Predictions:
    """Out-of-fold `probs` `[N, C]` of one run; `rows` has `path`, `group`, `fold` and `label`."""

    class_names: tuple[str, ...]
    rows: pd.DataFrame
    probs: Probs

    @cached_property
    def classes(self) -> Labels:
        """The most probable class of each row, `[N]`."""
        classes: Labels = self.probs.argmax(axis=1)
        return classes

    @cached_property
    def confidence(self) -> Probs:
        """The probability of that class, `[N]`."""
        highest: Probs = self.probs.max(axis=1)
        return highest


@dataclass(frozen=True)
class PageRun:
    """One run, as it is shown.

    `settings` are the configuration by dotted key. `scores` are by metric, as far as known, those
    of all folds joined; `metric` is the one that ranks the run, and that `interval` (95 %) and
    `fold_scores` are of. `curves` are by fold. `predictions` is None where no fold is finished.
    """

    name: str
    data_name: str = ""
    seal: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    metric: str = next(iter(METRICS))
    scores: Mapping[str, float] = field(default_factory=dict)
    interval: tuple[float, float] | None = None
    fold_scores: Sequence[float] = ()
    curves: Mapping[str, Curve] = field(default_factory=dict)
    seconds: float | None = None
    leaderboard: Mapping[str, float] = field(default_factory=dict)
    submission: str | None = None
    predictions: Predictions | None = None


class SharedTable:
    """The pictures that several runs answered, each with its person, fold and official label."""

    def __init__(self, class_names: tuple[str, ...], rows: pd.DataFrame) -> None:
        self.class_names = class_names
        self.rows = rows.reset_index(drop=True)
        self.runs: list[PageRun] = []
        self.positions: dict[str, Rows] = {}
        self._seals: set[str] = set()
        self._index = pd.Index(self.rows["path"])

    @property
    def metric(self) -> Metric:
        """The metric that ranks most of the runs."""
        times = Counter(run.metric for run in self.runs)
        return METRICS[max(METRICS, key=lambda key: times[key])]

    @property
    def labels(self) -> Labels:
        """The official label of each row."""
        return self.rows["label"].to_numpy(dtype=np.int64)

    def add(self, run: PageRun) -> bool:
        """Take `run` in if it answers pictures of this table; return whether it does.

        One that answered other folds of the same sealed table brings these along.
        """
        own = run.predictions
        if own is None or own.class_names != self.class_names:
            return False
        found = self._index.get_indexer(own.rows["path"])
        known = found >= 0
        if not (known.all() or run.seal in self._seals) or not self._agrees(own.rows, found):
            return False
        if not known.all():
            self.rows = pd.concat([self.rows, own.rows[~known]], ignore_index=True)
            self._index = pd.Index(self.rows["path"])
            found = self._index.get_indexer(own.rows["path"])
        self.positions[run.name] = found.astype(np.int64)
        self.runs.append(run)
        self._seals.add(run.seal)
        return True

    def _agrees(self, rows: pd.DataFrame, found: npt.NDArray[Any]) -> bool:
        """Return whether the rows known already have the same person, fold and label here."""
        known = found >= 0
        columns = ["group", "fold", "label"]
        here = self.rows[columns].iloc[found[known]].reset_index(drop=True)
        return bool(here.equals(rows.loc[known, columns].reset_index(drop=True)))


def share_tables(runs: Sequence[PageRun]) -> list[SharedTable]:
    """Assign each run with predictions to a table; the table with the most runs comes first.

    Two seals share a table where pictures, people, folds and official labels are the same: what
    only training saw, such as corrected labels, may differ between runs that are compared.
    """
    tables: list[SharedTable] = []
    answered = [(run, run.predictions) for run in runs if run.predictions is not None]
    # the fullest first, so that a run of some of the folds finds its table
    for run, own in sorted(answered, key=lambda pair: (-len(pair[1].rows), pair[0].name)):
        if not any(table.add(run) for table in tables):
            tables.append(SharedTable(own.class_names, own.rows))
            tables[-1].add(run)
    for table in tables:
        metric = table.metric
        table.runs.sort(key=lambda run: (metric.rank(run.scores.get(metric.key)), run.name))
    return sorted(tables, key=lambda table: (-len(table.runs), table.runs[0].name))


def find_mistakes(table: SharedTable, run: PageRun) -> Rows:
    """Return the table rows that `run` answered wrongly, the most confident mistakes first."""
    own, at = run.predictions, table.positions[run.name]
    assert own is not None, f"{run.name} has no predictions"
    wrong = np.flatnonzero(table.labels[at] != own.classes)
    order = np.lexsort((at[wrong], -own.confidence[wrong]))
    mistakes: Rows = at[wrong[order]]
    return mistakes


def count_mistakes(table: SharedTable) -> Rows:
    """Return how many of the table's runs answered each of its rows wrongly, `[N]`."""
    counts = np.zeros(len(table.rows), dtype=np.int64)
    for run in table.runs:
        counts[find_mistakes(table, run)] += 1
    return counts
