"""Runs side by side: their scores, what differs in their settings, and whether a gain is real."""

from collections.abc import Mapping, Sequence
from itertools import combinations, compress
from pathlib import Path

from foldline import console
from foldline.command_line import choose
from foldline.config.recipe import show_setting
from foldline.errors import UserError
from foldline.metrics.compare import compare_runs
from foldline.metrics.metric import METRICS, Metric
from foldline.runs.listing import check_scoring_seals
from foldline.runs.out_of_fold import OutOfFold
from foldline.runs.record import RunRecord
from foldline.text import format_figure, format_interval


def run_compare(paths: Sequence[Path]) -> None:
    """Print the table of the runs, then for each two of them whether the later is better."""
    if len({path.resolve() for path in paths}) < max(2, len(paths)):
        usage = choose(make='compare RUNS="a b"', foldline="compare a b")
        raise UserError(f"compare: name two different runs or more, as in: {usage}")
    runs = [RunRecord.load(path) for path in paths]
    for run in runs:
        run.require()
    if len({run.name for run in runs}) < len(runs):
        raise UserError("compare: two of these runs have the same name; rename the folder of one")
    check_scoring_seals(runs, to="compare")
    answers = _load_all_answers(runs)
    runs = [run for run in runs if run.name in answers]
    metric = _choose_metric(runs)
    pairs = list(combinations(runs, 2))
    lines = []
    with console.progress("compare", len(pairs)) as bar:
        for before, after in pairs:
            lines.append(_compare(metric, before, after, answers))
            bar.advance()
    console.show_table(["", *(run.name for run in runs)], _tabulate(metric, runs))
    console.log()
    for line in lines:
        console.log(line)
    if len(pairs) > 1:
        console.log(
            f"{len(pairs)} comparisons: the more there are, the likelier one is a chance finding"
        )


def _choose_metric(runs: Sequence[RunRecord]) -> Metric:
    """Return the metric of the first run; warn of runs that are ranked by another."""
    metric = runs[0].metric
    for run in runs:
        if run.metric is not metric:
            console.warn(
                f"{run.name} is ranked by {run.metric.title}; it is compared by {metric.title}, "
                f"as {runs[0].name} is"
            )
    return metric


def _load_all_answers(runs: Sequence[RunRecord]) -> dict[str, OutOfFold]:
    """Return the answers of each run by its name, without runs whose answers are damaged.

    Warns of all damage. Raises `UserError` where fewer than two runs are left.
    """
    answers = {}
    with console.progress("read", len(runs)) as bar:
        for run in runs:
            if not run.finished:
                go_on = f"; go on with: {run.next_command}" if run.next_command else ""
                raise UserError(f"{run.path}: no fold is finished{go_on}")
            if (found := run.out_of_fold_by_fold) is not None:
                answers[run.name] = found
            bar.advance()
    faults = [problem for run in runs for problem in run.problems]
    for run in runs:
        if run.name not in answers and not run.problems:
            faults.append(f"{run.folder.oof}: missing; make the average again to compare it")
    if len(answers) < 2:
        raise UserError(*faults)
    for fault in faults:
        console.warn(fault)
    return answers


def _compare(
    metric: Metric, before: RunRecord, after: RunRecord, answers: Mapping[str, OutOfFold]
) -> str:
    """Return a line on the gain of the later over the earlier run, on the folds both have."""
    folds = sorted(set(before.finished) & set(after.finished))
    if not folds:
        raise UserError(
            f"{before.path} and {after.path} have no finished fold in common: "
            f"{_list(before.finished)} there, {_list(after.finished)} here"
        )
    a, b = (answers[run.name].select_folds(folds) for run in (before, after))
    if difference := a.find_difference(b):
        row, here, there = difference
        raise UserError(
            f"row {row} of the folds in common is not the same picture, person and label: {here} "
            f"in {before.path}, {there} in {after.path}; train one of them again"
        )
    if a.class_names != b.class_names:
        raise UserError(
            f"{before.path} and {after.path} have other classes in their oof.csv; "
            "train one of them again"
        )
    try:
        found = compare_runs(metric, a.labels, a.groups, a.probs, b.probs)
    except ValueError as error:
        raise UserError(
            f"{before.path} as run A, {after.path} as run B: {error}; train it again"
        ) from None
    left_out = set(before.finished) ^ set(after.finished)
    only = f", only folds {_list(folds)}, which both have finished" if left_out else ""
    return (
        f"{after.name} − {before.name}: {metric.title} {found.difference:+.3f} (95 % by person "
        f"{found.low:+.3f} to {found.high:+.3f}, mean {found.mean:+.3f}, {found.people} people): "
        f"{found.verdict}{only}"
    )


def _tabulate(metric: Metric, runs: Sequence[RunRecord]) -> list[list[str]]:
    """Return rows of scores, then those settings that are not the same in all runs."""
    scores = [run.scores.joined if run.scores else {} for run in runs]
    intervals = [run.interval if run.metric is metric else None for run in runs]
    spreads = [run.compute_spread(metric) or (None, None) for run in runs]
    others = [by for by in METRICS.values() if by is not metric]
    rows = [
        [metric.title, *(format_figure(known.get(metric.key)) for known in scores)],
        ["95 %", *map(format_interval, intervals)],
        ["mean over folds", *(format_figure(mean) for mean, _ in spreads)],
        ["sd over folds", *(format_figure(deviation) for _, deviation in spreads)],
        *([by.title, *(format_figure(known.get(by.key)) for known in scores)] for by in others),
        ["folds finished", *(run.describe_folds() for run in runs)],
        ["seconds", *("–" if run.members else f"{run.seconds:.0f}" for run in runs)],
    ]
    if any(run.members for run in runs):
        members = (run.members.describe() if run.members else "–" for run in runs)
        rows.append(["average of", *members])
    return rows + _tabulate_settings(runs)


def _tabulate_settings(runs: Sequence[RunRecord]) -> list[list[str]]:
    """Return a row for each setting that differs; an average has only those of its data."""
    rows = []
    for key in dict.fromkeys(key for run in runs for key in run.settings if key != "run"):
        shown = [show_setting(run.settings[key]) if key in run.settings else "–" for run in runs]
        decided = (key in run.settings or not run.members for run in runs)
        if len(set(compress(shown, decided))) > 1:
            rows.append([key, *shown])
    return rows


def _list(folds: Sequence[int]) -> str:
    return ", ".join(map(str, folds))
