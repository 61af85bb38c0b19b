"""Write the prepared tables, sealed against changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldline.data.competition.labels import Picture
from foldline.data.competition.scan import Rejected
from foldline.data.competition.test_set import TestSet
from foldline.data.prepared import REJECTED, SUMMARY, TEST, TRAIN, compute_table_seal
from foldline.files import compute_sha256, write_json, write_text
from foldline.tables import format_table
from foldline.text import escape


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
    attribute_names: Sequence[str],
    class_names: Sequence[str],
) -> Tables:
    """Return the tables as text: the same bytes for the same facts on every machine."""
    rows = list(zip(pictures, train_labels, folds, strict=True))
    test_table = format_table(
        ["id", "path", "problem"], zip(test.ids, test.paths, test.list_problems(), strict=True)
    )
    train = format_table(
        ["path", "group", *attribute_names, "label", "train_label", "fold"],
        ([p.path, p.group, *p.attributes, p.label, seen, fold] for p, seen, fold in rows),
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
        seal=compute_table_seal(train.encode(), class_names),
        scoring_seal=compute_table_seal(scoring.encode(), class_names),
        test_sha256=compute_sha256(test_table.encode()),
    )


def save_tables(directory: Path, tables: Tables, summary: dict[str, Any]) -> None:
    """Write the tables and `summary.json` into `directory`, each file atomically.

    The summary, which holds the seals, comes last: after an interruption the tables are refused.
    """
    write_text(directory / TRAIN, tables.train)
    write_text(directory / TEST, tables.test)
    write_text(directory / REJECTED, tables.rejected)
    seals = {
        "seal": tables.seal,
        "scoring_seal": tables.scoring_seal,
        "test_sha256": tables.test_sha256,
    }
    write_json(directory / SUMMARY, {**seals, **summary})
