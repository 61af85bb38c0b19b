"""Refuse what cannot be trained before anything of a run is made."""

from collections.abc import Sequence

import torch
from torch import nn

from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError, describe_error
from foldline.learning.networks.freezing import learns_batch_norm, set_training_mode
from foldline.training.batches import build_learning_transform, choose_train_rows
from foldline.training.start import (
    build_network,
    group_by_weights,
    load_origin,
    log_how_heads_start,
)


def check_recipe(config: Config, prepared: Prepared, folds: Sequence[int]) -> None:
    """Raise `UserError` for a network, weights, picture size or augmentation that does not work."""
    _check_save(config)
    build_learning_transform(config)
    # once for all folds that start alike
    for weights, starting in group_by_weights(config.model.weights, folds).items():
        load_origin(weights, prepared, starting)
        model = build_network(config, prepared, starting[0], load=True).eval()
    log_how_heads_start(config, prepared, folds, model)
    try:
        with torch.no_grad():
            model(torch.zeros(1, 3, *config.data.image_size))
    except (RuntimeError, ValueError, AssertionError) as error:
        keys, network = "data.image_size", config.model.name
        if config.model.arguments:
            keys, network = f"{keys}, model.arguments", f"{network} with {config.model.arguments}"
        raise UserError(
            f"{keys}: {network} cannot look at pictures of {list(config.data.image_size)}: "
            f"{describe_error(error)}"
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
            f"{config.model.arguments}: {describe_error(error)[:200]}"
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
