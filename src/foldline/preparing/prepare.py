"""`foldline prepare`: from the competition's folder to sealed tables that a person can open."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from foldline.config import Config, Data
from foldline.console import heading, progress, warn
from foldline.data.competition.answers import (
    choose_answers,
    choose_columns,
    describe_foreign_answers,
)
from foldline.data.competition.corrections import (
    TrainLabels,
    compute_train_labels,
    load_corrections,
)
from foldline.data.competition.layout import require_folder
from foldline.data.competition.reader import Competition, read_competition
from foldline.data.competition.schemes import Scheme, build_scheme
from foldline.data.competition.verify import Fault, check_pictures
from foldline.data.folds import ClassCounts, assign_folds, count_classes, take_given_folds
from foldline.data.prepared import build_tables, load_summary, save_prepared
from foldline.files import compute_sha256, is_folder
from foldline.preparing.report import describe_rare_classes, describe_seal, show_prepared
from foldline.runs.table_settings import collect_settings
from foldline.spelling import find_on_disk


def run_prepare(config: Config) -> None:
    """Read labels from the paths, check the pictures, deal the folds, write and seal the tables.

    Writes under `outputs/prepared/<data>` only. Raises `UserError` for what the user must change.
    """
    data, directory = config.data, config.prepared_dir
    scheme = build_scheme(data.scheme, pattern=data.pattern)
    settings = collect_settings(config)
    heading(f"prepare  {data.root}  scheme {data.scheme}")

    corrections = load_corrections(data.corrections) if data.corrections else []
    found = _read(config, scheme)
    train_labels = compute_train_labels(
        found.pictures,
        scheme,
        found.class_names,
        corrections=corrections,
        age_cut=data.train_age_cut,
        source=str(data.corrections),
    )
    folds, num_folds = _deal(config, found)
    counts = _count(found, folds)

    tables = build_tables(
        found.pictures,
        train_labels.labels,
        folds,
        found.test,
        found.rejected,
        part_names=scheme.part_names,
        class_names=found.class_names,
    )
    summary = _summarize(
        found, scheme, counts, train_labels, data, num_folds=num_folds, settings=settings
    )
    seal_lines = describe_seal(
        directory, tables, summary, load_summary(directory), config.run_dir.parent
    )
    save_prepared(directory, tables, summary)

    for line in [
        *found.warnings,
        *describe_foreign_answers(summary["submission_values"], found.sample),
        *describe_rare_classes(found.class_names, counts, config.folds.number, config.folds.kind),
    ]:
        warn(line)
    show_prepared(summary, counts, train_labels, data, seal_lines)


def _read(config: Config, scheme: Scheme) -> Competition:
    """The competition under `data.root`, with a bar while its pictures are checked."""
    data = config.data

    def check(paths: Sequence[str]) -> dict[str, Fault]:
        with progress("checking pictures", len(paths)) as bar:
            decode = data.verify == "decode"
            return check_pictures(data.root, paths, decode=decode, advance=bar.advance)

    if data.test_dir is not None and is_folder(data.root):
        require_folder("data.test_dir", data.root, find_on_disk(data.root, data.test_dir))
    return read_competition(
        data.root,
        scheme,
        train_dir=data.train_dir or scheme.train_dir,
        test_dir=data.test_dir or scheme.test_dir,
        valid_dir=data.valid_dir,
        sample_file=data.sample_file,
        # who says what the columns are says that no file does
        search_sample=data.submission_columns is None,
        check=check,
        fail_on_bad=data.on_bad_image == "fail",
    )


def _deal(config: Config, found: Competition) -> tuple[list[int], int]:
    """The fold of every picture, and how many folds there are to validate."""
    groups = [picture.group for picture in found.pictures]
    labels = [picture.label for picture in found.pictures]
    if config.folds.kind == "given":
        is_valid = [picture.is_given_valid for picture in found.pictures]
        return take_given_folds(groups, labels, is_valid, found.class_names), 1
    return assign_folds(
        [picture.path for picture in found.pictures],
        groups,
        labels,
        kind=config.folds.kind,
        number=config.folds.number,
        seed=config.folds.seed,
    )


def _count(found: Competition, folds: Sequence[int]) -> ClassCounts:
    groups = [picture.group for picture in found.pictures]
    labels = [picture.label for picture in found.pictures]
    return count_classes(groups, labels, folds, len(found.class_names))


def _summarize(
    found: Competition,
    scheme: Scheme,
    counts: ClassCounts,
    train_labels: TrainLabels,
    data: Data,
    *,
    num_folds: int,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """What `summary.json` says beside the seals."""
    sample = found.sample
    columns = choose_columns(scheme.submission_columns, sample, chosen=data.submission_columns)
    answers = choose_answers(found.class_names, sample, labels=data.submission_labels)
    return {
        "class_names": list(found.class_names),
        "num_folds": num_folds,
        "parts": scheme.part_values,
        "label_parts": scheme.label_parts,
        "submission_columns": list(columns),
        "submission_values": list(answers.values),
        "submission_labels": answers.kind,
        "sample_file": found.sample_path.as_posix() if found.sample_path else None,
        "sample_sha256": (
            compute_sha256(found.sample_path.read_bytes()) if found.sample_path else None
        ),
        "num_images": len(found.pictures),
        "num_groups": len({picture.group for picture in found.pictures}),
        "num_test": len(found.test.ids),
        "matched_ids": dict(found.test.matched),
        "unanswerable_ids": list(found.unanswerable_ids),
        "num_corrected": train_labels.num_corrected,
        "num_age_cut": train_labels.num_cut,
        "rejected": dict(sorted(Counter(item.reason for item in found.rejected).items())),
        "skipped": dict(sorted(found.skipped.items())),
        "settings": settings,
        "classes": [
            {
                "name": name,
                "groups": int(counts.groups[label]),
                "images": int(counts.images[label]),
                "fold_groups": counts.fold_groups[:, label].tolist(),
                "fold_images": counts.fold_images[:, label].tolist(),
            }
            for label, name in enumerate(found.class_names)
        ],
    }
