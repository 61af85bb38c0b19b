"""What a fold writes while it learns: its checkpoints, and all it needs to go on."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.learning.checkpoint import (
    Checkpoint,
    load_state,
    save_checkpoint,
    save_state,
)
from foldline.learning.engine import TrainResult
from foldline.learning.networks.model import copy_state, find_head, find_normalization
from foldline.learning.runtime import Runtime
from foldline.learning.shared_backbone import keep_head
from foldline.runs.metrics_log import save_metrics
from foldline.runs.paths import FoldFolder
from foldline.tracking.training import FoldMirror
from foldline.training.components import FoldParts

# of `last.pt`, what only a fold that is still to learn needs
_LEARNING = frozenset({"model", "optimizer", "schedule", "scaler"})


@dataclass(frozen=True)
class FoldJob:
    """What one fold is trained with, and where to."""

    config: Config
    prepared: Prepared
    fold: int
    folder: FoldFolder
    runtime: Runtime
    track: FoldMirror


def save_networks(job: FoldJob, parts: FoldParts, row: dict[str, Any], *, is_best: bool) -> None:
    """Write the network that has just been scored with `row` where it is to be kept.

    `best.pt` where it is the best, and with `train.keep=every` a file of its own, unless its score
    lies below the floor.
    """
    settings = job.config.train
    keep = settings.keep == "every" and parts.tracker.reaches_floor(row[settings.monitor])
    paths = [job.folder.best] if is_best else []
    if keep:
        ends_epoch = row["step"] == row["epoch"] * parts.steps_per_epoch
        paths.append(name_kept(job.folder, row["epoch"], None if ends_epoch else row["step"]))
    if not paths or not job.runtime.is_main:
        return
    model = job.runtime.accelerator.unwrap_model(parts.model)
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
        monitor=settings.monitor,
        scores={key: row[key] for key in ("macro_f1", "accuracy", "log_loss")},
    )
    if parts.backbone_weights is not None:
        head = find_head(model, len(job.prepared.class_names))
        checkpoint = keep_head(checkpoint, head=head, weights=parts.backbone_weights)
    for path in paths:
        save_checkpoint(path, checkpoint)


def name_kept(folder: FoldFolder, epoch: int, step: int | None) -> Path:
    """`epoch_3.pt` at the end of an epoch, `epoch_3_step_250.pt` in its middle."""
    return folder.path / (f"epoch_{epoch}.pt" if step is None else f"epoch_{epoch}_step_{step}.pt")


def save_history(job: FoldJob, parts: FoldParts) -> None:
    """Write `metrics.jsonl` as far as it goes."""
    if job.runtime.is_main:
        save_metrics(job.folder.metrics, parts.history)


def save_last(job: FoldJob, parts: FoldParts) -> None:
    """Write all that the same command needs to go on after this epoch."""
    if not job.runtime.is_main:
        return
    scaler = job.runtime.accelerator.scaler
    state = {
        "model": job.runtime.accelerator.unwrap_model(parts.model).state_dict(),
        "optimizer": parts.optimizer.state_dict(),
        "schedule": parts.schedule.state_dict(),
        "scaler": scaler.state_dict() if scaler is not None else None,
        "tracker": parts.tracker.state_dict(),
        "epochs_done": parts.epochs_done,
        "history": parts.history,
        "unreported": asdict(parts.unreported),
        "seconds": parts.seconds,
        "machine": _describe(job.runtime),
    }
    save_state(job.folder.last, state)


def count_saved_epochs(folder: FoldFolder) -> int:
    """The epochs after which the fold goes on; 0 without `last.pt`."""
    return int(load_state(folder.last).get("epochs_done", 0)) if folder.last.is_file() else 0


def restore(job: FoldJob, parts: FoldParts) -> None:
    """Go on from `last.pt`, where there is one; from that of a finished fold to its end alone."""
    if not job.folder.last.is_file():
        return
    state = load_state(job.folder.last)
    try:
        parts.tracker.load_state_dict(state["tracker"])
        parts.epochs_done = state["epochs_done"]
        parts.history = state["history"]
        parts.unreported = TrainResult(**state["unreported"])
        parts.seconds = state["seconds"]
        before = state["machine"]
        goes_on = parts.epochs_done < job.config.train.epochs and not parts.tracker.should_stop
        if goes_on or _LEARNING & state.keys():
            _restore_learning(job, parts, state)
    except (KeyError, RuntimeError, TypeError, ValueError):
        raise UserError(
            f"{job.folder.last}: not of this version of foldline or of this network; "
            "delete it to train this fold again from its start"
        ) from None
    if goes_on and before != _describe(job.runtime):
        raise UserError(
            f"{job.folder.last} was trained with {_show(before)}, this is "
            f"{_show(_describe(job.runtime))}; go on as before (torchrun, train.precision), "
            "or take another run name"
        )


def _restore_learning(job: FoldJob, parts: FoldParts, state: dict[str, Any]) -> None:
    job.runtime.accelerator.unwrap_model(parts.model).load_state_dict(state["model"])
    parts.optimizer.load_state_dict(state["optimizer"])
    parts.schedule.load_state_dict(state["schedule"])
    if state["scaler"] is not None and job.runtime.accelerator.scaler is not None:
        job.runtime.accelerator.scaler.load_state_dict(state["scaler"])


def shrink_last(folder: FoldFolder) -> None:
    """Leave out of the `last.pt` of a finished fold what it has no more use for.

    With weights and optimizer it is three times `best.pt`. What is left says that the fold is at
    its end, so that it is answered again by `best.pt`, not trained, should `oof.csv` be lost.
    """
    if not folder.last.is_file():
        return
    try:
        state = load_state(folder.last)
    except UserError:  # nothing needs it any more
        folder.last.unlink()
        return
    if _LEARNING & state.keys():
        kept = {key: value for key, value in state.items() if key not in _LEARNING}
        save_state(folder.last, kept)


def _describe(runtime: Runtime) -> dict[str, str | int]:
    """What must not change within a fold: the length of its schedule and its arithmetic."""
    return {
        "processes": int(runtime.accelerator.num_processes),
        "precision": runtime.precision,
    }


def _show(runtime: dict[str, str | int]) -> str:
    return ", ".join(f"{key} {value}" for key, value in runtime.items())
