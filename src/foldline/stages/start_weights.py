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
    """One line for a checkpoint of ours, as it decides what the first score looks like."""
    if config.model.weights in ("imagenet", "none"):
        return
    path = locate_weights(config.model.weights, fold)
    if not is_checkpoint(path):
        return
    checkpoint = load_checkpoint(path)
    if checkpoint.class_names != prepared.class_names:
        console.say(f"{path} has other classes: all but its head is taken over")
    elif checkpoint.scoring_seal == prepared.scoring_seal:
        console.say(f"goes on from {path}, its head included")
    else:
        console.warn(
            f"{path} is of another table, whose people may be among those who validate here; "
            "scores may lie"
        )
