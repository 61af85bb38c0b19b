"""The submission file: checked before it takes the place of an older one."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldline.files import replacing


def compute_answers(probs: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The most probable class of each row of `[N, C]`."""
    if not np.isfinite(probs).all():
        raise ValueError(f"{int((~np.isfinite(probs)).any(axis=1).sum())} rows are not finite")
    answers: npt.NDArray[np.int64] = probs.argmax(axis=1)
    return answers


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
