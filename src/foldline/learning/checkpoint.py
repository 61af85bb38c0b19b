"""Checkpoints and files of weights: saved, loaded, and what is damaged or missing in them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import torch
from pydantic import AfterValidator, ConfigDict, Field, ValidationError, create_model
from pydantic_core import PydanticCustomError
from torch import nn

from foldline.errors import UserError, describe_error
from foldline.files import replacing
from foldline.learning.networks.model import (
    State,
    build_model,
    compute_backbone_hash,
    download_state,
    find_head,
    find_other_heads,
    find_prefix,
    load_weights,
)
from foldline.learning.networks.weight_files import find_state, read_weight_file
from foldline.metrics.metric import METRICS
from foldline.records import Count, Figure, Share, describe_damage
from foldline.text import escape, name_some

# of every version, and of this one
_FORMATS = "foldline-checkpoint-"
FORMAT = f"{_FORMATS}2"


def _check_metric(key: str) -> str:
    if key not in METRICS:
        raise PydanticCustomError("metric", f"expected one of {', '.join(METRICS)}")
    return key


_Text = Annotated[str, Field(min_length=1)]
_Pixels = Annotated[int, Field(ge=1, le=10**5)]
_Positive = Annotated[Figure, Field(gt=0)]


@dataclass(frozen=True)
class Checkpoint:
    """A trained network and all that is needed to use it without a configuration.

    `image_size` is (height, width) in pixels, `crop` shares of height and width, `mean` and `std`
    in units of 0 to 1; `scores` are those of `epoch` on validation fold `fold` of `num_folds`.
    `model_source` and `model_arguments` are those of `build_model`. If only the head was trained,
    `state` may hold just that; `backbone_weights` then names the rest, as `model.weights` does, and
    `backbone_sha256` is its `compute_backbone_hash`.
    """

    state: Annotated[dict[str, torch.Tensor], Field(min_length=1)]
    model_source: Literal["torchvision", "timm"]
    model_name: _Text
    model_arguments: dict[str, Any]
    class_names: Annotated[tuple[str, ...], Field(min_length=1)]
    image_size: tuple[_Pixels, _Pixels]
    crop: tuple[Share, Share] | None
    mean: tuple[Figure, Figure, Figure]
    std: tuple[_Positive, _Positive, _Positive]
    seal: _Text
    scoring_seal: str
    fold: Count
    num_folds: Count
    epoch: Count
    monitor: Annotated[str, AfterValidator(_check_metric)]
    scores: dict[str, Figure]
    backbone_weights: str | None = None
    backbone_sha256: str | None = None

    @property
    def eval_transform(self) -> dict[str, Any]:
        """Return the arguments of `build_eval_transform`."""
        return {key: getattr(self, key) for key in ("image_size", "crop", "mean", "std")}

    def check_seal(self, seal: str, *, path: Path) -> None:
        """Raise `UserError` unless it was trained on the prepared table sealed `seal`."""
        if self.seal != seal:
            raise UserError(
                f"{path} was trained on the table sealed {self.seal[:12]}, not on {seal[:12]}; "
                "train it again"
            )

    def build_model(self) -> nn.Module:
        """Build the network with its weights, in evaluation mode.

        Raises `UserError` if the backbone of a head is missing or not the one it was trained on.
        """
        num_classes = len(self.class_names)
        model = build_model(
            self.model_name, num_classes, source=self.model_source, arguments=self.model_arguments
        )
        if self.backbone_weights is None:
            self._load_state(model, strict=True)
            return model.eval()
        head = find_head(model, num_classes)
        _check_backbone_file(self.backbone_weights)
        load_pretrained(
            model,
            self.backbone_weights,
            name=self.model_name,
            source=self.model_source,
            arguments=self.model_arguments,
            head=head,
        )
        found = compute_backbone_hash(model.state_dict(), head=head)
        if found != self.backbone_sha256:
            raise UserError(
                f"model.weights: {self.backbone_weights}: not the backbone that the head of fold "
                f"{self.fold} was trained on (its SHA-256 begins with {found[:12]}, not with "
                f"{str(self.backbone_sha256)[:12]}); put the old weights back, or train again"
            )
        self._load_state(model, strict=False)
        return model.eval()

    def _load_state(self, model: nn.Module, *, strict: bool) -> None:
        try:
            model.load_state_dict(self.state, strict=strict)
        except RuntimeError as error:
            reason = describe_error(error)[:200]
            raise UserError(
                f"the best.pt of fold {self.fold} is damaged: its weights are not those of "
                f"{self.model_name}: {reason}; train it again"
            ) from None


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint atomically; equal checkpoints are equal bytes."""
    values = {f.name: getattr(checkpoint, f.name) for f in fields(checkpoint)}
    plain = {key: _unify(value) for key, value in values.items() if key != "state"}
    save_state(path, {"format": FORMAT, "state": checkpoint.state, **plain})


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a `best.pt`. Raises `UserError` when it is missing, damaged or something else."""
    values = load_state(path)
    if values.pop("format", None) != FORMAT or set(values) != {f.name for f in fields(Checkpoint)}:
        raise UserError(f"{path}: not a checkpoint of this version of foldline; train it again")
    hints: dict[str, Any] = get_type_hints(Checkpoint, include_extras=True)
    config = ConfigDict(
        arbitrary_types_allowed=True, strict=True, allow_inf_nan=False, protected_namespaces=()
    )
    needed: dict[str, Any] = {key: (hints[key], ...) for key in values}
    model = create_model("Fields", __config__=config, **needed)
    try:
        model.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{path}: damaged: {describe_damage(error)}; train it again") from None
    checkpoint = Checkpoint(**values)
    if len(set(checkpoint.class_names)) < len(checkpoint.class_names):
        raise UserError(f"{path}: damaged: two of its classes have the same name; train it again")
    numbers = [value for value in checkpoint.state.values() if value.is_floating_point()]
    if not all(value.isfinite().all() for value in numbers):
        raise UserError(f"{path}: damaged: some weights are not finite; train it again")
    return checkpoint


def is_checkpoint(path: Path) -> bool:
    """Return whether a file of weights is a checkpoint of this version or another."""
    return str(load_state(path).get("format")).startswith(_FORMATS)


def load_weight_file(path: Path) -> dict[str, torch.Tensor]:
    """Return the state dict in `path`: a bare one, one under the usual keys, or a checkpoint's.

    An average of the weights (EMA) is preferred where there is one. For a checkpoint that holds a
    head alone it is that of the whole network. Raises `UserError` for a `last.pt`, which does not
    say whom it was trained on.
    """
    values = load_state(path)
    if "epochs_done" in values:
        raise UserError(
            f"model.weights: {path}: this is last.pt, with which a training goes on; name the "
            "best.pt beside it, which also says whom it was trained on"
        )
    if values.get("backbone_weights") is not None:
        return dict(load_checkpoint(path).build_model().state_dict())
    state, _ = find_state(values)
    if not state:
        raise UserError(
            f"model.weights: {path}: expected a state dict of tensors or a best.pt, found "
            f"{name_some(map(str, values)) or 'nothing'}"
        )
    return state


def describe_weight_file(path: Path, model: nn.Module, *, head: str) -> str:
    """Return where in the file the weights of `model` are, unless it holds nothing else.

    Such as `its state_dict_ema, without the prefix module. and 2 keys beside it (a.weight, b)`.
    """
    state, where = find_state(load_state(path))
    prefix = find_prefix(state, model.state_dict(), head=head)
    beside = [escape(key) for key in state if not key.startswith(prefix)]
    without = [f"the prefix {prefix}"] if prefix else []
    if beside:
        keys = "key" if len(beside) == 1 else "keys"
        without.append(f"{len(beside)} {keys} beside it ({name_some(beside)})")
    texts = [f"its {'.'.join(where)}"] if where else []
    texts += [f"without {' and '.join(without)}"] if without else []
    return ", ".join(texts)


def load_pretrained(
    model: nn.Module,
    weights: str,
    *,
    name: str,
    source: str,
    arguments: Mapping[str, Any],
    head: str,
) -> None:
    """Load `weights`, which is `imagenet` or a file, into everything but the head of `model`."""
    state: State
    if weights == "imagenet":
        state = download_state(name, source=source, arguments=arguments)
    else:
        state = load_weight_file(Path(weights))
    try:
        others = find_other_heads(name, source=source)
        load_weights(model, state, head=head, origin=weights, other_heads=others)
    except UserError as error:
        hint = "model.arguments: weights must be those of a network with the same arguments"
        raise UserError(*error.faults, *([hint] if arguments else [])) from None


def find_backbone_weights(weights: str) -> str:
    """Return the weights of a head's backbone: `weights`, or those that a head in them names."""
    if weights == "imagenet":
        return weights
    return str(load_state(Path(weights)).get("backbone_weights") or weights)


def save_state(path: Path, values: dict[str, Any]) -> None:
    """Write a dictionary of tensors and plain values atomically."""
    # through an open file, as torch writes a path's name into the bytes
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(values, file)


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote, without executing anything in the file."""
    if not path.is_file():
        raise UserError(f"{path}: no such file of weights")
    values = read_weight_file(path)
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected a dictionary of weights, found {type(values).__name__}")
    return values


def _check_backbone_file(weights: str) -> None:
    """Raise `UserError` unless `weights` exist and are a whole network."""
    if weights == "imagenet":
        return
    if not os.path.isfile(weights):  # noqa: PTH113 - raises for no name whatever
        raise UserError(
            f"{weights}: no such file; it is the backbone of a best.pt that holds its head alone; "
            "put it back, or train again"
        )
    if load_state(Path(weights)).get("backbone_weights") is not None:
        raise UserError(
            f"{weights}: holds a head alone, where the backbone of another head was; put that "
            "file back, or train again"
        )


def _unify(value: Any) -> Any:
    """Make equal strings one object and equal tuples several, as pickle records identity."""
    if isinstance(value, str):
        return sys.intern(str(value))
    if isinstance(value, tuple | list):
        return type(value)(_unify(item) for item in value)
    if isinstance(value, dict):
        return {_unify(key): _unify(item) for key, item in value.items()}
    return value
