"""Small prepared tables, and their files."""

from pathlib import Path
from typing import Any

from foldline.data.competition.labels import Picture
from foldline.data.competition.scan import Rejected
from foldline.data.competition.test_set import TestSet
from foldline.preparing.tables import Tables, build_tables, save_tables

PICTURES = [
    Picture("train/000020/1.jpg", "000020", (0, 1, 58), 4),
    Picture("train/NA/é, 2.jpg", "NA", (2, 0, 25), 12),
    Picture("train/1e5/3.jpg", "1e5", (0, 0, 60), 2),
]
CLASS_NAMES = tuple(f"class {label}" for label in range(18))
TEST = TestSet(["007", "null", "a"], ["test/007.jpg", "", "test/a.jpg"])


def build(**changes: Any) -> Tables:
    facts: dict[str, Any] = {
        "pictures": PICTURES,
        "train_labels": [5, None, 2],
        "folds": [0, 1, -1],
        "test": TEST,
        "rejected": [Rejected("train/x.jpg", "truncated", "why, oh why")],
        "attribute_names": ("mask", "gender", "age"),
        "class_names": CLASS_NAMES,
    }
    return build_tables(**(facts | changes))


def save(directory: Path, tables: Tables | None = None, **changes: Any) -> None:
    summary = {
        "class_names": list(CLASS_NAMES),
        "num_folds": 2,
        "submission_columns": ["ImageID", "ans"],
        "submission_values": list(range(18)),
        "settings": {"folds.number": 2},
    }
    save_tables(directory, tables or build(), summary | changes)
