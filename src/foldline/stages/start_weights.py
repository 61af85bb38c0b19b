"""Which weights a fold starts from where `model.weights` names a file or a run."""

from pathlib import Path

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.learning.checkpoint import is_checkpoint, load_checkpoint
from foldline.stages.runs import RunFolder


def locate_weights(weights: str, fold: int) -> Path:
    """The file that `model.weights` means for `fold`; `run:mask` means the best.pt of run mask."""
    run = weights.removeprefix("run:")
    if run != weights:
        return RunFolder(Path("outputs/runs") / run).fold(fold).best
    return Path(weights.replace("{fold}", str(fold)))


def say_how_the_head_starts(config: Config, prepared: Prepared, fold: int) -> None:
    """One line where `model.weights` is a file, as it decides what the first score looks like."""
    weights = config.model.weights
    if weights in ("imagenet", "none"):
        return
    path = locate_weights(weights, fold)
    checkpoint = load_checkpoint(path) if is_checkpoint(path) else None
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
