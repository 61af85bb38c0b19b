"""The pictures a fold learns from, in batches, and how its network looks at pictures."""

from pathlib import Path
from typing import Any

import pandas as pd
from torch.utils.data import DataLoader

from foldline.config import Config
from foldline.data.dataset import Batch, ImageDataset, ShuffledBatches
from foldline.data.prepared import Prepared
from foldline.data.transforms import Transform
from foldline.errors import UserError
from foldline.learning.networks.model import find_normalization
from foldline.learning.runtime import Runtime, build_batches


def choose_train_rows(prepared: Prepared, fold: int) -> pd.DataFrame:
    """Return the pictures that `fold` is trained on."""
    rows = prepared.train
    return rows[(rows["fold"] != fold) & rows["train_label"].notna()]


def name_classes(rows: pd.DataFrame, root: Path, prepared: Prepared) -> dict[str, str]:
    """Return the class that each picture of `rows` is learned as, by its path."""
    labels = zip(rows["path"], rows["train_label"], strict=True)
    return {str(root / path): prepared.class_names[label] for path, label in labels}


def build_train_batches(
    config: Config, rows: pd.DataFrame, fold: int, runtime: Runtime, *, at_least: int
) -> tuple[ShuffledBatches, "DataLoader[Batch]"]:
    """Return the order and the batches that a fold learns from, each of `at_least` pictures."""
    dataset = ImageDataset(
        config.data.root,
        rows["path"].tolist(),
        [int(label) for label in rows["train_label"]],
        build_learning_transform(config),
        at_least=at_least,
    )
    order = ShuffledBatches(
        len(rows),
        config.train.batch_size,
        seed=(config.seed, fold),
        rank=runtime.rank,
        world=runtime.world,
    )
    return order, build_batches(dataset, order, runtime)


def build_learning_transform(config: Config) -> Transform:
    """Return how the network of `config.model` sees a picture that it learns from.

    Raises `UserError` for an augmentation that does not work.
    """
    looks = find_eval_settings(config)
    try:
        return Transform(**looks, augment=config.train.augment)
    except ValueError as error:
        raise UserError(f"train.augment.{error}") from None


def build_valid_transform(config: Config) -> Transform:
    """Return how the network of `config.model` sees any other picture."""
    return Transform(**find_eval_settings(config))


def find_eval_settings(config: Config) -> dict[str, Any]:
    """Return the arguments of `Transform`, which every checkpoint records."""
    mean, std = find_normalization(config.model.name, source=config.model.source)
    size, crop = config.data.image_size, config.data.crop
    return {"image_size": size, "crop": crop, "mean": mean, "std": std}
