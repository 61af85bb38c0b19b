"""The prepared tables: written by `prepare`, read by every later stage, sealed against changes."""

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
from foldline.files import compute_seal, compute_sha256, write_json, write_text
from foldline.records import Record, load_record
from foldline.tables import format_table
from foldline.text import escape, leads_outside

if TYPE_CHECKING:
    import pandas as pd

    from foldline.data.competition.labels import Picture
    from foldline.data.competition.scan import Rejected
    from foldline.data.competition.test_set import TestSet

TRAIN, TEST, REJECTED, SUMMARY = "train.csv", "test.csv", "rejected.csv", "summary.json"
TEXT_COLUMNS = frozenset({"id", "path", "group", "problem"})


def say_prepare() -> str:
    """What makes the tables that a stage needs, with the settings that the stage was given."""
    return f"run: {repeat('prepare')}"


_Text = Annotated[str, Field(min_length=1)]


class Summary(Record):
    """What later stages read of `summary.json`, of which the seal covers the class names alone."""

    seal: _Text
    scoring_seal: _Text
    test_sha256: _Text
    class_names: Annotated[tuple[_Text, ...], Field(min_length=1)]
    num_folds: Annotated[int, Field(ge=1)]
    submission_columns: tuple[str, str]
    submission_values: tuple[int | str, ...]
    settings: dict[str, Any]
    # tables of before do without
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

    `train`: `path` (from the data root), `group`, the scheme's parts (integers), `label`,
    `train_label` (Int64; NA: not trained on), `fold` (-1: trained on always, never validated).
    `test`: `id` and `path` in the order of the submission; an empty path: no readable picture, as
    its `problem` says (missing or unreadable).
    `num_folds` are to be validated, numbered from 0. `submission_values` are written for each
    class. `seal` is over train.csv and the class names; `scoring_seal` leaves out what only
    training sees, so that runs with other training labels can be compared. `label_parts` are the
    parts that the classes are made of, each with the name of its value in every class.
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
    label_parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sample_file: Path | None = None
    sample_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """The prepared tables as text, and their seals."""

    train: str
    test: str
    rejected: str
    seal: str
    scoring_seal: str
    test_sha256: str


def build_tables(
    pictures: Sequence[Picture],
    train_labels: Sequence[int | None],
    folds: Sequence[int],
    test: TestSet,
    rejected: Iterable[Rejected],
    *,
    part_names: Sequence[str],
    class_names: Sequence[str],
) -> Tables:
    """Write out what was prepared, the same bytes for the same facts on every machine."""
    rows = list(zip(pictures, train_labels, folds, strict=True))
    test_table = format_table(
        ["id", "path", "problem"], zip(test.ids, test.paths, test.list_problems(), strict=True)
    )
    train = format_table(
        ["path", "group", *part_names, "label", "train_label", "fold"],
        ([p.path, p.group, *p.parts, p.label, train_label, fold] for p, train_label, fold in rows),
    )
    scoring = format_table(
        ["path", "group", "label", "fold"],
        ([p.path, p.group, p.label, fold] for p, _, fold in rows),
    )
    return Tables(
        train=train,
        test=test_table,
        rejected=format_table(
            ["path", "reason", "detail"], ([r.path, r.reason, escape(r.detail)] for r in rejected)
        ),
        seal=_compute_seal(train.encode(), class_names),
        scoring_seal=_compute_seal(scoring.encode(), class_names),
        test_sha256=compute_sha256(test_table.encode()),
    )


def save_prepared(directory: Path, tables: Tables, summary: dict[str, Any]) -> None:
    """Write the tables and `summary.json` into `directory`, each file atomically.

    The summary, which holds the seal, comes last: stopped in between, the table is refused.
    """
    write_text(directory / TRAIN, tables.train)
    write_text(directory / TEST, tables.test)
    write_text(directory / REJECTED, tables.rejected)
    sealed = {
        "seal": tables.seal,
        "scoring_seal": tables.scoring_seal,
        "test_sha256": tables.test_sha256,
    }
    write_json(directory / SUMMARY, {**sealed, **summary})


def load_prepared(directory: Path) -> Prepared:
    """Read what `prepare` wrote into `directory`.

    Raises `UserError` for a missing file, one that was changed since it was sealed, or a path that
    leads out of the data root.
    """
    for name in (TRAIN, TEST, SUMMARY):
        if not (directory / name).is_file():
            raise UserError(f"{directory / name} is missing; {say_prepare()}")
    train, test = (directory / TRAIN).read_bytes(), (directory / TEST).read_bytes()
    summary = load_record(directory / SUMMARY, Summary, remedy=say_prepare())
    if summary is None:
        raise UserError(f"{directory / SUMMARY} is missing; {say_prepare()}")
    changed = []
    if _compute_seal(train, summary.class_names) != summary.seal:
        changed.append(TRAIN)
    if compute_sha256(test) != summary.test_sha256:
        changed.append(TEST)
    if changed:
        faults = [f"{directory / name}: changed since it was sealed" for name in changed]
        raise UserError(*(f"{fault}; {say_prepare()}" for fault in faults))
    rows = _read_csv(directory / TRAIN, train)
    if rows["fold"].max() >= summary.num_folds:
        raise UserError(f"{directory / SUMMARY}: num_folds: {TRAIN} has more; {say_prepare()}")
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
        label_parts=summary.label_parts,
        sample_file=Path(summary.sample_file) if summary.sample_file else None,
        sample_sha256=summary.sample_sha256,
    )


def load_summary(directory: Path) -> dict[str, Any] | None:
    """What `summary.json` in `directory` says; None where there is none that can be read."""
    try:
        summary = load_record(directory / SUMMARY, Summary, remedy=say_prepare())
    except UserError:
        return None
    return summary.model_dump(mode="json") if summary else None


def _compute_seal(table: bytes, class_names: Iterable[str]) -> str:
    return compute_seal(table, *(name.encode() for name in class_names))


def _read_test(path: Path, content: bytes) -> pd.DataFrame:
    table = _read_csv(path, content)
    if "problem" not in table.columns:  # tables of before do not tell the two apart
        table["problem"] = ["" if path else f"{MISSING} or {UNREADABLE}" for path in table["path"]]
    return table


def _read_csv(path: Path, content: bytes) -> pd.DataFrame:
    """Ids, paths and groups as they are written (`000020`, `NA`), all else as integers."""
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
        raise UserError(f"{path}: {outside} leads out of the folder of pictures; {say_prepare()}")
    return table
