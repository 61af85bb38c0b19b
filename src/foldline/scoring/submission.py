"""The submission file: checked before it takes the place of an older one."""

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
from foldline.tables import read_table


@dataclass(frozen=True)
class Submission:
    """What a file says, as it is written: the names of its columns, and a row's id and answer."""

    columns: tuple[str, ...]
    ids: Sequence[str]
    answers: Sequence[str]


def compute_answers(probs: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The most probable class of each row of `[N, C]`."""
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


def save_submission(
    path: Path, *, columns: tuple[str, str], ids: Sequence[str], answers: Sequence[object]
) -> None:
    """Write ids and answers, read the file back, compare, and only then move it into place.

    Raises `ValueError` when an id comes twice, or the file does not say what was meant.
    """
    doubled = [i for i, count in Counter(ids).items() if count > 1]
    if doubled:
        raise ValueError(f"id {doubled[0]} comes {Counter(ids)[doubled[0]]} times")
    if len(ids) != len(answers):
        raise ValueError(f"{len(answers)} answers for {len(ids)} ids")
    table = pd.DataFrame({columns[0]: list(ids), columns[1]: list(answers)})
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
        written = pd.read_csv(temporary, dtype=str, keep_default_na=False)
        if list(written.columns) != list(columns) or not (
            written[columns[0]].tolist() == list(ids)
            and written[columns[1]].tolist() == [str(answer) for answer in answers]
        ):
            raise ValueError(f"{path}: what was written is not what was meant")
