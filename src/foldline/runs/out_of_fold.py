"""Out-of-fold answers: those of networks that never saw the person in the picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldline.errors import UserError
from foldline.metrics.bootstrap import compute_interval
from foldline.metrics.counts import Labels, Probs
from foldline.metrics.metric import Metric, compute_scores
from foldline.runs.paths import RunFolder
from foldline.tables import Table, read_table, write_frame
from foldline.text import leads_outside

COLUMNS = ("path", "group", "fold", "label", "train_label")
_TRUTH = ["path", "group", "label"]
PREFIX = "p_"  # of the columns of probability
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
# how far a softmax in half precision may miss a sum of 1
_SUM_TOLERANCE = 1e-2


@dataclass(frozen=True)
class OutOfFold:
    """Rows of `COLUMNS` and one column `p_<class>` of probability per class, in class order."""

    table: pd.DataFrame

    @property
    def labels(self) -> Labels:
        return self.table["label"].to_numpy(dtype=np.int64)

    @property
    def folds(self) -> Labels:
        return self.table["fold"].to_numpy(dtype=np.int64)

    @property
    def groups(self) -> list[str]:
        return list(self.table["group"])

    @property
    def class_names(self) -> list[str]:
        """The names in class order."""
        return [name.removeprefix(PREFIX) for name in self.table.columns[len(COLUMNS) :]]

    @property
    def probs(self) -> Probs:
        return self.table.iloc[:, len(COLUMNS) :].to_numpy(dtype=np.float64)

    @property
    def answers(self) -> Labels:
        """The most probable class of each row."""
        answers: Labels = self.probs.argmax(axis=1)
        return answers

    def select_folds(self, folds: Sequence[int]) -> "OutOfFold":
        """Return the rows of `folds` alone."""
        return OutOfFold(self.table[self.table["fold"].isin(folds)].reset_index(drop=True))

    def sort_by_fold(self) -> "OutOfFold":
        """Return the same rows, fold after fold."""
        return OutOfFold(self.table.sort_values("fold", kind="stable", ignore_index=True))

    def find_difference(self, other: "OutOfFold") -> tuple[int, str, str] | None:
        """Return the first row, from 1, whose picture, person or label differ, and both of these.

        A row that is missing is `nothing`; None where all are the same.
        """
        rows = (
            zip(*(each.table[key].tolist() for key in _TRUTH), strict=True)
            for each in (self, other)
        )
        for row, pair in enumerate(zip_longest(*rows, fillvalue=("nothing",)), start=1):
            if pair[0] != pair[1]:
                here, there = (", ".join(map(str, one)) for one in pair)
                return row, here, there
        return None

    @classmethod
    def average(cls, parts: Sequence["OutOfFold"], weights: Sequence[float]) -> "OutOfFold":
        """Return the mean of the probabilities of `parts`, weighted by `weights` above 0.

        What else is in the rows is that of the first. Raises `ValueError` for parts that do not
        have the same classes, or the same pictures, people, folds and labels in the same order.
        """
        first = parts[0]
        for number, part in enumerate(parts[1:], start=2):
            if part.class_names != first.class_names:
                raise ValueError(f"part {number} has other classes than the first")
            if difference := first.find_difference(part):
                row, here, there = difference
                raise ValueError(
                    f"part {number} has other rows than the first: row {row} is {here} and {there}"
                )
            if (part.table["fold"] != first.table["fold"]).any():
                raise ValueError(f"part {number} has other folds than the first")
        probs = average_probs([part.probs for part in parts], weights)
        return build_out_of_fold(first.table, probs, first.class_names)


def average_probs(parts: Sequence[Probs], weights: Sequence[float]) -> Probs:
    """Return the weighted mean of `parts`, each `[N, C]`; only proportions of weights count."""
    mean: Probs = np.average(np.stack(parts), axis=0, weights=weights)
    return mean


def score_out_of_fold(whole: OutOfFold, metric: Metric) -> dict[str, Any]:
    """Return what `scores.json` says of the joined folds `whole`, with the interval of `metric`."""
    parts = {int(fold): whole.select_folds([fold]) for fold in np.unique(whole.folds)}
    joined = compute_scores(whole.labels, whole.probs)
    interval = compute_interval(metric, whole.labels, whole.probs, whole.groups)
    return {
        "metric": metric.key,
        "folds": {str(k): compute_scores(part.labels, part.probs) for k, part in parts.items()},
        "out_of_fold": joined | {metric.interval_key: list(interval)},
        "pictures": len(whole.table),
    }


def build_out_of_fold(
    rows: pd.DataFrame, probs: npt.NDArray[np.float64], class_names: Sequence[str]
) -> OutOfFold:
    """Return table rows (with `COLUMNS`) `[N]` joined with their `probs` `[N, C]`."""
    assert len(rows) == len(probs), f"{len(probs)} answers for {len(rows)} rows"
    answers = pd.DataFrame(probs, columns=[PREFIX + name for name in class_names])
    return OutOfFold(pd.concat([rows[list(COLUMNS)].reset_index(drop=True), answers], axis=1))


def join_out_of_fold(parts: Sequence[OutOfFold], order: Sequence[str]) -> OutOfFold:
    """Return the folds as one, rows in the `order` of the paths in the prepared table."""
    whole = pd.concat([part.table for part in parts], ignore_index=True)
    position = {path: number for number, path in enumerate(order)}
    return OutOfFold(
        whole.sort_values("path", key=lambda paths: paths.map(position), ignore_index=True)
    )


def save_out_of_fold(path: Path, out_of_fold: OutOfFold) -> None:
    """Write at full precision, atomically: every float reads back to the same bits."""
    write_frame(path, out_of_fold.table)


def load_out_of_fold(path: Path, *, fold: int | None = None) -> OutOfFold:
    """Read what `save_out_of_fold` wrote, of one `fold` alone where it is given.

    Raises `UserError` for any other file, and for rows that cannot be true: a label that is no
    class, a picture that comes twice, probabilities out of range.
    """
    table = read_table(path)
    names = table.columns[len(COLUMNS) :]
    are_classes = names and all(name.startswith(PREFIX) for name in names)
    if table.columns[: len(COLUMNS)] != COLUMNS or not are_classes or len({*names}) < len(names):
        raise UserError(
            f"{path}: expected the columns {', '.join(COLUMNS)} and {PREFIX}<class> for each "
            "class; train it again"
        )
    if not table.rows:
        raise UserError(f"{path}: no rows; train it again")
    _check_rows(path, table, fold=fold, num_classes=len(names))
    probs = read_probs(path, table, first=len(COLUMNS))
    cells = zip(*(row[: len(COLUMNS)] for row in table.rows), strict=True)
    rows = pd.DataFrame(dict(zip(COLUMNS, cells, strict=True)))
    rows = rows.astype({"fold": np.int64, "label": np.int64})
    rows["train_label"] = pd.array([int(c) if c else None for c in rows["train_label"]], "Int64")
    return build_out_of_fold(rows, probs, [name.removeprefix(PREFIX) for name in names])


def load_folds(run: RunFolder, folds: Sequence[int]) -> OutOfFold:
    """Return the answers of finished `folds`, fold after fold. Raises `UserError` for damage."""
    parts = [load_out_of_fold(run.fold(fold).oof, fold=fold) for fold in folds]
    if len({tuple(part.class_names) for part in parts}) > 1:
        raise UserError(f"{run.path}: its folds have other classes; train it again")
    return OutOfFold(pd.concat([part.table for part in parts], ignore_index=True))


def read_probs(path: Path, table: Table, *, first: int) -> Probs:
    """Return the probabilities `[N, C]` in the columns of `table` from `first` on.

    Raises `UserError` naming the first row whose probabilities are not numbers from 0 to 1 with a
    sum of 1.
    """
    cells = [row[first:] for row in table.rows]
    probs = np.array([[_to_number(cell) for cell in row] for row in cells])
    with np.errstate(invalid="ignore", over="ignore"):
        in_range = np.all((probs >= 0) & (probs <= 1), axis=1)
        wrong = ~(in_range & (np.abs(probs.sum(axis=1) - 1) <= _SUM_TOLERANCE))
    if wrong.any():
        row = int(wrong.argmax())
        what = "add up to 1" if in_range[row] else "are numbers from 0 to 1"
        raise UserError(
            f"{path}: line {table.lines[row]}: expected probabilities that {what}, found "
            f"{','.join(cells[row])[:60]!r}; make it again"
        )
    return probs


def _check_rows(path: Path, table: Table, *, fold: int | None, num_classes: int) -> None:
    """Raise `UserError` naming the first row that no run could have written."""
    classes = {str(number) for number in range(num_classes)}
    folds = {str(fold)} if fold is not None else None
    seen: set[str] = set()
    for line, row in zip(table.lines, table.rows, strict=True):
        picture, _, of_fold, label, train_label = row[: len(COLUMNS)]
        if label not in classes:
            fault = f"label {label!r} is no class of {num_classes}"
        elif train_label and train_label not in classes:
            fault = f"train_label {train_label!r} is no class of {num_classes}"
        elif not (of_fold in folds if folds else _WHOLE_NUMBER.fullmatch(of_fold)):
            fault = f"fold {of_fold!r} is {'another one' if folds else 'none'}"
        elif not picture or picture in seen:
            fault = f"{picture} is in it twice" if picture else "no path"
        elif leads_outside(picture):
            fault = f"{picture} leads out of the folder of pictures"
        else:
            seen.add(picture)
            continue
        raise UserError(f"{path}: line {line}: {fault}; train it again")


def _to_number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
