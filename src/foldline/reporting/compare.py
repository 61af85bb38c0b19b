"""Runs side by side: their scores, what differs in their settings, and whether a gain is real."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pandas as pd

from foldline import console
from foldline.command_line import choose
from foldline.config.recipe import flatten_settings
from foldline.errors import UserError
from foldline.metrics.compare import Comparison, compare_runs
from foldline.runs.out_of_fold import OutOfFold, load_out_of_fold
from foldline.runs.summary import RunSummary, load_run, show_setting

_TRUTH = ["path", "group", "label"]
_AT_LEAST = 2


class DamagedRowsError(UserError):
    """The out-of-fold answers of a run cannot be read."""


def run_compare(paths: Sequence[Path]) -> None:
    """Print the table of the runs, then for each two of them whether the later is better."""
    if len({path.resolve() for path in paths}) < max(2, len(paths)):
        usage = choose(make='compare RUNS="a b"', foldline="compare a b")
        raise UserError(f"compare: name two different runs or more, as in: {usage}")
    runs = [load_run(path) for path in paths]
    if len({run.name for run in runs}) < len(runs):
        raise UserError("compare: two of these runs have the same name; rename the folder of one")
    _check_seals(runs)
    answers = _load_all_answers(runs)
    runs = [run for run in runs if run.name in answers]
    pairs = list(combinations(runs, 2))
    lines = []
    with console.progress("compare", len(pairs)) as bar:
        for before, after in pairs:
            lines.append(_compare(before, after, answers[before.name], answers[after.name]))
            bar.advance()
    console.show_table(["", *(run.name for run in runs)], _tabulate(runs))
    console.say()
    for line in lines:
        console.say(line)
    if len(pairs) > 1:
        console.say(
            f"{len(pairs)} comparisons: the more there are, the likelier one is a chance finding"
        )


def _check_seals(runs: Sequence[RunSummary]) -> None:
    """Raise `UserError` for runs that were not scored on the same labels and folds."""
    first, *others = runs
    unknown = [
        f"{run.folder.environment}: no scoring seal, as it was begun by an older version; train it "
        "again under another name to compare it"
        for run in runs
        if run.scoring_seal is None
    ]
    if unknown:
        raise UserError(*unknown)
    other_table = [
        f"{first.folder.path} is scored on the table {str(first.scoring_seal)[:12]}, "
        f"{run.folder.path} on {str(run.scoring_seal)[:12]}: other pictures, people, labels or "
        "folds; only runs on the same ones can be compared"
        for run in others
        if run.scoring_seal != first.scoring_seal
    ]
    if other_table:
        raise UserError(*other_table)


def _load_all_answers(runs: Sequence[RunSummary]) -> dict[str, OutOfFold]:
    """The rows of each run by its name, without the runs whose rows are damaged.

    Raises `UserError` where fewer than two runs are left.
    """
    answers, damaged = {}, []
    with console.progress("read", len(runs)) as bar:
        for run in runs:
            try:
                answers[run.name] = _load_answers(run)
            except DamagedRowsError as error:
                damaged.append(error.faults[0])
            bar.advance()
    if len(answers) < _AT_LEAST:
        raise UserError(*damaged)
    for fault in [*damaged, *(fault for run in runs for fault in run.problems)]:
        console.warn(fault)
    return answers


def _load_answers(run: RunSummary) -> OutOfFold:
    """The rows of all finished folds, as a run that was interrupted has not joined its own yet."""
    if not run.finished:
        raise UserError(f"{run.folder.path}: no fold is finished; go on with: {run.next_command}")
    try:
        parts = [load_out_of_fold(run.folder.fold(fold).oof, fold=fold) for fold in run.finished]
    except UserError as error:
        raise DamagedRowsError(*error.faults) from None
    if len({tuple(part.class_names) for part in parts}) > 1:
        raise DamagedRowsError(f"{run.folder.path}: its folds have other classes; train it again")
    return OutOfFold(pd.concat([part.table for part in parts], ignore_index=True))


def _compare(
    before: RunSummary, after: RunSummary, before_answers: OutOfFold, after_answers: OutOfFold
) -> str:
    """One line on the gain of the later over the earlier one, on the folds both have finished."""
    folds = sorted(set(before.finished) & set(after.finished))
    if not folds:
        raise UserError(
            f"{before.folder.path} and {after.folder.path} have no finished fold in common: "
            f"{_list(before.finished)} there, {_list(after.finished)} here"
        )
    a, b = (_select(answers, folds) for answers in (before_answers, after_answers))
    _check_truth(before, after, a.table, b.table)
    if a.class_names != b.class_names:
        raise UserError(
            f"{before.folder.path} and {after.folder.path} have other classes in their oof.csv; "
            "train one of them again"
        )
    try:
        found = compare_runs(before.metric, a.labels, a.groups, a.probs, b.probs)
    except ValueError as error:
        raise UserError(
            f"{before.folder.path} as run A, {after.folder.path} as run B: {error}; train it again"
        ) from None
    left_out = set(before.finished) ^ set(after.finished)
    only = f", only folds {_list(folds)}, which both have finished" if left_out else ""
    return f"{after.name} − {before.name}: {_describe(found)}{only}"


def _select(answers: OutOfFold, folds: Sequence[int]) -> OutOfFold:
    table = answers.table
    return OutOfFold(table[table["fold"].isin(folds)].reset_index(drop=True))


def _check_truth(before: RunSummary, after: RunSummary, a: pd.DataFrame, b: pd.DataFrame) -> None:
    """Raise `UserError` naming the first picture that is not the same in both."""
    one = a[_TRUTH].astype(str).agg(", ".join, axis=1).tolist()
    two = b[_TRUTH].astype(str).agg(", ".join, axis=1).tolist()
    if one == two:
        return
    row = next((k for k, (x, y) in enumerate(zip(one, two, strict=False)) if x != y), None)
    if row is None:
        row = min(len(one), len(two))
    there, here = (rows[row] if row < len(rows) else "nothing" for rows in (one, two))
    raise UserError(
        f"row {row + 1} of the folds in common is not the same picture, person and label: "
        f"{there} in {before.folder.path}, {here} in {after.folder.path}; train one of them again"
    )


def _describe(found: Comparison) -> str:
    return (
        f"{found.metric.title} {found.difference:+.3f} (95 % by person {found.low:+.3f} to "
        f"{found.high:+.3f}, mean {found.mean:+.3f}, {found.people} people): {found.verdict}"
    )


def _tabulate(runs: Sequence[RunSummary]) -> list[list[str]]:
    """Rows of scores, then those settings that are not the same in all runs."""
    scored = [run.out_of_fold for run in runs]
    spreads = [run.spread for run in runs]
    rows = [
        ["macro-F1", *(f"{one.scores['macro_f1']:.3f}" if one else "–" for one in scored)],
        ["95 %", *(f"{one.low:.3f} to {one.high:.3f}" if one else "–" for one in scored)],
        ["mean over folds", *(f"{spread[0]:.3f}" if spread else "–" for spread in spreads)],
        ["sd over folds", *(f"{spread[1]:.3f}" if spread else "–" for spread in spreads)],
        ["accuracy", *(f"{one.scores['accuracy']:.3f}" if one else "–" for one in scored)],
        ["folds finished", *(run.describe_folds() for run in runs)],
        ["seconds", *(f"{run.seconds:.0f}" for run in runs)],
    ]
    settings = [flatten_settings(run.config.model_dump(mode="json")) for run in runs]
    keys = dict.fromkeys(key for of_run in settings for key in of_run if key != "run")
    for key in keys:
        shown = [show_setting(of_run[key]) if key in of_run else "–" for of_run in settings]
        if len(set(shown)) > 1:
            rows.append([key, *shown])
    return rows


def _list(folds: Sequence[int]) -> str:
    return ", ".join(map(str, folds))
