"""The submission file: checked before it takes the place of an older one."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldline.errors import UserError
from foldline.files import replacing


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

    Raises `UserError` for a file that is not there, not UTF-8, or has another number of columns.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, strict=True))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, csv.Error):
        raise UserError(f"{path}: not a CSV in UTF-8; save it as one") from None
    if not lines:
        raise UserError(f"{path}: empty; expected a header and a row for each test picture")
    header, *rows = lines
    faulty = [number for number, line in enumerate(lines, start=1) if len(line) != 2]
    if faulty:
        more = f", and {len(faulty) - 1} more rows" if len(faulty) > 1 else ""
        found = ",".join(lines[faulty[0] - 1])
        raise UserError(f"{path}: row {faulty[0]}{more}: expected id and answer, found {found!r}")
    return Submission(tuple(header), [row[0] for row in rows], [row[1] for row in rows])


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
