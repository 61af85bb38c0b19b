"""What is kept of a network: enough to answer by itself, or enough to go on learning."""

import pickle
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from foldline.errors import UserError
from foldline.files import replacing
from foldline.learning.model import build_model

FORMAT = "foldline-checkpoint-1"


@dataclass(frozen=True)
class Checkpoint:
    """A trained network and all that is needed to use it, without any configuration.

    `image_size` is (height, width) in pixels, `crop` shares of height and width, `mean` and `std`
    in units of 0 to 1; `scores` are those of `epoch` on validation fold `fold` of `num_folds`.
    """

    state: dict[str, torch.Tensor]
    model_name: str
    class_names: tuple[str, ...]
    image_size: tuple[int, int]
    crop: tuple[float, float] | None
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    seal: str
    scoring_seal: str
    fold: int
    num_folds: int
    epoch: int
    monitor: str
    scores: dict[str, float]

    @property
    def eval_transform(self) -> dict[str, Any]:
        """The arguments of `build_eval_transform`."""
        return {key: getattr(self, key) for key in ("image_size", "crop", "mean", "std")}

    def build_model(self) -> nn.Module:
        """The network with its weights, in evaluation mode."""
        model = build_model(self.model_name, len(self.class_names))
        model.load_state_dict(self.state)
        return model.eval()


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write atomically; equal checkpoints give equal bytes."""
    values = {f.name: getattr(checkpoint, f.name) for f in fields(checkpoint)}
    plain = {key: _unify(value) for key, value in values.items() if key != "state"}
    save_state(path, {"format": FORMAT, "state": checkpoint.state, **plain})


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a `best.pt`. Raises `UserError` when it is missing, broken or something else."""
    values = load_state(path)
    if values.pop("format", None) != FORMAT or set(values) != {f.name for f in fields(Checkpoint)}:
        raise UserError(f"{path}: not a checkpoint of this version of foldline; train it again")
    return Checkpoint(**values)


def is_checkpoint(path: Path) -> bool:
    """Whether the file of weights is one of ours."""
    return load_state(path).get("format") == FORMAT


def load_weight_file(path: Path) -> dict[str, torch.Tensor]:
    """The state dict in `path`: a bare one, one under `state_dict`, or a checkpoint of ours."""
    values = load_state(path)
    for key in ("state", "state_dict", "model"):
        if isinstance(values.get(key), dict):
            values = values[key]
            break
    if not values or not all(isinstance(value, torch.Tensor) for value in values.values()):
        raise UserError(f"model.weights: {path}: expected a state dict of tensors or a best.pt")
    return values


def save_state(path: Path, values: dict[str, Any]) -> None:
    """Write a dictionary of tensors and plain values atomically."""
    # through an open file, as torch writes a path's name into the bytes
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(values, file)


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote; nothing in the file is executed."""
    if not path.is_file():
        raise UserError(f"{path}: no such file of weights")
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # whose message advises to let the file execute what it holds
        raise UserError(
            f"{path}: not a file of weights, or one that holds more than tensors and plain values"
        ) from None
    except Exception as error:  # noqa: BLE001 - a broken file makes torch raise anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{path}: not a readable file of weights: {reason}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected a dictionary of weights, found {type(values).__name__}")
    return values


def _unify(value: Any) -> Any:
    """Equal strings as one object and equal tuples as several: pickle writes which are the same."""
    if isinstance(value, str):
        return sys.intern(str(value))
    if isinstance(value, tuple):
        return tuple(_unify(item) for item in value)
    if isinstance(value, dict):
        return {_unify(key): _unify(item) for key, item in value.items()}
    return value
