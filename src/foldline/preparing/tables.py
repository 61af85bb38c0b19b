"""Build the prepared tables and their summary, and write them, sealed against changes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldline.config.data import Data
from foldline.data.competition.answers import choose_answers, choose_columns
from foldline.data.competition.corrections import TrainLabels
from foldline.data.competition.labels import Picture
from foldline.data.competition.reader import Competition
from foldline.data.competition.scan import Rejected
from foldline.data.competition.schemes import Scheme
from foldline.data.competition.test_set import TestSet
from foldline.data.folds import ClassCounts
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


def build_summary(
    competition: Competition,
    scheme: Scheme,
    counts: ClassCounts,
    train_labels: TrainLabels,
    data: Data,
    *,
    num_folds: int,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Return the summary without its seals; `settings` are those that produced the tables."""
    sample, sample_path, test = competition.sample, competition.sample_path, competition.test
    columns = choose_columns(scheme.submission_columns, sample, chosen=data.submission_columns)
    kind, values = choose_answers(competition.class_names, sample, labels=data.submission_labels)
    return {
        "class_names": list(competition.class_names),
        "num_folds": num_folds,
        "parts": scheme.attribute_values,
        "label_parts": scheme.label_attributes,
        "submission_columns": list(columns),
        "submission_values": list(values),
        "submission_labels": kind,
        "sample_file": sample_path.as_posix() if sample_path else None,
        "sample_sha256": compute_sha256(sample_path.read_bytes()) if sample_path else None,
        "num_images": len(competition.pictures),
        "num_groups": len(set(competition.groups)),
        "num_test": len(test.ids),
        "matched_ids": dict(test.matched),
        "unanswerable_ids": [i for i, path in zip(test.ids, test.paths, strict=True) if not path],
        "num_corrected": train_labels.num_corrected,
        "num_age_cut": train_labels.num_cut,
        "rejected": dict(sorted(Counter(item.reason for item in competition.rejected).items())),
        "skipped": dict(sorted(competition.skipped.items())),
        "settings": settings,
        "classes": [
            {
                "name": name,
                "groups": int(counts.groups[label]),
                "images": int(counts.images[label]),
                "fold_groups": counts.fold_groups[:, label].tolist(),
                "fold_images": counts.fold_images[:, label].tolist(),
            }
            for label, name in enumerate(competition.class_names)
        ],
    }


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
