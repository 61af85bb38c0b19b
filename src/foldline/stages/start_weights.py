"""Which weights a fold starts from."""

from pathlib import Path

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.learning.checkpoint import Checkpoint, is_checkpoint, load_checkpoint
from foldline.stages.runs import RunFolder


def name_weights(weights: str, fold: int) -> str:
    """What `model.weights` means for `fold`: `imagenet`, `none`, or a file.

    `run:mask` means the best.pt of run mask.
    """
    run = weights.removeprefix("run:")
    if run != weights:
        return str(RunFolder(Path("outputs/runs") / run).fold(fold).best)
    return weights.replace("{fold}", str(fold))


def load_origin(weights: str) -> Checkpoint | None:
    """The checkpoint of ours that `name_weights` names, None where it is anything else.

    Raises `UserError` for a file that is not there.
    """
    if weights in ("imagenet", "none"):
        return None
    if not Path(weights).is_file():
        raise UserError(
            f"model.weights: {weights}: no such file; expected imagenet, none, a file of weights, "
            "or run:NAME of a trained run"
        )
    return load_checkpoint(Path(weights)) if is_checkpoint(Path(weights)) else None


def say_how_the_head_starts(config: Config, prepared: Prepared, fold: int) -> None:
    """One line where `model.weights` is a file, as it decides what the first score looks like."""
    weights = config.model.weights
    if weights in ("imagenet", "none"):
        return
    checkpoint = load_origin(name_weights(weights, fold))
    if not checkpoint or checkpoint.class_names != prepared.class_names:
        reason = "has other classes" if checkpoint else "is no best.pt"
        console.say(f"{weights} {reason}: all but its head is taken over, the head is random")
        return
    console.say(f"goes on from {weights}, its head included")
    if checkpoint.scoring_seal != prepared.scoring_seal:
        console.warn(
            f"{weights} was trained on another table, whose people may be among those who "
            "validate here; scores may lie"
        )
