"""The parts one fold learns with, built from the configuration's sections as plain arguments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader

from foldline.config import Config
from foldline.data.dataset import Batch, ShuffledBatches
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.learning.checkpoint import (
    Checkpoint,
    find_backbone_weights,
    load_pretrained,
)
from foldline.learning.loss import build_loss
from foldline.learning.networks.freezing import freeze
from foldline.learning.networks.model import (
    build_model,
    find_head,
    learns_batch_norm,
    set_training_mode,
)
from foldline.learning.optimizer import build_optimizer
from foldline.learning.runtime import Runtime
from foldline.learning.schedule import Schedule, build_schedule
from foldline.learning.stopping import BestTracker
from foldline.training.batches import (
    build_learning_transform,
    build_train_batches,
    build_valid_batches,
    choose_train_rows,
)
from foldline.training.loop import TrainResult
from foldline.training.start import (
    group_by_weights,
    load_origin,
    name_weights,
    say_how_the_heads_start,
)


@dataclass
class FoldParts:
    """Everything that one fold learns with, and what it knows so far.

    `history` has one row a validation; `unreported` and `seconds` are of what was trained since.
    `backbone_weights` are what a head refers to that is saved alone.
    """

    model: nn.Module
    optimizer: Any
    schedule: Schedule
    criterion: nn.Module
    tracker: BestTracker
    order: ShuffledBatches
    train_batches: "DataLoader[Batch]"
    valid_rows: pd.DataFrame
    valid_batches: "DataLoader[Batch]"
    steps_per_epoch: int
    backbone_weights: str | None
    epochs_done: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    unreported: TrainResult = field(default_factory=TrainResult)
    seconds: float = 0.0


def build_parts(
    config: Config, prepared: Prepared, fold: int, *, runtime: Runtime, fresh: bool
) -> FoldParts:
    """Pictures, network, optimizer and schedule of one fold, at their start.

    Not `fresh`, the weights it would start from are left out: `last.pt` has those to go on with.
    """
    train_rows = choose_train_rows(prepared, fold)
    valid_rows = prepared.train[prepared.train["fold"] == fold]
    if train_rows.empty or valid_rows.empty:
        raise UserError(f"fold {fold}: no pictures to train on or to validate; see folds.number")

    seed_everything(config.seed, fold, 0)
    model = build_network(config, prepared, fold, load=fresh)
    order, train_batches = build_train_batches(
        config, train_rows, fold, runtime, at_least=2 if learns_batch_norm(model) else 1
    )
    valid_batches = build_valid_batches(config, valid_rows, runtime)
    layout = torch.channels_last if runtime.channels_last else torch.contiguous_format
    model = model.to(memory_format=layout)
    optimizer = build_optimizer(model.parameters(), **config.train.optimizer.model_dump())
    steps_per_epoch = -(-len(order) // config.train.accumulate)
    schedule = build_schedule(
        optimizer,
        **config.train.schedule.model_dump(),
        epochs=config.train.epochs,
        steps_per_epoch=steps_per_epoch,
    )
    model, prepared_optimizer = runtime.accelerator.prepare(model, optimizer)
    counts = np.bincount(
        train_rows["train_label"].to_numpy(dtype=np.int64), minlength=len(prepared.class_names)
    )
    criterion = build_loss(counts=counts.tolist(), **config.train.loss.model_dump())
    return FoldParts(
        model=model,
        optimizer=prepared_optimizer,
        schedule=schedule,
        criterion=criterion.to(runtime.accelerator.device),
        tracker=BestTracker(
            config.train.monitor,
            config.train.patience,
            config.train.min_improvement,
            config.train.validation.floor,
        ),
        order=order,
        train_batches=train_batches,
        valid_rows=valid_rows,
        valid_batches=valid_batches,
        steps_per_epoch=steps_per_epoch,
        backbone_weights=(
            find_backbone_weights(name_weights(config.model.weights, fold))
            if config.train.save == "head"
            else None
        ),
    )


def check_recipe(config: Config, prepared: Prepared, folds: Sequence[int]) -> None:
    """Raise `UserError` for a network, weights, picture size or augmentation that does not work."""
    _check_save(config)
    build_learning_transform(config)
    # once for all folds that start alike
    for weights, starting in group_by_weights(config.model.weights, folds).items():
        origin = load_origin(weights)
        for fold in starting:
            _check_origin(origin, weights, prepared, fold)
        model = build_network(config, prepared, starting[0], load=True).eval()
    say_how_the_heads_start(config, prepared, folds, model)
    try:
        with torch.no_grad():
            model(torch.zeros(1, 3, *config.data.image_size))
    except (RuntimeError, ValueError, AssertionError) as error:
        keys, network = "data.image_size", config.model.name
        if config.model.arguments:
            keys, network = f"{keys}, model.arguments", f"{network} with {config.model.arguments}"
        raise UserError(
            f"{keys}: {network} cannot look at pictures of {list(config.data.image_size)}: "
            f"{' '.join(str(error).split())}"
        ) from None
    if learns_batch_norm(model):
        _check_batches(config, prepared, folds)
    if config.model.arguments:
        _check_training(config, model)


def _check_batches(config: Config, prepared: Prepared, folds: Sequence[int]) -> None:
    """Raise `UserError` where batch norm would have to learn from one picture at a time."""
    remedy = (
        f"too few for the batch norm of {config.model.name}, which learns from the spread within "
        "a batch"
    )
    if config.train.batch_size == 1:
        raise UserError(
            f"train.batch_size: 1 is {remedy}; expected 2 or more, or model.train=head, which "
            "leaves batch norm as it is"
        )
    for fold in folds:
        if len(choose_train_rows(prepared, fold)) == 1:
            raise UserError(
                f"fold {fold}: one picture to train on is {remedy}; see folds.number, or set "
                "model.train=head"
            )


def _check_training(config: Config, model: nn.Module) -> None:
    """Raise `UserError` for arguments that only training shows to be wrong, such as a rate of 5."""
    set_training_mode(model)
    try:
        model(torch.zeros(2, 3, *config.data.image_size)).sum().backward()
    except Exception as error:  # noqa: BLE001 - layers raise anything
        raise UserError(
            f"model.arguments: {config.model.name} cannot be trained with "
            f"{config.model.arguments}: {' '.join(str(error).split())[:200]}"
        ) from None


def _check_save(config: Config) -> None:
    """Raise `UserError` where a head alone would not be enough to answer with."""
    if config.train.save != "head":
        return
    if config.model.train != "head":
        raise UserError(
            "train.save: head is for model.train=head; with model.train="
            f"{config.model.train} more than the head learns, so save whole"
        )
    if config.model.weights == "none":
        raise UserError(
            "train.save: head needs a backbone that can be found again; model.weights=none "
            "draws it at random, so save whole"
        )


def build_network(config: Config, prepared: Prepared, fold: int, *, load: bool) -> nn.Module:
    """The model of `config.model`, its frozen parts frozen; with `load` its weights loaded.

    The head starts at random, except from a checkpoint of ours that has the same class names.
    """
    settings = config.model
    num_classes = len(prepared.class_names)
    chosen: dict[str, Any] = {"source": settings.source, "arguments": settings.arguments}
    model = build_model(settings.name, num_classes, **chosen)
    head = find_head(model, num_classes)
    if load and settings.weights != "none":
        weights = name_weights(settings.weights, fold)
        checkpoint = load_origin(weights)
        _check_origin(checkpoint, weights, prepared, fold)
        load_pretrained(model, weights, name=settings.name, head=head, **chosen)
        if checkpoint and checkpoint.class_names == prepared.class_names:
            model.load_state_dict(checkpoint.state, strict=False)  # the head too
    freeze(model, settings.train, head=head)
    return model


def _check_origin(
    checkpoint: Checkpoint | None, weights: str, prepared: Prepared, fold: int
) -> None:
    """Raise `UserError` where the weights have seen the people who validate this fold."""
    if checkpoint is None:
        return
    if checkpoint.scoring_seal == prepared.scoring_seal and checkpoint.fold != fold:
        raise UserError(
            f"model.weights: {weights} was trained on people of fold {fold}, whose scores would "
            "lie; name the same fold's weights: fold_{fold}/best.pt"
        )


def seed_everything(*seeds: int) -> None:
    """Seed torch and numpy's old global state from several numbers, such as seed, fold, epoch."""
    words = np.random.SeedSequence(seeds).generate_state(2)
    torch.manual_seed(int(words[0]))
    # for libraries that still draw from it
    np.random.seed(int(words[1]))
