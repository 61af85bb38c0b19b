"""Runs brought onto common rows: those that answered the same pictures can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """What one run answered, out of fold: `rows` has `path`, `group`, `fold` and `label`.

    `predicted` `[N]` is the most probable class, `confidence` `[N]` its probability.
    """

    class_names: tuple[str, ...]
    rows: pd.DataFrame
    predicted: Whole
    confidence: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One run, as it is shown.

    `settings` are the configuration by dotted key; `scores`, `leaderboard` and `submission` are
    figures or words by name, as far as they are known; `curves` has for each fold one list per
    metric. Without `answers` it has not been trained to its end.
    """

    name: str
    seal: str
    settings: dict[str, str]
    scores: dict[str, Any]
    curves: dict[str, dict[str, list[float | None]]]
    leaderboard: dict[str, float] = field(default_factory=dict)
    submission: str | None = None
    answers: Answers | None = None


class Table:
    """The pictures that several runs answered, each with its person, fold and official label."""

    def __init__(self, class_names: tuple[str, ...], rows: pd.DataFrame) -> None:
        self.class_names = class_names
        self.rows = rows.reset_index(drop=True)
        self.runs: list[Run] = []
        self.positions: dict[str, Whole] = {}
        self._seals: set[str] = set()
        self._index = pd.Index(self.rows["path"])

    def add(self, run: Run) -> bool:
        """Take `run` in if it answers pictures of this table; gives whether it does.

        One that answered other folds of the same sealed table brings these along.
        """
        answers = run.answers
        if answers is None or answers.class_names != self.class_names:
            return False
        rows = answers.rows
        found = self._index.get_indexer(rows["path"])
        known = found >= 0
        if not (known.all() or run.seal in self._seals) or not self._agrees(rows, found):
            return False
        if not known.all():
            self.rows = pd.concat([self.rows, rows[~known]], ignore_index=True)
            self._index = pd.Index(self.rows["path"])
            found = self._index.get_indexer(rows["path"])
        self.positions[run.name] = found.astype(np.int64)
        self.runs.append(run)
        self._seals.add(run.seal)
        return True

    def _agrees(self, rows: pd.DataFrame, found: npt.NDArray[Any]) -> bool:
        """Whether the rows that are known already have the same person, fold and label here."""
        known = found >= 0
        columns = ["group", "fold", "label"]
        here = self.rows[columns].iloc[found[known]].reset_index(drop=True)
        return bool(here.equals(rows.loc[known, columns].reset_index(drop=True)))


def place_runs(runs: Sequence[Run]) -> list[Table]:
    """Share the runs that have answers out over tables, the table with the most runs first.

    Two seals share a table where pictures, people, folds and official labels are the same: what
    only training saw, such as corrected labels, may differ between runs that are compared.
    """
    tables: list[Table] = []
    answered = [(run, run.answers) for run in runs if run.answers is not None]
    # the fullest first, so that a run of some of the folds finds its table
    for run, answers in sorted(answered, key=lambda pair: (-len(pair[1].rows), pair[0].name)):
        if not any(table.add(run) for table in tables):
            tables.append(Table(answers.class_names, answers.rows))
            tables[-1].add(run)
    for table in tables:
        table.runs.sort(key=_rank)
    return sorted(tables, key=lambda table: (-len(table.runs), table.runs[0].name))


def find_mistakes(table: Table, run: Run) -> Whole:
    """Table rows that `run` answered wrongly, those it was surest of first."""
    answers, at = run.answers, table.positions[run.name]
    assert answers is not None, f"{run.name} has no answers"
    labels = table.rows["label"].to_numpy(dtype=np.int64)[at]
    wrong = np.flatnonzero(labels != answers.predicted)
    order = np.lexsort((at[wrong], -answers.confidence[wrong]))
    mistakes: Whole = at[wrong[order]]
    return mistakes


def count_mistakes(table: Table) -> Whole:
    """How many of the table's runs answered each of its rows wrongly, `[N]`."""
    counts = np.zeros(len(table.rows), dtype=np.int64)
    for run in table.runs:
        counts[find_mistakes(table, run)] += 1
    return counts


def _rank(run: Run) -> tuple[float, str]:
    """The best macro-F1 first; those without come last."""
    score = run.scores.get("macro_f1")
    return (-score if isinstance(score, int | float) else 1.0, run.name)
