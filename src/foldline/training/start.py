"""How a fold starts: from which weights, and from which seed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from foldline import console
from foldline.config import RUNS, Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.learning.checkpoint import (
    Checkpoint,
    describe_weight_file,
    is_checkpoint,
    load_checkpoint,
    load_pretrained,
)
from foldline.learning.networks.freezing import freeze
from foldline.learning.networks.model import build_model, find_head
from foldline.runs.paths import RunFolder
from foldline.spelling import find_typed


def name_weights(weights: str, fold: int) -> str:
    """Return what `model.weights` means for `fold`: `imagenet`, `none`, or a file.

    `run:mask` means the best.pt of run mask.
    """
    run = weights.removeprefix("run:")
    if run != weights:
        return str(RunFolder(RUNS / run).fold(fold).best)
    return find_typed(weights.replace("{fold}", str(fold)))


def load_origin(weights: str, prepared: Prepared, folds: Sequence[int]) -> Checkpoint | None:
    """Return the checkpoint of ours that `name_weights` names, None for anything else.

    Raises `UserError` for a file that is not there, and for weights that have seen the people who
    validate one of `folds`.
    """
    if weights in ("imagenet", "none"):
        return None
    if not Path(weights).is_file():
        raise UserError(
            f"model.weights: {weights}: no such file; expected imagenet, none, a file of weights, "
            "or run:NAME of a trained run"
        )
    if not is_checkpoint(Path(weights)):
        return None
    checkpoint = load_checkpoint(Path(weights))
    for fold in folds:
        if checkpoint.scoring_seal == prepared.scoring_seal and checkpoint.fold != fold:
            raise UserError(
                f"model.weights: {weights} was trained on people of fold {fold}, whose scores "
                "would lie; name the same fold's weights: fold_{fold}/best.pt"
            )
    return checkpoint


def group_by_weights(weights: str, folds: Sequence[int]) -> dict[str, list[int]]:
    """Return what `model.weights` means for the folds, with the folds that start from it."""
    groups: dict[str, list[int]] = {}
    for fold in folds:
        groups.setdefault(name_weights(weights, fold), []).append(fold)
    return groups


def build_network(config: Config, prepared: Prepared, fold: int, *, load: bool) -> nn.Module:
    """Return the model of `config.model`, frozen as configured; with `load` its weights loaded.

    The head starts at random, except from a checkpoint of ours that has the same class names.
    """
    settings = config.model
    num_classes = len(prepared.class_names)
    chosen: dict[str, Any] = {"source": settings.source, "arguments": settings.arguments}
    model = build_model(settings.name, num_classes, **chosen)
    head = find_head(model, num_classes)
    if load and settings.weights != "none":
        weights = name_weights(settings.weights, fold)
        checkpoint = load_origin(weights, prepared, [fold])
        load_pretrained(model, weights, name=settings.name, head=head, **chosen)
        if checkpoint and checkpoint.class_names == prepared.class_names:
            model.load_state_dict(checkpoint.state, strict=False)  # the head too
    freeze(model, settings.train, head=head)
    return model


def log_how_heads_start(
    config: Config, prepared: Prepared, folds: Sequence[int], model: nn.Module
) -> None:
    """Print how the folds start from a file, as that decides what their first scores look like.

    Print one line if all start alike, and warn of a file that may make scores lie. `model` is a
    network like those of all folds.
    """
    weights = config.model.weights
    if weights in ("imagenet", "none"):
        return
    lines: dict[str, None] = {}
    for file, starting in group_by_weights(weights, folds).items():
        checkpoint = load_origin(file, prepared, starting)
        if not checkpoint or checkpoint.class_names != prepared.class_names:
            reason = "has other classes" if checkpoint else "is no best.pt"
            line = f"{weights} {reason}: all but its head is taken over, the head is random"
            head = find_head(model, len(prepared.class_names))
            read = "" if checkpoint else describe_weight_file(Path(file), model, head=head)
            lines[f"{line}; read: {read}" if read else line] = None
            continue
        lines[f"goes on from {weights}, its head included"] = None
        if checkpoint.scoring_seal != prepared.scoring_seal:
            unit = "fold" if len(starting) == 1 else "folds"
            console.warn(
                f"{file} was trained on another table, whose people may be among those who "
                f"validate in {unit} {', '.join(map(str, starting))}; scores may lie"
            )
    for line in lines:
        console.log(line)


def seed_everything(*seeds: int) -> None:
    """Seed torch and numpy's old global state from several numbers, such as seed, fold, epoch."""
    words = np.random.SeedSequence(seeds).generate_state(2)
    torch.manual_seed(int(words[0]))
    # for libraries that still draw from it
    np.random.seed(int(words[1]))
