"""One run: what it is, how good each fold and class came out, and how to go on."""

from pathlib import Path

import numpy as np

from foldline import console
from foldline.config import Config
from foldline.config.recipe import flatten_settings, show_setting
from foldline.metrics.counts import compute_class_f1, count_by_person
from foldline.runs.files import Environment, Members, RunScores, SubmissionRecord
from foldline.runs.metrics_log import FoldRecord
from foldline.runs.out_of_fold import OutOfFold
from foldline.runs.record import RunRecord
from foldline.text import count_of, format_figure

# as many classes are shown as fit a glance
_WORST = 5


def run_show(path: Path) -> None:
    """Print the run in the folder `path`."""
    run = RunRecord.load(path)
    config, environment = run.require()
    out_of_fold = run.out_of_fold if run.scores else None
    for problem in run.problems:
        console.warn(problem)
    if run.members:
        _show_members(run, run.members)
    else:
        _show_recipe(run, config, environment)
    if run.folds:
        console.log()
        titles = [metric.title for metric in run.metrics]
        own = () if run.members else ("best epoch", "epochs", "seconds", "")
        console.show_table(
            ["fold", *titles, *own], [_describe_fold(run, fold) for fold in run.folds]
        )
    if run.scores:
        _show_scores(run, run.scores)
    if out_of_fold:
        _show_classes(out_of_fold)
    elif run.scores and not run.folder.oof.exists():
        console.warn(f"{run.folder.oof}: missing; the classes cannot be shown")
    _show_files(run)


def _show_members(run: RunRecord, members: Members) -> None:
    console.heading(f"run {run.name}: average of {count_of(len(members.members), 'run')}")
    _show_data(run)
    console.log(f"average   {members.describe()}")


def _show_recipe(run: RunRecord, config: Config, environment: Environment) -> None:
    height, width = config.data.image_size
    console.heading(
        f"run {run.name}: {config.model.name} ({config.model.weights}), {height}×{width}"
    )
    _show_data(run)
    revision = (environment.git_revision or "none")[:12]
    changed = " with changes" if environment.git_changes else ""
    console.log(f"made      on {environment.device}; git revision {revision}{changed}")
    defaults = flatten_settings(Config().model_dump(mode="json"))
    for key, value in run.settings.items():
        if key != "run" and defaults.get(key) != value:
            console.log(f"setting   {key}={show_setting(value)}")


def _show_data(run: RunRecord) -> None:
    scored_on = run.scoring_seal[:12] if run.scoring_seal else "not recorded"
    console.log(f"data      {run.data_name}, sealed {(run.seal or '')[:12]}, scored on {scored_on}")


def _describe_fold(run: RunRecord, fold: FoldRecord) -> list[str]:
    scores = fold.scores or {}
    cells = [str(fold.fold), *(format_figure(scores.get(metric.key)) for metric in run.metrics)]
    if run.members:
        return cells
    finished = "" if fold.is_finished else "not finished"
    return [*cells, str(fold.best_epoch or "–"), str(fold.epochs), f"{fold.seconds:.0f}", finished]


def _show_scores(run: RunRecord, scores: RunScores) -> None:
    spread, (low, high) = run.compute_spread(run.metric), scores.interval
    over_folds = f"; over folds mean {spread[0]:.3f}, sd {spread[1]:.3f}" if spread else ""
    own, *others = [each for each in run.metrics if each.key in scores.joined]
    listed = "".join(f", {each.title} {scores.joined[each.key]:.3f}" for each in others)
    console.log()
    console.log(
        f"out of fold: {own.title} {scores.joined[own.key]:.3f} (95 % {low:.3f} to {high:.3f})"
        f"{listed}, {scores.pictures} pictures of folds {', '.join(map(str, sorted(scores.folds)))}"
        f"{over_folds}"
    )
    console.log()


def _show_classes(out_of_fold: OutOfFold) -> None:
    """Print the classes with the lowest F1."""
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


def _show_files(run: RunRecord) -> None:
    console.log()
    files = [run.folder.config, run.folder.environment, run.folder.members, run.folder.scores]
    files += [run.folder.oof, *(run.folder.fold(fold.fold).best for fold in run.folds)]
    for path in files:
        if path.is_file():
            console.log(f"file      {path}")
    if run.has_submission:
        console.log(f"file      {run.folder.submission}{_describe_submission(run)}")
    if run.next_command and not (run.has_submission and run.is_finished):
        console.log(f"next      {run.next_command}")


def _describe_submission(run: RunRecord) -> str:
    """Return what `submission.json` records of the submission, as far as known."""
    submission = run.submission or SubmissionRecord()
    rows, networks, truth = submission.rows, submission.checkpoints, submission.truth or {}
    own = run.metric
    parts = [
        "" if rows is None else count_of(rows, "row"),
        "" if networks is None else count_of(len(networks), "network"),
        "mirrored too" if submission.flip else "",
        f"{own.title} {truth[own.key]:.3f} against the truth" if own.key in truth else "",
    ]
    known = ", ".join(filter(None, parts))
    return f" ({known})" if known else ""
