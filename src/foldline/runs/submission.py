"""The answers to the test pictures: `submission.csv`, and the probabilities in `probs.csv`."""

import codecs
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldline.errors import UserError
from foldline.files import replacing
from foldline.metrics.counts import Labels, Probs
from foldline.runs.out_of_fold import PREFIX, read_probs
from foldline.tables import format_table, read_table, write_frame


@dataclass(frozen=True)
class Submission:
    """The cells of a file as they are written: names of columns, ids and answers."""

    columns: tuple[str, ...]
    ids: Sequence[str]
    answers: Sequence[str]


@dataclass(frozen=True)
class SubmissionProbs:
    """`probs` `[N, C]` of the test pictures `ids`, one column for each of `class_names`.

    `id_column` is what the sample file calls the ids.
    """

    id_column: str
    ids: Sequence[str]
    class_names: Sequence[str]
    probs: Probs

    def select(self, ids: Sequence[str]) -> Probs | None:
        """Return the rows in the order of `ids`; None where these are not the same ids."""
        place = {one: number for number, one in enumerate(self.ids)}
        if len(place) != len(self.ids) or place.keys() != set(ids):
            return None
        return self.probs[[place[one] for one in ids]]


def compute_answers(probs: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the most probable class of each row of `probs` `[N, C]`."""
    if not np.isfinite(probs).all():
        raise ValueError(f"{int((~np.isfinite(probs)).any(axis=1).sum())} rows are not finite")
    answers: npt.NDArray[np.int64] = probs.argmax(axis=1)
    return answers


def load_submission(path: Path) -> Submission:
    """Read any file of two columns, answers as text: `3.0` stays `3.0`.

    A byte order mark stays before the name of the first column, for whoever checks the form.
    Raises `UserError` for a file that is not there, not UTF-8, or has another number of columns.
    """
    table = read_table(path)
    if len(table.columns) != 2:
        found = ",".join(table.columns)
        raise UserError(f"{path}: expected id and answer, found {found!r}")
    first, second = table.columns
    mark = "\ufeff" if path.read_bytes().startswith(codecs.BOM_UTF8) else ""
    ids, answers = zip(*table.rows, strict=True) if table.rows else ((), ())
    return Submission((f"{mark}{first}", second), ids, answers)


def load_probs(path: Path) -> SubmissionProbs | None:
    """Read `probs.csv`; None where it has no rows. Raises `UserError` for a damaged one."""
    table = read_table(path)
    if not table.rows:
        return None
    id_column, *columns = table.columns
    return SubmissionProbs(
        id_column=id_column,
        ids=[row[0] for row in table.rows],
        class_names=[name.removeprefix(PREFIX) for name in columns],
        probs=read_probs(path, table, first=1),
    )


def save_probs(path: Path, probs: SubmissionProbs) -> None:
    """Write `probs.csv` at full precision, atomically."""
    table = pd.DataFrame(probs.probs, columns=[PREFIX + name for name in probs.class_names])
    table.insert(0, probs.id_column, list(probs.ids))
    write_frame(path, table)


def number_answers(answers: Sequence[str], values: Sequence[int | str]) -> Labels:
    """Return the class of each answer; every one must be among `values`."""
    number = {str(value): position for position, value in enumerate(values)}
    return np.array([number[answer] for answer in answers], dtype=np.int64)


def save_submission(
    path: Path, *, columns: tuple[str, str], ids: Sequence[str], answers: Sequence[object]
) -> None:
    """Write ids and answers, read the file back, compare, and only then move it into place.

    Raises `ValueError` if an id comes twice or the file does not read back as intended.
    """
    for one, count in Counter(ids).items():
        if count > 1:
            raise ValueError(f"id {one} comes {count} times")
    if len(ids) != len(answers):
        raise ValueError(f"{len(answers)} answers for {len(ids)} ids")
    text = format_table(columns, zip(ids, answers, strict=True))
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        written = read_table(temporary)
        meant = [[one, str(answer)] for one, answer in zip(ids, answers, strict=True)]
        if (written.columns, written.rows) != (columns, meant):
            raise ValueError(f"{path}: what was written does not read back the same")
