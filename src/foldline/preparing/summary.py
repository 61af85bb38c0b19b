"""What `summary.json` says about the prepared tables."""

from collections import Counter
from typing import Any

from foldline.config.data import Data
from foldline.data.competition.answers import choose_answers, choose_columns
from foldline.data.competition.corrections import TrainLabels
from foldline.data.competition.reader import Competition
from foldline.data.competition.schemes import Scheme
from foldline.data.folds import ClassCounts
from foldline.files import compute_sha256


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
    sample, sample_path = competition.sample, competition.sample_path
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
        "num_test": len(competition.test.ids),
        "matched_ids": dict(competition.test.matched),
        "unanswerable_ids": list(competition.unanswerable_ids),
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
