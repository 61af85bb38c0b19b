"""One run: what it is, how good each fold and class came out, and how to go on."""

from pathlib import Path

import numpy as np

from foldline import console
from foldline.config import Config
from foldline.config.recipe import flatten_settings
from foldline.errors import UserError
from foldline.metrics.counts import compute_class_f1, count_by_person
from foldline.runs.files import SubmissionRecord
from foldline.runs.out_of_fold import load_out_of_fold
from foldline.runs.summary import FoldSummary, RunSummary, load_run, show_setting
from foldline.text import count_of

# as many classes are shown as fit a glance
_WORST = 5


def run_show(path: Path) -> None:
    """Print the run in the folder `path`."""
    run = load_run(path)
    for problem in run.problems:
        console.warn(problem)
    _show_recipe(run)
    if run.folds:
        console.say()
        columns = (
            "fold",
            "macro-F1",
            "accuracy",
            "log loss",
            "best epoch",
            "epochs",
            "seconds",
            "",
        )
        console.show_table(columns, [_describe_fold(fold) for fold in run.folds])
    if run.out_of_fold:
        _show_scores(run)
        _show_classes(run)
    _show_files(run)


def _show_recipe(run: RunSummary) -> None:
    config, environment = run.config, run.environment
    height, width = config.data.image_size
    console.heading(
        f"run {run.name}: {config.model.name} ({config.model.weights}), {height}×{width}"
    )
    scored_on = run.scoring_seal[:12] if run.scoring_seal else "not recorded"
    console.say(f"data      {config.data_name}, sealed {run.seal[:12]}, scored on {scored_on}")
    revision = (environment.git_revision or "none")[:12]
    changed = " with changes" if environment.git_changes else ""
    console.say(f"made      on {environment.device}; git revision {revision}{changed}")
    defaults = flatten_settings(Config().model_dump(mode="json"))
    for key, value in flatten_settings(config.model_dump(mode="json")).items():
        if key != "run" and defaults.get(key) != value:
            console.say(f"setting   {key}={show_setting(value)}")


def _describe_fold(fold: FoldSummary) -> list[str]:
    scores = fold.scores.values() if fold.scores else ()
    return [
        str(fold.fold),
        *([f"{score:.3f}" for score in scores] or ["–"] * 3),
        str(fold.best_epoch or "–"),
        str(fold.epochs),
        f"{fold.seconds:.0f}",
        "" if fold.is_finished else "not finished",
    ]


def _show_scores(run: RunSummary) -> None:
    joined, spread = run.out_of_fold, run.spread
    assert joined is not None
    over_folds = f"; over folds mean {spread[0]:.3f}, sd {spread[1]:.3f}" if spread else ""
    console.say()
    console.say(
        f"out of fold: macro-F1 {joined.scores[run.metric.key]:.3f} "
        f"(95 % {joined.low:.3f} to {joined.high:.3f}), accuracy {joined.scores['accuracy']:.3f}, "
        f"{joined.pictures} pictures of folds {', '.join(map(str, joined.folds))}{over_folds}"
    )
    console.say()


def _show_classes(run: RunSummary) -> None:
    """The worst classes; a line of warning where the rows cannot be read."""
    try:
        out_of_fold = load_out_of_fold(run.folder.oof)
    except UserError as error:
        console.warn(error.faults[0])
        return
    names = out_of_fold.class_names
    counts = count_by_person(
        out_of_fold.labels, out_of_fold.probs.argmax(axis=1), out_of_fold.groups, len(names)
    )
    f1 = compute_class_f1(counts.sum(axis=0))
    right, answered, true = counts.sum(axis=0).astype(int)
    people = (counts[:, 2] > 0).sum(axis=0)
    console.show_table(
        ("worst classes", "F1", "pictures", "people", "answered", "of these right"),
        [
            (names[k], f"{f1[k]:.3f}", true[k], people[k], answered[k], right[k])
            for k in np.argsort(f1, kind="stable")[:_WORST]
        ],
    )


def _show_files(run: RunSummary) -> None:
    console.say()
    files = [run.folder.config, run.folder.environment, run.folder.scores, run.folder.oof]
    files += [run.folder.fold(fold.fold).best for fold in run.folds]
    for path in files:
        if path.is_file():
            console.say(f"file      {path}")
    if run.submission is not None:
        console.say(f"file      {run.folder.submission}{_describe_submission(run.submission)}")
    if run.submission is None or not run.is_finished:
        console.say(f"next      {run.next_command}")


def _describe_submission(submission: SubmissionRecord) -> str:
    """What `submission.json` says of it, as far as it says something."""
    rows, networks, truth = submission.rows, submission.checkpoints, submission.truth
    parts = [
        "" if rows is None else count_of(rows, "row"),
        "" if networks is None else count_of(len(networks), "network"),
        "mirrored too" if submission.flip else "",
        f"macro-F1 {truth['macro_f1']:.3f} against the truth" if truth else "",
    ]
    said = ", ".join(part for part in parts if part)
    return f" ({said})" if said else ""
