"""Train every fold of a run, go on where it was stopped, and print how good it is."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared, load_prepared
from foldline.errors import InterruptedByUserError, UserError
from foldline.files import claiming
from foldline.learning.runtime import Runtime, open_runtime
from foldline.metrics.metric import METRICS
from foldline.reporting.run_report import report_fold_trained, report_run_trained
from foldline.runs.begin import begin_run, choose_folds, find_run
from foldline.runs.paths import RunFolder
from foldline.runs.table_settings import check_settings
from foldline.tracking.training import TrainingTracker, track_training
from foldline.training.check_recipe import check_recipe
from foldline.training.files import count_saved_epochs, shrink_last
from foldline.training.loop import NonFiniteLossError
from foldline.training.summary import print_fold, print_heading, summarize
from foldline.training.trainer import FoldTrainer, NothingSavedError


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
    run = _open_run(config, prepared, folds, runtime)
    print_heading(config, prepared, runtime.describe())
    failed: dict[int, str] = {}
    with track_training(config, prepared, run, active=runtime.is_main) as tracking:
        for fold in folds:
            with _noting_failure(failed, run, fold), _claim(run, fold, runtime) as is_ours:
                # asked with the lock held: who had it before may have finished the fold
                was_finished = _is_finished(run, fold, runtime)
                if not was_finished:
                    _train_fold(config, prepared, run, fold, is_ours=is_ours, tracking=tracking)
                elif runtime.is_main:
                    report_fold_trained(config, prepared, run, fold)
                if is_ours and runtime.is_main:
                    shrink_last(run.fold(fold))
                print_fold(fold, run, note="finished before" if was_finished else "")
        if runtime.is_main:
            # of several trainings of one run the last to end finds the folds of all
            with claiming(run.lock, wait=True):
                summarize(run, prepared, METRICS[config.metric])
                report_run_trained(config, prepared, run)
                tracking.summarize()
        # a fold that was left to another process may be finished by now
        failed = {fold: why for fold, why in failed.items() if not _is_finished(run, fold, runtime)}
        if failed:
            raise UserError(*failed.values())


def _train_fold(
    config: Config,
    prepared: Prepared,
    run: RunFolder,
    fold: int,
    *,
    is_ours: bool,
    tracking: TrainingTracker,
) -> None:
    """Train one fold and draw its report. Raise `FoldTakenError` where another training has it."""
    folder = run.fold(fold)
    if not is_ours:
        raise FoldTakenError(
            f"fold {fold}: another process is training it, which holds {folder.lock}; "
            "wait for it, or train others with train.folds"
        )
    with tracking.fold(fold) as tracker:
        # a runtime of its own: no fold inherits memory or loss scale of another
        runtime = open_runtime(**config.train.runtime)
        trainer = FoldTrainer(config, prepared, fold, folder, runtime=runtime, tracker=tracker)
        trainer.fit()
        if runtime.is_main:  # here, so that the tracker takes the pictures along
            report_fold_trained(config, prepared, run, fold)


@contextmanager
def _noting_failure(failed: dict[int, str], run: RunFolder, fold: int) -> Iterator[None]:
    """Add a line to `failed` where the fold cannot be trained to its end, and let others go on."""
    try:
        yield
    except NonFiniteLossError as error:
        done = count_saved_epochs(run.fold(fold))
        failed[fold] = (
            f"fold {fold}: the loss was not finite {error.where} of epoch {done + 1}; the fold "
            f"stays at epoch {done}; lower train.optimizer.lr, set train.clip_norm or "
            "train.precision=fp32, under another run name"
        )
    except FoldTakenError as error:
        console.log(f"{fold:<6} left to another process, which is training it")
        failed[fold] = error.faults[0]
    except NothingSavedError as error:
        failed[fold] = error.faults[0]
    except KeyboardInterrupt:
        done = count_saved_epochs(run.fold(fold))
        saved = f"epoch {done} of fold {fold} is saved" if done else f"fold {fold} had just begun"
        raise InterruptedByUserError(f"interrupted: {saved}") from None


def _is_finished(run: RunFolder, fold: int, runtime: Runtime) -> bool:
    """Return whether the fold is trained to its end, as the main process sees it."""
    return bool(runtime.share(run.fold(fold).is_finished))


@contextmanager
def _claim(run: RunFolder, fold: int, runtime: Runtime) -> Iterator[bool]:
    """Yield whether this training, whose main process asks for all, has the fold to itself."""
    with ExitStack() as held:
        is_ours = runtime.is_main and held.enter_context(claiming(run.fold(fold).lock))
        yield runtime.share(is_ours)


def _open_run(
    config: Config, prepared: Prepared, folds: Sequence[int], runtime: Runtime
) -> RunFolder:
    """Let the main process begin the run, if it can be trained at all, before the others look."""
    with runtime.accelerator.main_process_first():
        run = find_run(config, prepared)
        to_begin = [fold for fold in folds if not (run and run.fold(fold).is_begun)]
        if to_begin:
            check_recipe(config, prepared, to_begin)
        if run is not None:
            return run
        with claiming(RunFolder(config.run_dir).lock, wait=True):
            # another training may have begun it meanwhile
            return find_run(config, prepared) or begin_run(config, prepared, runtime.describe())
