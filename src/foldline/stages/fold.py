"""One fold: from its pictures to `best.pt` and `oof.csv`."""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch.distributed

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.learning.checkpoint import (
    Checkpoint,
    find_backbone_weights,
    load_checkpoint,
    load_state,
    save_checkpoint,
    save_state,
)
from foldline.learning.engine import (
    NonFiniteLossError,
    OnBatch,
    ignore_progress,
    predict,
    train_epoch,
)
from foldline.learning.heads import keep_head
from foldline.learning.model import copy_state, find_head, find_normalization
from foldline.scoring.metrics import Probs, Scores, compute_scores
from foldline.scoring.out_of_fold import build_out_of_fold, save_out_of_fold
from foldline.stages.bad_pictures import BadPictures
from foldline.stages.machine import Machine
from foldline.stages.parts import FoldParts, build_parts, name_weights, seed_everything
from foldline.stages.runs import FoldFolder
from foldline.tracking.metrics_log import save_metrics
from foldline.tracking.wandb_run import WandbRun

# what half precision and the order of sums may change in a log loss
_SCORE_TOLERANCE = 0.01


@dataclass(frozen=True)
class FoldJob:
    """What one fold is trained with, and where to."""

    config: Config
    prepared: Prepared
    fold: int
    folder: FoldFolder
    machine: Machine
    track: WandbRun


def train_fold(job: FoldJob) -> None:
    """Train one fold, or go on with it, until patience or epochs end; then write `oof.csv`.

    Raises `NonFiniteLossError` with the files of the last good epoch in place.
    """
    parts = build_parts(
        job.config,
        job.prepared,
        job.fold,
        machine=job.machine,
        fresh=not job.folder.last.is_file(),
    )
    _restore(job, parts)
    bad = BadPictures(job.config.data.on_bad_image, processes=job.machine.accelerator.num_processes)
    monitor = job.config.train.monitor
    first = len(parts.history) + 1
    epochs_left = job.config.train.epochs + 1 - first
    total = epochs_left * (parts.order.size + len(parts.valid_rows))
    with console.progress(f"fold {job.fold}", total) as bar:
        for epoch in range(first, job.config.train.epochs + 1):
            if parts.tracker.should_stop:
                break
            row = _run_epoch(job, parts, epoch, bad, bar)
            is_best = parts.tracker.update(epoch, row[monitor])
            parts.schedule.after_epoch(row[monitor])
            parts.history.append({**row, "is_best": is_best})
            # the three things that happen after an epoch
            if is_best:
                _save_best(job, parts, row)
            _save_last(job, parts)
            job.track.log(row, step=epoch)
    _finish(job, parts, bad)
    bad.report(f"fold {job.fold}")


def _run_epoch(
    job: FoldJob, parts: FoldParts, epoch: int, bad: BadPictures, bar: console.Bar
) -> dict[str, Any]:
    """Train once over the fold's pictures and score the whole validation fold."""
    started = time.monotonic()
    accelerator = job.machine.accelerator
    settings = job.config.train
    # an epoch's chance depends on its number alone, so that a fold that goes on repeats nothing
    seed_everything(job.config.seed, job.fold, epoch, accelerator.process_index)
    parts.order.epoch = epoch
    lr = parts.schedule.lr
    best = parts.tracker.best_score
    stem = f"epoch {epoch}/{settings.epochs}" + (f"  best {best:.3f}" if best is not None else "")

    def on_batch(count: int, note: str) -> None:
        bar.advance(count * accelerator.num_processes)
        bar.note(f"{stem}  {note}")

    result = train_epoch(
        parts.model,
        bad.watch(parts.train_batches),
        criterion=parts.criterion,
        optimizer=parts.optimizer,
        after_step=parts.schedule.after_step,
        accelerator=accelerator,
        accumulate=settings.accumulate,
        clip_norm=settings.clip_norm,
        channels_last=job.machine.channels_last,
        on_batch=on_batch,
    )
    _share_statistics(parts, job.machine)
    scores, _, _ = _validate(job, parts, parts.model, bad, on_batch)
    if not all(math.isfinite(score) for score in scores.to_dict().values()):
        raise NonFiniteLossError("after the last step")
    seconds = time.monotonic() - started
    return {
        "epoch": epoch,
        "lr": lr,
        "train_loss": result.loss,
        "train_accuracy": result.accuracy,
        **scores.to_dict(),
        "seconds": round(seconds, 3),
        "images_per_second": round(result.images / seconds, 1),
    }


def _validate(
    job: FoldJob,
    parts: FoldParts,
    model: Any,
    bad: BadPictures,
    on_batch: OnBatch = ignore_progress,
) -> tuple[Scores, list[int], Probs]:
    """Scores against the official labels, and the validation rows with their probabilities."""
    rows, probs = predict(
        [job.machine.accelerator.unwrap_model(model)],
        bad.watch(parts.valid_batches),
        accelerator=job.machine.accelerator,
        channels_last=job.machine.channels_last,
        on_batch=on_batch,
    )
    if not len(rows):
        raise UserError(f"fold {job.fold}: none of its validation pictures could be read")
    labels = parts.valid_rows["label"].to_numpy(dtype=np.int64)[rows]
    return compute_scores(labels, probs[0]), rows.tolist(), probs[0]


def _share_statistics(parts: FoldParts, machine: Machine) -> None:
    """Give every process the main one's batch-norm statistics, which each has gathered alone."""
    if machine.accelerator.num_processes > 1:
        for buffer in parts.model.buffers():
            torch.distributed.broadcast(buffer, src=0)


def _save_best(job: FoldJob, parts: FoldParts, row: dict[str, Any]) -> None:
    if not job.machine.is_main:
        return
    model = job.machine.accelerator.unwrap_model(parts.model)
    mean, std = find_normalization(job.config.model.name, source=job.config.model.source)
    checkpoint = Checkpoint(
        state=copy_state(model),
        model_source=job.config.model.source,
        model_name=job.config.model.name,
        model_arguments=job.config.model.arguments,
        class_names=job.prepared.class_names,
        image_size=job.config.data.image_size,
        crop=job.config.data.crop,
        mean=mean,
        std=std,
        seal=job.prepared.seal,
        scoring_seal=job.prepared.scoring_seal,
        fold=job.fold,
        num_folds=job.prepared.num_folds,
        epoch=row["epoch"],
        monitor=job.config.train.monitor,
        scores={key: row[key] for key in ("macro_f1", "accuracy", "log_loss")},
    )
    if job.config.train.save == "head":
        checkpoint = keep_head(
            checkpoint,
            head=find_head(model, len(job.prepared.class_names)),
            weights=find_backbone_weights(name_weights(job.config, job.fold)),
        )
    save_checkpoint(job.folder.best, checkpoint)


def _save_last(job: FoldJob, parts: FoldParts) -> None:
    """Write all that the same command needs to go on after this epoch."""
    if not job.machine.is_main:
        return
    scaler = job.machine.accelerator.scaler
    state = {
        "model": job.machine.accelerator.unwrap_model(parts.model).state_dict(),
        "optimizer": parts.optimizer.state_dict(),
        "schedule": parts.schedule.state_dict(),
        "scaler": scaler.state_dict() if scaler is not None else None,
        "tracker": parts.tracker.state_dict(),
        "history": parts.history,
        "machine": _describe(job.machine),
    }
    save_state(job.folder.last, state)
    save_metrics(job.folder.metrics, parts.history)


def _restore(job: FoldJob, parts: FoldParts) -> None:
    """Go on from `last.pt`, where there is one."""
    if not job.folder.last.is_file():
        return
    state = load_state(job.folder.last)
    try:
        job.machine.accelerator.unwrap_model(parts.model).load_state_dict(state["model"])
        parts.optimizer.load_state_dict(state["optimizer"])
        parts.schedule.load_state_dict(state["schedule"])
        if state["scaler"] is not None and job.machine.accelerator.scaler is not None:
            job.machine.accelerator.scaler.load_state_dict(state["scaler"])
        parts.tracker.load_state_dict(state["tracker"])
        parts.history = state["history"]
        before = state["machine"]
    except (KeyError, RuntimeError, TypeError, ValueError):
        raise UserError(
            f"{job.folder.last}: not of this version of foldline or of this network; "
            "delete it to train this fold again from its start"
        ) from None
    goes_on = len(parts.history) < job.config.train.epochs and not parts.tracker.should_stop
    if goes_on and before != _describe(job.machine):
        raise UserError(
            f"{job.folder.last} was trained with {_show(before)}, this is "
            f"{_show(_describe(job.machine))}; go on as before (torchrun, train.precision), "
            "or take another run name"
        )


def _describe(machine: Machine) -> dict[str, str | int]:
    """What must not change within a fold: the length of its schedule and its arithmetic."""
    return {
        "processes": int(machine.accelerator.num_processes),
        "precision": machine.precision,
    }


def _show(machine: dict[str, str | int]) -> str:
    return ", ".join(f"{key} {value}" for key, value in machine.items())


def _finish(job: FoldJob, parts: FoldParts, bad: BadPictures) -> None:
    """Answer the validation fold with `best.pt` as it lies on disk, and write `oof.csv`."""
    if parts.tracker.best_epoch is None:
        raise UserError(
            f"fold {job.fold}: no epoch gave finite scores; "
            "lower train.optimizer.lr or set train.clip_norm"
        )
    job.machine.accelerator.wait_for_everyone()
    if job.machine.is_main:
        save_metrics(job.folder.metrics, parts.history)  # a kill may have come just before
    checkpoint = load_checkpoint(job.folder.best)
    model = checkpoint.build_model().to(job.machine.accelerator.device)
    scores, rows, probs = _validate(job, parts, model, bad)
    if abs(scores.log_loss - checkpoint.scores["log_loss"]) > _SCORE_TOLERANCE:
        console.warn(
            f"{job.folder.best} has log loss {scores.log_loss:.3f}, but had "
            f"{checkpoint.scores['log_loss']:.3f} while training; have pictures changed?"
        )
    if job.machine.is_main:
        answered = build_out_of_fold(parts.valid_rows.iloc[rows], probs, job.prepared.class_names)
        save_out_of_fold(job.folder.oof, answered)
    job.track.summarize({f"best_{key}": value for key, value in scores.to_dict().items()})
