"""The out-of-fold store: what every picture was answered by a network that never saw its person."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldline.errors import UserError
from foldline.files import replacing
from foldline.scoring.metrics import Labels, Probs
from foldline.text import leads_outside

COLUMNS = ("path", "group", "fold", "label", "train_label")
_PREFIX = "p_"


@dataclass(frozen=True)
class OutOfFold:
    """`table` has `COLUMNS` and one column `p_<class>` of probability per class, in class order."""

    table: pd.DataFrame

    @property
    def labels(self) -> Labels:
        return self.table["label"].to_numpy(dtype=np.int64)

    @property
    def groups(self) -> list[str]:
        return list(self.table["group"])

    @property
    def class_names(self) -> list[str]:
        """In class order."""
        return [name.removeprefix(_PREFIX) for name in self.table.columns[len(COLUMNS) :]]

    @property
    def probs(self) -> Probs:
        columns = [column for column in self.table.columns if column not in COLUMNS]
        return self.table[columns].to_numpy(dtype=np.float64)


def build_out_of_fold(
    rows: pd.DataFrame, probs: npt.NDArray[np.float64], class_names: Sequence[str]
) -> OutOfFold:
    """Join table rows (with `COLUMNS`) `[N]` and their `probs` `[N, C]`."""
    assert len(rows) == len(probs), f"{len(probs)} answers for {len(rows)} rows"
    answers = pd.DataFrame(probs, columns=[_PREFIX + name for name in class_names])
    return OutOfFold(pd.concat([rows[list(COLUMNS)].reset_index(drop=True), answers], axis=1))


def join_out_of_fold(parts: Sequence[OutOfFold], order: Sequence[str]) -> OutOfFold:
    """The folds as one, rows in the order of the paths of the prepared table."""
    whole = pd.concat([part.table for part in parts], ignore_index=True)
    position = {path: number for number, path in enumerate(order)}
    return OutOfFold(
        whole.sort_values("path", key=lambda paths: paths.map(position), ignore_index=True)
    )


def save_out_of_fold(path: Path, out_of_fold: OutOfFold) -> None:
    """Write at full precision, atomically: every float reads back to the same bits."""
    with replacing(path) as temporary:
        out_of_fold.table.to_csv(temporary, index=False, lineterminator="\n")


def load_out_of_fold(path: Path) -> OutOfFold:
    """Read what `save_out_of_fold` wrote. Raises `UserError` for another file."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        probs = [column for column in table.columns if column.startswith(_PREFIX)]
        if not probs or list(table.columns) != [*COLUMNS, *probs]:
            raise UserError(
                f"{path}: expected the columns {', '.join(COLUMNS)} and {_PREFIX}<class> for each "
                "class; train it again"
            )
        if outside := next(filter(leads_outside, table["path"]), None):
            raise UserError(f"{path}: {outside} leads out of the folder of pictures")
        return OutOfFold(
            table.astype(
                {"fold": np.int64, "label": np.int64, **dict.fromkeys(probs, np.float64)}
            ).assign(train_label=pd.to_numeric(table["train_label"]).astype("Int64"))
        )
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a readable out-of-fold file: {error}") from None
