"""`foldline sweep`: every combination of a grid, trained by as many agents as are started."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldline import console
from foldline.config.recipe import load_config
from foldline.data.prepared import Prepared, load_prepared
from foldline.errors import InterruptedByUserError, UserError
from foldline.files import claiming, write_text
from foldline.runs.begin import choose_folds
from foldline.runs.table_settings import check_settings
from foldline.text import count_of, name_some
from foldline.tracking.figures import summarize_scores
from foldline.training.trials import Sweep, Trial, build_trials, check_metric, load_sweep

_SECONDS_BETWEEN_LOOKS = 1.0
_INTERRUPTED = 130


def run_sweep(sweep_path: Path, config_path: Path | None, overrides: Sequence[str]) -> None:
    """Train the trials that nobody has trained, wait for those of other agents, name the winner.

    Raises `UserError` for settings that are wrong in any trial before the first one starts, and at
    the end for trials that failed; the others are trained all the same.
    """
    started = time.time()
    sweep = load_sweep(sweep_path)
    trials = build_trials(sweep, config_path, overrides)
    base = load_config(config_path, overrides)
    prepared = load_prepared(base.prepared_dir)
    for trial in trials:
        check_settings(prepared, trial.config)
        _check_metric(sweep, trial, prepared)
    directory = Path("outputs/sweeps") / base.run
    console.heading(f"sweep {base.run}: {len(trials)} trials of {sweep_path}")
    left = [trial for trial in trials if not trial.is_finished(prepared)]
    if len(left) < len(trials):
        console.say(f"{len(trials) - len(left)} of them finished before")
    while left:
        left = _take_turns(left, prepared, directory, config_path, since=started)
        if left:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    failed = [trial for trial in trials if not trial.is_finished(prepared)]
    _show(sweep, [trial for trial in trials if trial not in failed], directory)
    if failed:
        raise UserError(
            *(f"{trial.run.path}: failed ({trial.describe()}); see above" for trial in failed)
        )


def _check_metric(sweep: Sweep, trial: Trial, prepared: Prepared) -> None:
    """Raise `UserError` for a metric that the trained trial would not have."""
    folds = choose_folds("train.folds", trial.config.train.folds, prepared.num_folds)
    check_metric(sweep, len(folds))


def _take_turns(
    trials: Sequence[Trial],
    prepared: Prepared,
    directory: Path,
    config_path: Path | None,
    *,
    since: float,
) -> list[Trial]:
    """Train what no other agent is at; gives what others are at, to be looked at again."""
    others = []
    for trial in trials:
        with claiming(directory / f"{trial.config.run}.lock") as is_ours:
            if not is_ours:
                others.append(trial)
                continue
            failure = directory / f"{trial.config.run}.failed"
            # another agent may have had it since the last look
            if trial.is_finished(prepared) or _is_newer(failure, since):
                continue
            console.say()
            console.heading(f"trial {trial.config.run}: {trial.describe()}")
            code = _train(trial, config_path)
            if code == _INTERRUPTED:
                raise InterruptedByUserError("interrupted: finished trials are kept")
            if code:
                write_text(failure, f"exit code {code}\n")
    return others


def _train(trial: Trial, config_path: Path | None) -> int:
    config = ["--config", str(config_path)] if config_path else []
    command = [sys.executable, "-m", "foldline", "train", *config, *trial.overrides]
    process = subprocess.Popen(command)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()  # Ctrl-C has reached it too, and it says what it has saved
        return _INTERRUPTED


def _is_newer(path: Path, moment: float) -> bool:
    return path.is_file() and path.stat().st_mtime >= moment


def _show(sweep: Sweep, trials: Sequence[Trial], directory: Path) -> None:
    """Print and write the finished trials, best first, and say which has won."""
    if not trials:
        return
    scores = {trial.config.run: trial.load_scores() or {} for trial in trials}
    figures = {name: summarize_scores(of_trial) for name, of_trial in scores.items()}

    def score(trial: Trial) -> float:
        return figures[trial.config.run][sweep.metric]

    ranked = sorted(trials, key=score, reverse=sweep.maximize)
    columns = ["trial", *sweep.parameters, sweep.metric]
    rows = [[one.config.run, *one.values.values(), f"{score(one):.4f}"] for one in ranked]
    console.say()
    console.show_table(columns, rows)
    lines = [columns, *([str(cell) for cell in row] for row in rows)]
    write_text(directory / "trials.tsv", "".join("\t".join(line) + "\n" for line in lines))
    best = ranked[0]
    console.say()
    console.say(f"winner: {best.config.run}, {sweep.metric} {score(best):.4f}: {best.describe()}")
    low = figures[best.config.run]["out_of_fold_macro_f1_low"]
    close = [one for one in ranked[1:] if figures[one.config.run]["out_of_fold_macro_f1"] >= low]
    if close:
        console.say(
            f"within its 95 % interval of macro-F1, which begins at {low:.4f}: "
            f"{count_of(len(close), 'other trial')}"
        )
    if len({tuple(sorted(of_trial["folds"])) for of_trial in scores.values()}) > 1:
        console.warn(
            "not all trials are scored on the same folds, and so not on the same pictures: "
            f"{_list_folds(scores)}; train the others' folds, too, before you believe the winner"
        )
    console.say(f"written: {directory / 'trials.tsv'}")


def _list_folds(scores: Mapping[str, Mapping[str, Any]]) -> str:
    """`a on 0, b on 0 1`."""
    return name_some(f"{name} on {' '.join(sorted(one['folds']))}" for name, one in scores.items())
