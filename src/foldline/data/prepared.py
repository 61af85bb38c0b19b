"""Read the sealed tables that `prepare` wrote; every later stage begins with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from foldline.command_line import repeat
from foldline.data.competition.test_set import MISSING, UNREADABLE
from foldline.errors import UserError
from foldline.files import compute_seal, compute_sha256
from foldline.records import Record, load_record
from foldline.text import leads_outside

if TYPE_CHECKING:
    import pandas as pd

TRAIN, TEST, REJECTED, SUMMARY = "train.csv", "test.csv", "rejected.csv", "summary.json"
TEXT_COLUMNS = frozenset({"id", "path", "group", "problem"})


def suggest_prepare() -> str:
    """Return the command that makes the tables a stage needs, with the settings of that stage."""
    return f"run: {repeat('prepare')}"


_Text = Annotated[str, Field(min_length=1)]


class Summary(Record):
    """What later stages read from `summary.json`; the seal covers only the class names in it."""

    seal: _Text
    scoring_seal: _Text
    test_sha256: _Text
    class_names: Annotated[tuple[_Text, ...], Field(min_length=1)]
    num_folds: Annotated[int, Field(ge=1)]
    submission_columns: tuple[str, str]
    submission_values: tuple[int | str, ...]
    settings: dict[str, Any]
    # absent from tables of older versions
    label_parts: dict[str, tuple[str, ...]] = Field(default={})
    sample_file: str | None = None
    sample_sha256: str | None = None

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if len(set(self.class_names)) < len(self.class_names):
            raise ValueError("class_names: two of them are the same")
        values = {str(value) for value in self.submission_values}
        if not len(values) == len(self.submission_values) == len(self.class_names):
            raise ValueError("submission_values: expected one of its own for each class")
        if any(len(part) != len(self.class_names) for part in self.label_parts.values()):
            raise ValueError("label_parts: expected a value for each class")
        return self


@dataclass(frozen=True)
class Prepared:
    """A sealed competition.

    `train` has the columns `path` (relative to the data root), `group`, one for each attribute of
    the labels (integers), `label`, `train_label` (Int64; NA: not trained on) and `fold` (-1:
    always trained on, never validated). `test` has `id` and `path` in submission order; where the
    picture is missing or unreadable, `path` is empty and `problem` says which.

    `num_folds` folds are validated, numbered from 0. `submission_values` has what a submission
    says for each class. `seal` covers train.csv and the class names; `scoring_seal` leaves out
    what only training sees, so that runs with different training labels can be compared.
    `label_attributes` has, for each attribute, the name of its value in every class.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    class_names: tuple[str, ...]
    num_folds: int
    seal: str
    submission_columns: tuple[str, str]
    submission_values: tuple[int | str, ...]
    settings: dict[str, Any]
    scoring_seal: str = ""
    label_attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sample_file: Path | None = None
    sample_sha256: str | None = None


def load_prepared(directory: Path) -> Prepared:
    """Read what `prepare` wrote into `directory`.

    Raise `UserError` if a file is missing or was changed since it was sealed, or if a path leads
    out of the data root.
    """
    for name in (TRAIN, TEST, SUMMARY):
        if not (directory / name).is_file():
            raise UserError(f"{directory / name} is missing; {suggest_prepare()}")
    train, test = (directory / TRAIN).read_bytes(), (directory / TEST).read_bytes()
    summary = load_record(directory / SUMMARY, Summary, remedy=suggest_prepare())
    if summary is None:
        raise UserError(f"{directory / SUMMARY} is missing; {suggest_prepare()}")
    is_changed = {
        TRAIN: compute_table_seal(train, summary.class_names) != summary.seal,
        TEST: compute_sha256(test) != summary.test_sha256,
    }
    if changed := [directory / name for name, differs in is_changed.items() if differs]:
        fault = f"changed since it was sealed; {suggest_prepare()}"
        raise UserError(*(f"{path}: {fault}" for path in changed))
    rows = _read_csv(directory / TRAIN, train)
    if rows["fold"].max() >= summary.num_folds:
        raise UserError(f"{directory / SUMMARY}: num_folds: {TRAIN} has more; {suggest_prepare()}")
    return Prepared(
        train=rows,
        test=_read_test(directory / TEST, test),
        class_names=summary.class_names,
        num_folds=summary.num_folds,
        seal=summary.seal,
        submission_columns=summary.submission_columns,
        submission_values=summary.submission_values,
        settings=summary.settings,
        scoring_seal=summary.scoring_seal,
        label_attributes=summary.label_parts,
        sample_file=Path(summary.sample_file) if summary.sample_file else None,
        sample_sha256=summary.sample_sha256,
    )


def load_summary(directory: Path) -> dict[str, Any] | None:
    """Return what `summary.json` in `directory` says, or None if there is none to be read."""
    try:
        summary = load_record(directory / SUMMARY, Summary, remedy=suggest_prepare())
    except UserError:
        return None
    return summary.model_dump(mode="json") if summary else None


def compute_table_seal(table: bytes, class_names: Iterable[str]) -> str:
    """Return the seal over a table and the class names."""
    return compute_seal(table, *(name.encode() for name in class_names))


def _read_test(path: Path, content: bytes) -> pd.DataFrame:
    table = _read_csv(path, content)
    if "problem" not in table.columns:  # older versions did not distinguish the two
        table["problem"] = ["" if path else f"{MISSING} or {UNREADABLE}" for path in table["path"]]
    return table


def _read_csv(path: Path, content: bytes) -> pd.DataFrame:
    """Read ids, paths and groups as they are written (`000020`, `NA`), all else as integers."""
    import pandas as pd

    columns = next(csv.reader(io.StringIO(content.decode())))
    types = {name: "str" if name in TEXT_COLUMNS else "int64" for name in columns}
    table = pd.read_csv(
        io.BytesIO(content),
        dtype=types | ({"train_label": "Int64"} if "train_label" in columns else {}),
        keep_default_na=False,
        na_values={"train_label": [""]} if "train_label" in columns else None,
        encoding="utf-8",
    )
    if outside := next(filter(leads_outside, table["path"]), None):
        raise UserError(
            f"{path}: {outside} leads out of the folder of pictures; {suggest_prepare()}"
        )
    return table
