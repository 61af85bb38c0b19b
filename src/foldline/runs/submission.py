"""The submission file: checked before it takes the place of an older one."""

import codecs
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from foldline.errors import UserError
from foldline.files import replacing
from foldline.tables import format_table, read_table


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
    text = format_table(columns, zip(ids, answers, strict=True))
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        written = read_table(temporary)
        meant = [[one, str(answer)] for one, answer in zip(ids, answers, strict=True)]
        if (written.columns, written.rows) != (columns, meant):
            raise ValueError(f"{path}: what was written is not what was meant")
