"""All runs in one table, the best first."""

from pathlib import Path

from foldline import console
from foldline.command_line import choose, format_command
from foldline.runs.summary import RunSummary, list_runs

_COLUMNS = (
    *("run", "data", "scored on", "macro-F1", "95 %", "mean", "sd", "seconds"),
    *("folds", "model", "submission"),
)


def run_list(root: Path) -> None:
    """Print the runs under `root`, then what is unfinished or broken among them."""
    listed = list_runs(root)
    if not listed.runs and not listed.broken:
        console.say(
            f"no runs under {root} yet; begin one with: {format_command('prepare', 'train')}"
        )
        return
    if listed.runs:
        console.show_table(_COLUMNS, [_describe(run) for run in listed.runs])
    for run in listed.runs:
        if not run.is_finished:
            console.say(
                f"{run.name}: {run.describe_folds()} folds finished; go on with: {run.next_command}"
            )
    if len({run.scoring_seal for run in listed.runs}) > 1:
        compare = choose(make='compare RUNS="A B"', foldline="compare A B")
        console.say(f"scores can be compared where `scored on` is the same: {compare}")
    for fault in [*(fault for run in listed.runs for fault in run.problems), *listed.broken]:
        console.warn(fault)


def _describe(run: RunSummary) -> list[str]:
    joined, spread = run.out_of_fold, run.spread
    return [
        run.name,
        run.config.data_name,
        (run.scoring_seal or "?")[:8],
        f"{joined.scores[run.metric.key]:.3f}" if joined else "–",
        f"{joined.low:.3f} to {joined.high:.3f}" if joined else "–",
        *((f"{value:.3f}" for value in spread) if spread else ("–", "–")),
        f"{run.seconds:.0f}",
        run.describe_folds(),
        run.config.model.name,
        "yes" if run.submission is not None else "no",
    ]
