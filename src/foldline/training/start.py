"""Which weights a fold starts from."""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.learning.checkpoint import (
    Checkpoint,
    describe_weight_file,
    is_checkpoint,
    load_checkpoint,
)
from foldline.learning.networks.model import find_head
from foldline.runs.paths import RunFolder
from foldline.spelling import find_typed


def name_weights(weights: str, fold: int) -> str:
    """What `model.weights` means for `fold`: `imagenet`, `none`, or a file.

    `run:mask` means the best.pt of run mask.
    """
    run = weights.removeprefix("run:")
    if run != weights:
        return str(RunFolder(Path("outputs/runs") / run).fold(fold).best)
    return find_typed(weights.replace("{fold}", str(fold)))


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


def group_by_weights(weights: str, folds: Sequence[int]) -> dict[str, list[int]]:
    """What `model.weights` means for the folds, with the folds that start from it."""
    groups: dict[str, list[int]] = {}
    for fold in folds:
        groups.setdefault(name_weights(weights, fold), []).append(fold)
    return groups


def say_how_the_heads_start(
    config: Config, prepared: Prepared, folds: Sequence[int], model: nn.Module
) -> None:
    """Print how each fold starts from a file, as it decides what its first score looks like.

    One line where all do alike. A file that may make scores lie is warned of. `model` is a network
    as they all have.
    """
    weights = config.model.weights
    if weights in ("imagenet", "none"):
        return
    said: dict[str, None] = {}
    for file, starting in group_by_weights(weights, folds).items():
        checkpoint = load_origin(file)
        if not checkpoint or checkpoint.class_names != prepared.class_names:
            reason = "has other classes" if checkpoint else "is no best.pt"
            line = f"{weights} {reason}: all but its head is taken over, the head is random"
            head = find_head(model, len(prepared.class_names))
            read = "" if checkpoint else describe_weight_file(Path(file), model, head=head)
            said[f"{line}; read: {read}" if read else line] = None
            continue
        said[f"goes on from {weights}, its head included"] = None
        if checkpoint.scoring_seal != prepared.scoring_seal:
            unit = "fold" if len(starting) == 1 else "folds"
            console.warn(
                f"{file} was trained on another table, whose people may be among those who "
                f"validate in {unit} {', '.join(map(str, starting))}; scores may lie"
            )
    for line in said:
        console.say(line)
