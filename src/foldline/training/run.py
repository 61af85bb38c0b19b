"""Train every fold of a run, go on where it was stopped, and say how good it is."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared, load_prepared
from foldline.errors import InterruptedByUserError, UserError
from foldline.files import claiming, write_json
from foldline.learning.engine import NonFiniteLossError
from foldline.learning.runtime import Runtime, open_runtime
from foldline.metrics.bootstrap import compute_interval
from foldline.metrics.metric import METRICS, Metric, compute_scores
from foldline.reporting.run_report import report_fold_trained, report_run_trained
from foldline.runs.begin import begin_run, choose_folds, find_run
from foldline.runs.metrics_log import load_metrics
from foldline.runs.out_of_fold import (
    OutOfFold,
    join_out_of_fold,
    load_out_of_fold,
    save_out_of_fold,
)
from foldline.runs.paths import RunFolder
from foldline.runs.table_settings import check_settings
from foldline.tracking.training import RunMirror, mirror_train
from foldline.training.components import check_recipe
from foldline.training.files import FoldJob, count_saved_epochs, shrink_last
from foldline.training.trainer import NothingSavedError, train_fold

_ROW = "{:<6}{:>9}{:>10}{:>10}{:>12}{:>8}{:>10}"


class FoldTakenError(UserError):
    """Another training is at this fold."""


def run_train(config: Config) -> None:
    """Train the folds of `config.run` that are not finished, one after the other.

    Then join their out-of-fold files and print the table of folds. A fold whose loss stops being
    finite is left at its last good epoch, and the others are trained all the same.
    """
    prepared = load_prepared(config.prepared_dir)
    check_settings(prepared, config)
    folds = choose_folds("train.folds", config.train.folds, prepared.num_folds)
    runtime = open_runtime(**config.train.runtime)
    run = _open_run_once(config, prepared, folds, runtime)
    _say_what_is_trained(config, prepared, runtime)
    with mirror_train(config, prepared, run, active=runtime.is_main) as mirror:
        failed = _train_folds(config, prepared, folds, run, runtime=runtime, mirror=mirror)
        if runtime.is_main:
            # of several trainings of one run the last to end finds the folds of all
            with claiming(run.lock, wait=True):
                _summarize(run, prepared, METRICS[config.metric])
                report_run_trained(config, prepared, run)
                mirror.summarize()
        # a fold that was left to another process may be finished by now
        failed = {fold: why for fold, why in failed.items() if not _is_finished(run, fold, runtime)}
        if failed:
            raise UserError(*failed.values())


def _train_folds(
    config: Config,
    prepared: Prepared,
    folds: Sequence[int],
    run: RunFolder,
    *,
    runtime: Runtime,
    mirror: RunMirror,
) -> dict[int, str]:
    """Train what is not finished; a line for each fold that could not be trained to its end."""
    failed: dict[int, str] = {}
    for fold in folds:
        try:
            was_finished = _train_unless_finished(
                config, prepared, fold, run, runtime=runtime, mirror=mirror
            )
        except NonFiniteLossError as error:
            failed[fold] = _describe_divergence(fold, run, error)
            continue
        except FoldTakenError as error:
            console.say(f"{fold:<6} left to another process, which is training it")
            failed[fold] = error.faults[0]
            continue
        except NothingSavedError as error:
            failed[fold] = error.faults[0]
            continue
        except KeyboardInterrupt:
            raise InterruptedByUserError(_describe_interruption(fold, run)) from None
        _say_fold(fold, run, note="finished before" if was_finished else "")
    return failed


def _train_unless_finished(
    config: Config,
    prepared: Prepared,
    fold: int,
    run: RunFolder,
    *,
    runtime: Runtime,
    mirror: RunMirror,
) -> bool:
    """Train one fold, and draw its report; gives whether it was trained before.

    Raises `FoldTakenError` where another training has it.
    """
    with _claim(run, fold, runtime) as is_ours:
        # asked with the lock held: who had it before may have finished the fold
        was_finished = _is_finished(run, fold, runtime)
        if was_finished:
            _draw_fold(config, prepared, fold, run, runtime)
        elif not is_ours:
            raise FoldTakenError(
                f"fold {fold}: another process is training it, which holds {run.fold(fold).lock}; "
                "wait for it, or train others with train.folds"
            )
        else:
            with mirror.fold(fold) as track:
                # a machine of its own: no fold inherits memory or loss scale of another
                own = open_runtime(**config.train.runtime)
                train_fold(FoldJob(config, prepared, fold, run.fold(fold), own, track))
                # here, so that the pictures go along to the mirror
                _draw_fold(config, prepared, fold, run, runtime)
        if is_ours and runtime.is_main:
            shrink_last(run.fold(fold))
    return was_finished


def _is_finished(run: RunFolder, fold: int, runtime: Runtime) -> bool:
    """Whether the fold is trained to its end, as the main process sees it."""
    return bool(runtime.share(run.fold(fold).is_finished))


@contextmanager
def _claim(run: RunFolder, fold: int, runtime: Runtime) -> Iterator[bool]:
    """Whether this training, whose main process asks for all, has the fold to itself."""
    with ExitStack() as held:
        is_ours = runtime.is_main and held.enter_context(claiming(run.fold(fold).lock))
        yield runtime.share(is_ours)


def _draw_fold(
    config: Config, prepared: Prepared, fold: int, run: RunFolder, runtime: Runtime
) -> None:
    """The fold's report, unless it is there already."""
    if runtime.is_main:
        report_fold_trained(config, prepared, run, fold)


def _open_run_once(
    config: Config, prepared: Prepared, folds: Sequence[int], runtime: Runtime
) -> RunFolder:
    """The main process begins the run, if it can be trained at all, before the others look."""
    with runtime.accelerator.main_process_first():
        run = find_run(config, prepared)
        begun = [fold for fold in folds if run and run.fold(fold).is_begun]
        if set(folds) - set(begun):
            check_recipe(config, prepared, sorted(set(folds) - set(begun)))
        if run is not None:
            return run
        with claiming(RunFolder(config.run_dir).lock, wait=True):
            # another training may have begun it meanwhile
            return find_run(config, prepared) or begin_run(config, prepared, runtime.describe())


def _say_what_is_trained(config: Config, prepared: Prepared, runtime: Runtime) -> None:
    height, width = config.data.image_size
    console.heading(
        f"train {config.run}: {config.model.name} ({config.model.weights}), {height}×{width}, "
        f"{len(prepared.train)} pictures, {runtime.describe()}"
    )
    console.say(
        _ROW.format("fold", "macro-F1", "accuracy", "log loss", "best epoch", "epochs", "seconds")
    )


def _say_fold(fold: int, run: RunFolder, *, note: str) -> None:
    history = load_metrics(run.fold(fold).metrics)
    best = next((row for row in reversed(history) if row["is_best"]), None)
    if best is None:
        raise UserError(
            f"{run.fold(fold).metrics}: not the log of a finished fold; put it back, or delete "
            f"{run.fold(fold).path} to train the fold again"
        )
    line = _ROW.format(
        fold,
        f"{best['macro_f1']:.3f}",
        f"{best['accuracy']:.3f}",
        f"{best['log_loss']:.3f}",
        best["epoch"],
        history[-1]["epoch"],
        f"{sum(row['seconds'] for row in history):.0f}",
    )
    console.say(f"{line}  {note}".rstrip())


def _summarize(run: RunFolder, prepared: Prepared, metric: Metric) -> None:
    """Join what is finished, score it whole, print it and write `scores.json`."""
    finished = [fold for fold in range(prepared.num_folds) if run.fold(fold).is_finished]
    if not finished:
        return
    parts = [_load_part(run, prepared, fold) for fold in finished]
    whole = join_out_of_fold(parts, prepared.train["path"].tolist())
    by_fold = [compute_scores(part.labels, part.probs) for part in parts]
    joined = compute_scores(whole.labels, whole.probs)
    low, high = compute_interval(metric, whole.labels, whole.probs, whole.groups)
    save_out_of_fold(run.path / "oof.csv", whole)
    write_json(
        run.path / "scores.json",
        {
            "seal": prepared.seal,
            "metric": metric.key,
            "folds": {str(k): s for k, s in zip(finished, by_fold, strict=True)},
            "out_of_fold": joined | {metric.interval_key: [low, high]},
            "pictures": len(whole.table),
        },
    )
    if len(finished) > 1:
        for name, of in (("mean", statistics.mean), ("sd", statistics.stdev)):
            columns = zip(*(score.values() for score in by_fold), strict=True)
            console.say(_ROW.format(name, *(f"{of(column):.3f}" for column in columns), "", "", ""))
    by = "person" if len(set(whole.groups)) < len(whole.groups) else "picture"
    console.say()
    console.say(
        f"out of fold: {metric.title} {joined[metric.key]:.3f} (95 % by {by} {low:.3f} to "
        f"{high:.3f}), accuracy {joined['accuracy']:.3f}"
    )
    missing = sorted(set(range(prepared.num_folds)) - set(finished))
    if missing:
        console.say(f"folds not trained yet: {', '.join(map(str, missing))}")
    console.say(f"written: {run.path / 'oof.csv'}")


def _load_part(run: RunFolder, prepared: Prepared, fold: int) -> OutOfFold:
    """The rows of one fold. Raises `UserError` where they are not those of the prepared table."""
    path = run.fold(fold).oof
    part = load_out_of_fold(path, fold=fold)
    table = prepared.train
    labels = dict(zip(table["path"], table["label"], strict=True))
    if part.class_names != list(prepared.class_names) or any(
        labels.get(picture) != label
        for picture, label in zip(part.table["path"], part.labels.tolist(), strict=True)
    ):
        raise UserError(
            f"{path}: not of the classes, pictures and labels of the prepared table; delete it to "
            "have the fold answered again"
        )
    return part


def _describe_divergence(fold: int, run: RunFolder, error: NonFiniteLossError) -> str:
    done = count_saved_epochs(run.fold(fold))
    return (
        f"fold {fold}: the loss was not finite {error.where} of epoch {done + 1}; the fold stays "
        f"at epoch {done}; lower train.optimizer.lr, set train.clip_norm or "
        "train.precision=fp32, under another run name"
    )


def _describe_interruption(fold: int, run: RunFolder) -> str:
    done = count_saved_epochs(run.fold(fold))
    saved = f"epoch {done} of fold {fold} is saved" if done else f"fold {fold} had just begun"
    return f"interrupted: {saved}"
