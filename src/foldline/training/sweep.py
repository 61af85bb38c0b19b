"""`foldline sweep`: every combination of a grid, trained by as many agents as are started."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from foldline import console
from foldline.config.recipe import load_config
from foldline.data.prepared import Prepared, load_prepared
from foldline.errors import InterruptedByUserError, UserError
from foldline.files import claiming, write_text
from foldline.metrics.metric import METRICS
from foldline.runs.begin import choose_folds
from foldline.runs.files import RunScores
from foldline.runs.table_settings import check_settings
from foldline.text import count_of, name_some
from foldline.tracking.figures import summarize_scores
from foldline.training.trials import Sweep, Trial, build_trials, check_figure, load_sweep

_SECONDS_BETWEEN_LOOKS = 1.0
_INTERRUPTED = 130


def run_sweep(sweep_path: Path, config_path: Path | None, overrides: Sequence[str]) -> None:
    """Train the trials that nobody has trained, wait for those of other agents, name the winner.

    Raises `UserError` for settings that are wrong in any trial before the first one starts, and at
    the end for trials that failed; the others are trained all the same.
    """
    started = time.time()
    base = load_config(config_path, overrides)
    sweep = load_sweep(sweep_path, base.metric)
    trials = build_trials(sweep, config_path, overrides)
    prepared = load_prepared(base.prepared_dir)
    for trial in trials:
        check_settings(prepared, trial.config)
        folds = choose_folds("train.folds", trial.config.train.folds, prepared.num_folds)
        check_figure(sweep, len(folds))
    directory = Path("outputs/sweeps") / base.run
    console.heading(f"sweep {base.run}: {len(trials)} trials of {sweep_path}")
    left = [trial for trial in trials if not trial.is_finished(prepared)]
    if len(left) < len(trials):
        console.log(f"{len(trials) - len(left)} of them finished before")
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


def _take_turns(
    trials: Sequence[Trial],
    prepared: Prepared,
    directory: Path,
    config_path: Path | None,
    *,
    since: float,
) -> list[Trial]:
    """Train what no other agent is at; return what others are at, to be looked at again."""
    others = []
    for trial in trials:
        with claiming(directory / f"{trial.config.run}.lock") as is_ours:
            if not is_ours:
                others.append(trial)
                continue
            failure = directory / f"{trial.config.run}.failed"
            # another agent may have had it since the last look
            if trial.is_finished(prepared):
                continue
            if failure.is_file() and failure.stat().st_mtime >= since:
                continue
            console.log()
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


def _show(sweep: Sweep, trials: Sequence[Trial], directory: Path) -> None:
    """Print and write the finished trials, best first, and say which has won."""
    if not trials:
        return
    loaded = ((trial.config.run, trial.load_scores()) for trial in trials)
    scores = {name: one for name, one in loaded if one is not None}

    def score(trial: Trial) -> float:
        return summarize_scores(scores[trial.config.run])[sweep.figure]

    ranked = sorted(trials, key=score, reverse=sweep.maximize)
    columns = ["trial", *sweep.parameters, sweep.figure]
    rows = [[one.config.run, *one.values.values(), f"{score(one):.4f}"] for one in ranked]
    console.log()
    console.show_table(columns, rows)
    lines = [columns, *([str(cell) for cell in row] for row in rows)]
    write_text(directory / "trials.tsv", "".join("\t".join(line) + "\n" for line in lines))
    best = ranked[0]
    console.log()
    console.log(f"winner: {best.config.run}, {sweep.figure} {score(best):.4f}: {best.describe()}")
    metric, (low, high) = METRICS[sweep.metric], scores[best.config.run].interval
    edge, verb = (low, "begins") if metric.greater_is_better else (high, "ends")
    joined = [scores[one.config.run].joined for one in ranked[1:]]
    close = sum(metric.rank(one[metric.key]) <= metric.rank(edge) for one in joined)
    if close:
        console.log(
            f"within its 95 % interval of {metric.title}, which {verb} at {edge:.4f}: "
            f"{count_of(close, 'other trial')}"
        )
    if len({tuple(sorted(one.folds)) for one in scores.values()}) > 1:
        console.warn(
            "not all trials are scored on the same folds, and so not on the same pictures: "
            f"{_list_folds(scores)}; train the others' folds, too, before you believe the winner"
        )
    console.log(f"written: {directory / 'trials.tsv'}")


def _list_folds(scores: Mapping[str, RunScores]) -> str:
    """Return `a on 0, b on 0 1`."""
    folds = {name: " ".join(map(str, sorted(one.folds))) for name, one in scores.items()}
    return name_some(f"{name} on {on}" for name, on in folds.items())
