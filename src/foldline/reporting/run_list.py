"""All runs in one table, the best first."""

from collections.abc import Sequence
from pathlib import Path

from foldline import console
from foldline.command_line import choose, format_command
from foldline.runs.listing import list_runs
from foldline.runs.record import RunRecord
from foldline.text import format_figure, format_interval


def run_list(root: Path) -> None:
    """Print the runs under `root`, then what is unfinished or broken among them."""
    listed = list_runs(root)
    if not listed.runs and not listed.broken:
        console.log(
            f"no runs under {root} yet; begin one with: {format_command('prepare', 'train')}"
        )
        return
    if listed.runs:
        _show(listed.runs)
    for run in listed.runs:
        if not run.is_finished:
            console.log(
                f"{run.name}: {run.describe_folds()} folds finished; go on with: {run.next_command}"
            )
    if len({run.scoring_seal for run in listed.runs}) > 1:
        compare = choose(make='compare RUNS="A B"', foldline="compare A B")
        console.log(f"scores can be compared where `scored on` is the same: {compare}")
    for fault in [*(fault for run in listed.runs for fault in run.problems), *listed.broken]:
        console.warn(fault)


def _show(runs: Sequence[RunRecord]) -> None:
    """Print the table; runs that are ranked by other metrics each name their own."""
    titles = list(dict.fromkeys(run.metric.title for run in runs))
    score = [titles[0]] if len(titles) == 1 else ["metric", "score"]
    columns = ["run", "data", "scored on", *score, "95 %", "mean", "sd", "seconds"]
    rows = [_describe(run, name_metric=len(titles) > 1) for run in runs]
    console.show_table([*columns, "folds", "model", "submission"], rows)


def _describe(run: RunRecord, *, name_metric: bool) -> list[str]:
    config, _ = run.require()
    return [
        run.name,
        config.data_name,
        (run.scoring_seal or "?")[:8],
        *([run.metric.title] if name_metric else []),
        format_figure(run.score),
        format_interval(run.interval),
        *map(format_figure, run.compute_spread(run.metric) or (None, None)),
        "–" if run.members else f"{run.seconds:.0f}",
        run.describe_folds(),
        run.members.describe() if run.members else config.model.name,
        "yes" if run.has_submission else "no",
    ]
