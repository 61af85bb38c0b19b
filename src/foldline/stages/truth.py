"""The true answers of the test pictures, where they are known."""

from pathlib import Path
from typing import Any

import pandas as pd

from foldline.data.prepared import Prepared
from foldline.errors import UserError


def load_truth(path: Path, prepared: Prepared) -> pd.DataFrame:
    """`label`, `id` (and `group`, where the file has it) of every test row, in submission order.

    Raises `UserError` naming what is missing, doubled or no class.
    """
    if not path.is_file():
        raise UserError(f"infer.truth: {path}: no such file")
    try:
        given = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"infer.truth: {path}: not a readable CSV: {error}") from None
    id_column, value_column = prepared.submission_columns
    if not {id_column, value_column} <= set(given.columns):
        raise UserError(f"infer.truth: {path}: expected the columns {id_column},{value_column}")
    classes = {str(value): number for number, value in enumerate(prepared.submission_values)}
    if given[id_column].duplicated().any():
        doubled = given.loc[given[id_column].duplicated(), id_column].iloc[0]
        raise UserError(f"infer.truth: {path}: {doubled} comes more than once")
    given = given.set_index(id_column)
    ids = prepared.test["id"].astype(str)
    absent = ids[~ids.isin(given.index)]
    if len(absent):
        raise UserError(
            f"infer.truth: {path}: no answer for {len(absent)} ids, such as {absent.iloc[0]}"
        )
    truth: Any = given.loc[ids.tolist()].reset_index()
    truth["label"] = truth[value_column].map(classes)
    truth["id"] = truth[id_column]
    wrong = truth[truth["label"].isna()]
    if len(wrong):
        raise UserError(
            f"infer.truth: {path}: {value_column} {wrong[value_column].iloc[0]!r} is no class"
        )
    return pd.DataFrame(truth)
