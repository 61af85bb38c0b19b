"""One fold: from its pictures to `best.pt` and `oof.csv`."""

import math
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch

from foldline import console
from foldline.config import Config
from foldline.data.bad_pictures import BadPictures
from foldline.errors import UserError
from foldline.learning.checkpoint import load_checkpoint
from foldline.learning.durations import compute_steps, plan_validations
from foldline.learning.predictor import OnBatch, Predictor, ignore_progress
from foldline.learning.runtime import Runtime
from foldline.metrics.counts import Probs
from foldline.metrics.metric import compute_scores
from foldline.runs.out_of_fold import build_out_of_fold, save_out_of_fold
from foldline.training.batches import build_valid_transform, choose_train_rows
from foldline.training.components import FoldParts, build_parts, seed_everything
from foldline.training.files import (
    FoldJob,
    restore,
    save_history,
    save_last,
    save_networks,
)
from foldline.training.loop import NonFiniteLossError, TrainResult, train_epoch

# what half precision and the order of sums may change in a log loss
_SCORE_TOLERANCE = 0.01


class NothingSavedError(UserError):
    """A fold was trained to its end and no validation was good enough to be saved."""


def train_fold(job: FoldJob) -> None:
    """Train one fold, or go on with it, until patience or epochs end; then write `oof.csv`.

    Raises `NonFiniteLossError` with the files of the last good epoch in place, and
    `NothingSavedError` where no validation reached the floor.
    """
    parts = build_parts(
        job.config,
        job.prepared,
        job.fold,
        runtime=job.runtime,
        fresh=not job.folder.last.is_file(),
    )
    restore(job, parts)
    bad = BadPictures(job.config.data.on_bad_image)
    settings = job.config.train
    with console.progress(f"fold {job.fold}", _count_pictures(settings.epochs, job, parts)) as bar:
        for epoch in range(parts.epochs_done + 1, settings.epochs + 1):
            if parts.tracker.should_stop:
                break
            for row in _run_epoch(job, parts, epoch, bad, bar):
                # the three things that happen after a validation
                is_best = parts.tracker.update(epoch, row[settings.monitor])
                parts.history.append({**row, "is_best": is_best})
                save_networks(job, parts, row, is_best=is_best)
                save_history(job, parts)
                epochs = row["step"] / parts.steps_per_epoch
                job.track.log({**parts.history[-1], "epoch": epochs}, step=row["step"])
            parts.schedule.after_epoch(parts.tracker)
            parts.epochs_done = epoch
            save_last(job, parts)
    _finish(job, parts, bad)
    bad.report(f"fold {job.fold}", learned_from=_list_learned_from(job))


def _list_learned_from(job: FoldJob) -> dict[str, str]:
    """The class of each picture that the fold learns from, by its path."""
    rows = choose_train_rows(job.prepared, job.fold)
    root, names = job.config.data.root, job.prepared.class_names
    labels = zip(rows["path"], rows["train_label"], strict=True)
    return {str(root / path): names[label] for path, label in labels}


def _run_epoch(
    job: FoldJob, parts: FoldParts, epoch: int, bad: BadPictures, bar: console.Bar
) -> Iterator[dict[str, Any]]:
    """Train once over the fold's pictures; give a row of figures at each validation."""
    # an epoch's chance depends on its number alone, so that a fold that goes on repeats nothing
    seed_everything(job.config.seed, job.fold, epoch, job.runtime.accelerator.process_index)
    parts.order.epoch = epoch
    batches = bad.watch(parts.train_batches)
    planned = _plan(job.config, parts.steps_per_epoch, epoch)
    step = 0
    for stop in sorted({*planned, parts.steps_per_epoch}):
        started, lr = time.monotonic(), parts.schedule.lr
        on_batch = _follow(job, parts, epoch, bar)
        ends = stop == parts.steps_per_epoch
        part = batches if ends else islice(batches, (stop - step) * job.config.train.accumulate)
        trained = _train_part(job, parts, part, first_step=step + 1, on_batch=on_batch)
        parts.unreported += trained
        step = stop
        # where patience ends the training, its end is validated too
        last_chance = ends and parts.tracker.should_stop
        if trained.steps and (stop in planned or last_chance):
            scores, _, _ = _validate(job, parts, parts.model, bad, on_batch)
            parts.seconds += time.monotonic() - started
            total = (epoch - 1) * parts.steps_per_epoch + step
            yield _report({"epoch": epoch, "step": total, "lr": lr}, parts, scores)
        else:
            parts.seconds += time.monotonic() - started


def _train_part(
    job: FoldJob, parts: FoldParts, batches: Iterator[Any], *, first_step: int, on_batch: OnBatch
) -> TrainResult:
    """Train over the next batches of an epoch."""
    result = train_epoch(
        parts.model,
        batches,
        criterion=parts.criterion,
        optimizer=parts.optimizer,
        after_step=parts.schedule.after_step,
        accelerator=job.runtime.accelerator,
        accumulate=job.config.train.accumulate,
        clip_norm=job.config.train.clip_norm,
        channels_last=job.runtime.channels_last,
        first_step=first_step,
        on_batch=on_batch,
    )
    _share_statistics(parts, job.runtime)
    return result


def _report(place: dict[str, Any], parts: FoldParts, scores: Mapping[str, float]) -> dict[str, Any]:
    """The row of a validation: its scores, and what was learned since the row before."""
    if not all(math.isfinite(score) for score in scores.values()):
        raise NonFiniteLossError("after the last step")
    learned, seconds = parts.unreported, parts.seconds
    parts.unreported, parts.seconds = TrainResult(), 0.0
    return {
        **place,
        "train_loss": learned.loss,
        "train_accuracy": learned.accuracy,
        **scores,
        "seconds": round(seconds, 3),
        "images_per_second": round(learned.images / seconds, 1),
    }


def _plan(config: Config, steps_per_epoch: int, epoch: int) -> list[int]:
    """The steps of `epoch` after which is validated."""
    settings = config.train.validation
    return plan_validations(
        epoch,
        epochs=config.train.epochs,
        steps_per_epoch=steps_per_epoch,
        every=compute_steps(settings.every, steps_per_epoch=steps_per_epoch),
        from_epoch=settings.from_epoch,
    )


def _count_pictures(epochs: int, job: FoldJob, parts: FoldParts) -> int:
    """The pictures that are still to be looked at, for the bar."""
    left = range(parts.epochs_done + 1, epochs + 1)
    validations = sum(len(_plan(job.config, parts.steps_per_epoch, epoch)) for epoch in left)
    return len(left) * parts.order.size + validations * len(parts.valid_rows)


def _follow(job: FoldJob, parts: FoldParts, epoch: int, bar: console.Bar) -> OnBatch:
    """What moves the bar on after each batch and notes epoch, best score and loss."""
    best = parts.tracker.best_score
    stem = f"epoch {epoch}/{job.config.train.epochs}"
    stem += f"  best {best:.3f}" if best is not None else ""

    def on_batch(count: int, note: str) -> None:
        bar.advance(count * job.runtime.accelerator.num_processes)
        bar.note(f"{stem}  {note}")

    return on_batch


def _validate(
    job: FoldJob,
    parts: FoldParts,
    model: Any,
    bad: BadPictures,
    on_batch: OnBatch = ignore_progress,
) -> tuple[dict[str, float], list[int], Probs]:
    """Scores against the official labels, and the validation rows with their probabilities."""
    # reading pictures draws from it: how often is validated must not change what is learned
    chance = torch.get_rng_state()
    network = job.runtime.accelerator.unwrap_model(model)
    predictor = Predictor([network], build_valid_transform(job.config), job.runtime)
    rows, probs = predictor.predict(bad.watch(parts.valid_batches), on_batch=on_batch)
    torch.set_rng_state(chance)
    if not len(rows):
        raise UserError(f"fold {job.fold}: none of its validation pictures could be read")
    labels = parts.valid_rows["label"].to_numpy(dtype=np.int64)[rows]
    return compute_scores(labels, probs[0]), rows.tolist(), probs[0]


def _share_statistics(parts: FoldParts, runtime: Runtime) -> None:
    """Give every process the main one's batch-norm statistics, which each has gathered alone."""
    if runtime.accelerator.num_processes > 1:
        for buffer in parts.model.buffers():
            torch.distributed.broadcast(buffer, src=0)


def _finish(job: FoldJob, parts: FoldParts, bad: BadPictures) -> None:
    """Answer the validation fold with `best.pt` as it lies on disk, and write `oof.csv`."""
    if not parts.tracker.has_saved:
        raise NothingSavedError(
            f"fold {job.fold}: {job.config.train.monitor} never reached train.validation.floor "
            f"{parts.tracker.floor}, its best was {parts.tracker.best_score:.3f}; no best.pt is "
            "saved; take another floor under another run name"
        )
    job.runtime.accelerator.wait_for_everyone()
    save_history(job, parts)  # a kill may have come just before
    checkpoint = load_checkpoint(job.folder.best)
    model = checkpoint.build_model().to(job.runtime.accelerator.device)
    scores, rows, probs = _validate(job, parts, model, bad)
    if abs(scores["log_loss"] - checkpoint.scores["log_loss"]) > _SCORE_TOLERANCE:
        console.warn(
            f"{job.folder.best} has log loss {scores['log_loss']:.3f}, but had "
            f"{checkpoint.scores['log_loss']:.3f} while training; have pictures changed?"
        )
    if job.runtime.is_main:
        answered = build_out_of_fold(parts.valid_rows.iloc[rows], probs, job.prepared.class_names)
        save_out_of_fold(job.folder.oof, answered)
    job.track.summarize({f"best_{key}": value for key, value in scores.items()})
