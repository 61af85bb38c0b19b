"""The pictures one fold learns from and is validated on, in batches."""

from collections.abc import Sequence

import pandas as pd
from torch.utils.data import DataLoader

from foldline.config import Config
from foldline.data.dataset import Batch, ImageDataset, ShuffledBatches
from foldline.data.prepared import Prepared
from foldline.data.transforms import Transform, build_eval_transform, build_train_transform
from foldline.errors import UserError
from foldline.learning.networks.model import find_normalization
from foldline.learning.predictor import Predictor
from foldline.learning.runtime import Runtime, build_batches


def choose_train_rows(prepared: Prepared, fold: int) -> pd.DataFrame:
    """Return the pictures that `fold` is trained on."""
    rows = prepared.train
    return rows[(rows["fold"] != fold) & rows["train_label"].notna()]


def build_train_batches(
    config: Config, rows: pd.DataFrame, fold: int, runtime: Runtime, *, at_least: int
) -> tuple[ShuffledBatches, "DataLoader[Batch]"]:
    """The order and the batches that a fold learns from, each of `at_least` so many pictures."""
    transform = build_learning_transform(config)
    dataset = _build_dataset(
        config, rows, rows["train_label"].tolist(), transform, at_least=at_least
    )
    order = ShuffledBatches(
        len(rows),
        config.train.batch_size,
        seed=(config.seed, fold),
        rank=runtime.accelerator.process_index,
        world=runtime.accelerator.num_processes,
    )
    return order, build_batches(dataset, order, runtime)


def build_learning_transform(config: Config) -> Transform:
    """What the network of `config.model` sees of a picture that it learns from.

    Raises `UserError` for an augmentation that does not work.
    """
    mean, std = find_normalization(config.model.name, source=config.model.source)
    try:
        return build_train_transform(
            image_size=config.data.image_size,
            crop=config.data.crop,
            mean=mean,
            std=std,
            augment=config.train.augment,
        )
    except ValueError as error:
        raise UserError(f"train.augment.{error}") from None


def build_valid_batches(
    config: Config, rows: pd.DataFrame, runtime: Runtime
) -> "DataLoader[Batch]":
    """Return the pictures that a fold is validated on, in table order."""
    predictor = Predictor([], build_valid_transform(config), runtime)
    paths = rows["path"].tolist()
    return predictor.build_batches(config.data.root, paths, batch_size=config.train.batch_size)


def build_valid_transform(config: Config) -> Transform:
    """What the network of `config.model` sees of a picture that it does not learn from."""
    mean, std = find_normalization(config.model.name, source=config.model.source)
    return build_eval_transform(
        image_size=config.data.image_size, crop=config.data.crop, mean=mean, std=std
    )


def _build_dataset(
    config: Config,
    rows: pd.DataFrame,
    labels: Sequence[int],
    transform: Transform,
    *,
    at_least: int = 0,
) -> ImageDataset:
    return ImageDataset(
        config.data.root,
        rows["path"].tolist(),
        [int(label) for label in labels],
        transform,
        at_least=at_least,
    )
