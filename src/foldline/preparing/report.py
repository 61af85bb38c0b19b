"""What prepare prints when it is done."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foldline.command_line import repeat
from foldline.config.data import Data
from foldline.console import log, show_table
from foldline.data.competition.corrections import TrainLabels
from foldline.data.folds import ClassCounts
from foldline.data.prepared import REJECTED
from foldline.errors import UserError
from foldline.preparing.tables import Tables
from foldline.runs.files import Environment
from foldline.text import name_some

# with more folds than this a column for each would be wider than 100 characters
NUM_FOLDS_SHOWN = 5
NUM_CLASSES_SHOWN = 40
SEAL_DIGITS = 12
ANSWERS = {
    "names": "the names of the classes",
    "values": "the numbers that the names are",
    "ranks": "numbers from 0",
}


def show_prepared(
    summary: Mapping[str, Any],
    counts: ClassCounts,
    train_labels: TrainLabels,
    data: Data,
    seal_lines: Sequence[str],
) -> None:
    """Print classes and folds, what was left out, what training sees, the seal and what is next."""
    _show_classes(summary, counts)
    log()
    if summary["rejected"]:
        log(f"left out   {_list_counts(summary['rejected'])}; named in {REJECTED}")
    if summary["skipped"]:
        log(f"skipped    {_list_counts(summary['skipped'])}")
    for line in _describe_training(train_labels, data):
        log(f"training   {line}")
    log(f"test       {_describe_test(summary)}")
    for how, count in summary["matched_ids"].items():
        log(f"ids        {count} matched by {how}")
    if data.scheme != "mask" and summary["num_test"]:
        pairs = zip(summary["submission_values"], summary["class_names"], strict=True)
        listed = name_some([f"{value} for {name}" for value, name in pairs], limit=5)
        log(f"answers    {listed}: {ANSWERS[summary['submission_labels']]}")
    for line in seal_lines:
        log(line)
    log(f"next       {repeat('train')}")


def describe_rare_classes(
    class_names: Sequence[str], counts: ClassCounts, number: int, kind: str
) -> list[str]:
    """Return lines that name the classes missing from a fold, or from one side of the only one."""
    if kind in ("holdout", "given"):
        valid, whole = counts.fold_images[0], counts.images
        sides = {"trained on": whole - valid, "validated": valid}
        missing = {
            side: [name for name, count in zip(class_names, images, strict=True) if not count]
            for side, images in sides.items()
        }
        return [
            f"classes of which no picture is {side}: {name_some(names, limit=6)}"
            for side, names in missing.items()
            if names
        ]
    unit, available = ("pictures", counts.images) if kind == "image" else ("groups", counts.groups)
    rare = [
        f"{name} ({count})"
        for name, count in zip(class_names, available, strict=True)
        if count < number
    ]
    if not rare:
        return []
    return [f"classes with fewer {unit} than the {number} folds: {name_some(rare, limit=6)}"]


def describe_seal(
    directory: Path,
    tables: Tables,
    new: Mapping[str, Any],
    old: Mapping[str, Any] | None,
    runs_dir: Path,
) -> list[str]:
    """Return lines on where the tables go, their seal, and the runs made on those they replace.

    `new` is the summary of these tables, `old` that of the tables they replace.
    """
    digits = tables.seal[:SEAL_DIGITS]
    is_same_test = old is not None and old["test_sha256"] == tables.test_sha256
    if old and old["seal"] == tables.seal and is_same_test:
        if all(old.get(key) == new[key] for key in ("submission_columns", "submission_values")):
            return [f"unchanged  {directory}  seal {digits}"]
        answers = "what a submission says for each class; the tables are the same"
        return [f"written    {directory}  seal {digits}", f"replaces   {answers}"]
    lines = [f"written    {directory}  seal {digits}"]
    if old and old["seal"] == tables.seal:
        lines.append("replaces   the table of test pictures; the training table is the same")
    elif old:
        runs = _find_runs(runs_dir, old["seal"])
        made = f"made on it: {name_some(runs, limit=5)}" if runs else "no run was made on it"
        lines.append(f"replaces   seal {old['seal'][:SEAL_DIGITS]}; {made}")
        if old["scoring_seal"] == tables.scoring_seal:
            lines.append(
                "           folds and scoring labels are the same, training labels are not"
            )
    return lines


def _find_runs(runs_dir: Path, seal: str) -> list[str]:
    """Return the runs whose `environment.json` names `seal`."""
    runs = []
    for path in sorted(runs_dir.glob("*/environment.json")):
        try:
            environment = Environment.load(path)
        except UserError:
            continue
        if environment and environment.seal == seal:
            runs.append(path.parent.name)
    return runs


def _show_classes(summary: Mapping[str, Any], counts: ClassCounts) -> None:
    """Print how many people and pictures each class has, in all and in each fold."""
    unit = "people" if summary["parts"] else "groups"
    num_folds, num_classes = counts.fold_images.shape
    # groups and images: of every class and of all, [2, classes + 1], and the same in each fold
    whole = np.array(
        [[*counts.groups, summary["num_groups"]], [*counts.images, summary["num_images"]]]
    )
    in_folds = np.stack(
        [
            np.column_stack([counts.fold_groups, counts.all_fold_groups]),
            np.column_stack([counts.fold_images, counts.fold_images.sum(axis=1)]),
        ]
    )
    columns = [f"fold {fold}" for fold in range(num_folds)]
    if num_folds == 1:
        columns = ["trained on", "validated"]
        in_folds = np.stack([whole - in_folds[:, 0], in_folds[:, 0]], axis=1)
    if num_folds <= NUM_FOLDS_SHOWN:
        cells = [[f"{groups}/{images}" for groups, images in one] for one in in_folds.T]
    else:
        columns = [f"{unit} a fold", "images a fold"]
        fewest, most = in_folds.min(axis=1), in_folds.max(axis=1)
        cells = [
            [f"{low}–{high}" for low, high in zip(*pair, strict=True)]
            for pair in zip(fewest.T, most.T, strict=True)
        ]
    rows = [
        [name, *in_all, *own]
        for name, in_all, own in zip([*summary["class_names"], "all"], whole.T, cells, strict=True)
    ]
    if num_classes > NUM_CLASSES_SHOWN:
        more = f"… and {num_classes - NUM_CLASSES_SHOWN} more classes"
        rows[NUM_CLASSES_SHOWN:-1] = [[more, *[""] * (len(columns) + 2)]]
    show_table(["class", unit, "images", *columns], rows)


def _describe_test(summary: Mapping[str, Any]) -> str:
    if not summary["num_test"]:
        return f"none: no pictures in {summary['settings']['data.test_dir']}; see data.test_dir"
    if summary["sample_file"]:
        return f"{summary['num_test']} pictures in the order of {summary['sample_file']}"
    columns = ",".join(summary["submission_columns"])
    return f"{summary['num_test']} pictures in the order of their names, answered as {columns}"


def _describe_training(train_labels: TrainLabels, data: Data) -> list[str]:
    lines = []
    if data.corrections:
        unused = len(train_labels.unused)
        if unused and unused == train_labels.num_corrections:
            lines.append(f"corrections are off: none of {data.corrections} is about this data")
        else:
            rest = f"; {unused} of its rows match nothing" if unused else ""
            number = train_labels.num_corrected
            lines.append(f"{number} pictures relabelled by {data.corrections}{rest}")
    if data.train_age_cut is not None:
        cut = f"{train_labels.num_cut} pictures trained as the oldest class"
        lines.append(f"{cut}, which begins at {data.train_age_cut} years")
    return lines


def _list_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items())
