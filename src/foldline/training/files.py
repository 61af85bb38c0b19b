"""How far a fold is, and what it leaves on disk: its checkpoints and `last.pt` to go on from."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.learning.checkpoint import (
    Checkpoint,
    find_backbone_weights,
    load_state,
    save_checkpoint,
    save_state,
)
from foldline.learning.networks.model import copy_state, find_head
from foldline.learning.runtime import Runtime
from foldline.learning.shared_backbone import keep_head
from foldline.metrics.metric import METRICS
from foldline.runs.paths import FoldFolder
from foldline.training.batches import find_eval_settings
from foldline.training.loop import NonFiniteLossError, TrainResult
from foldline.training.start import name_weights

# what `last.pt` holds only as long as the fold is still to learn
_LEARNING_KEYS = ("model", "optimizer", "schedule", "scaler")

Row = dict[str, Any]


@dataclass
class Progress:
    """How far a fold is: `history` has a row for each validation.

    `unreported` and `seconds` count what was trained since the last one.
    """

    epochs_done: int = 0
    history: list[Row] = field(default_factory=list)
    unreported: TrainResult = field(default_factory=TrainResult)
    seconds: float = 0.0

    def add(self, trained: TrainResult, seconds: float) -> None:
        """Count what was trained in so many seconds."""
        self.unreported += trained
        self.seconds += seconds

    def report(self, place: Row, scores: Mapping[str, float]) -> Row:
        """Return the row of a validation: its scores, and what was learned since the row before."""
        if not all(math.isfinite(score) for score in scores.values()):
            raise NonFiniteLossError("after the last step")
        learned, seconds = self.unreported, self.seconds
        self.unreported, self.seconds = TrainResult(), 0.0
        return {
            **place,
            "train_loss": learned.loss,
            "train_accuracy": learned.accuracy,
            **scores,
            "seconds": round(seconds, 3),
            "images_per_second": round(learned.images / seconds, 1),
        }

    def state_dict(self) -> dict[str, Any]:
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.epochs_done, self.history = state["epochs_done"], state["history"]
        self.unreported, self.seconds = TrainResult(**state["unreported"]), state["seconds"]


def describe_network(config: Config, prepared: Prepared, fold: int) -> dict[str, Any]:
    """Return the fields of a `Checkpoint` that stay the same for the whole fold."""
    backbone = None  # where it is saved too
    if config.train.save == "head":
        backbone = find_backbone_weights(name_weights(config.model.weights, fold))
    return {
        "model_source": config.model.source,
        "model_name": config.model.name,
        "model_arguments": config.model.arguments,
        "class_names": prepared.class_names,
        **find_eval_settings(config),
        "seal": prepared.seal,
        "scoring_seal": prepared.scoring_seal,
        "fold": fold,
        "num_folds": prepared.num_folds,
        "monitor": config.train.monitor,
        "backbone_weights": backbone,
    }


def save_network(
    paths: Sequence[Path], network: nn.Module, row: Row, description: Mapping[str, Any]
) -> None:
    """Write the network that has just been scored with `row` to each of `paths`."""
    if not paths:
        return
    checkpoint = Checkpoint(
        state=copy_state(network),
        epoch=row["epoch"],
        scores={key: row[key] for key in METRICS},
        **description,
    )
    if checkpoint.backbone_weights is not None:
        head = find_head(network, len(checkpoint.class_names))
        checkpoint = keep_head(checkpoint, head=head, weights=checkpoint.backbone_weights)
    for path in paths:
        save_checkpoint(path, checkpoint)


def name_kept(folder: FoldFolder, row: Row, steps_per_epoch: int) -> Path:
    """Return `epoch_3.pt` for the end of an epoch, `epoch_3_step_250.pt` for its middle."""
    epoch, step = row["epoch"], row["step"]
    middle = "" if step == epoch * steps_per_epoch else f"_step_{step}"
    return folder.path / f"epoch_{epoch}{middle}.pt"


def save_last(
    path: Path, components: Mapping[str, Any], progress: Progress, runtime: Runtime
) -> None:
    """Write all that the fold needs to go on: `components`, which may be None, and `progress`."""
    if not runtime.is_main:
        return
    states = {key: None if one is None else one.state_dict() for key, one in components.items()}
    save_state(path, {**states, **progress.state_dict(), "machine": _describe(runtime)})


def load_last(
    path: Path,
    components: Mapping[str, Any],
    progress: Progress,
    runtime: Runtime,
    goes_on: Callable[[], bool],
) -> None:
    """Put `components` and `progress` back to where `save_last` found them, if it ever did.

    `goes_on` tells, by the tracker and the progress, whether the fold is still to learn: else those
    of `_LEARNING_KEYS` may be missing. Raises `UserError` for a file of another network or version,
    and where a fold would go on with other processes or another precision.
    """
    if not path.is_file():
        return
    state = load_state(path)
    try:
        components["tracker"].load_state_dict(state["tracker"])
        progress.load_state_dict(state)
        before, now = state["machine"], _describe(runtime)
        if goes_on() or state.keys() & _LEARNING_KEYS:
            for key in _LEARNING_KEYS:
                if components[key] is not None and state[key] is not None:
                    components[key].load_state_dict(state[key])
    except (KeyError, RuntimeError, TypeError, ValueError):
        raise UserError(
            f"{path}: not of this version of foldline or of this network; "
            "delete it to train this fold again from its start"
        ) from None
    if goes_on() and before != now:
        raise UserError(
            f"{path} was trained with {_show(before)}, this is {_show(now)}; go on as before "
            "(torchrun, train.precision), or take another run name"
        )


def count_saved_epochs(folder: FoldFolder) -> int:
    """Return after how many epochs the fold goes on; 0 without `last.pt`."""
    return int(load_state(folder.last).get("epochs_done", 0)) if folder.last.is_file() else 0


def shrink_last(folder: FoldFolder) -> None:
    """Drop from the `last.pt` of a finished fold what it has no more use for.

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
    if state.keys() & _LEARNING_KEYS:
        kept = {key: value for key, value in state.items() if key not in _LEARNING_KEYS}
        save_state(folder.last, kept)


def _describe(runtime: Runtime) -> dict[str, str | int]:
    """Return what must not change within a fold: the length of its schedule and its arithmetic."""
    return {"processes": runtime.world, "precision": runtime.precision}


def _show(arithmetic: dict[str, str | int]) -> str:
    return ", ".join(f"{key} {value}" for key, value in arithmetic.items())
