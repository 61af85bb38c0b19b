"""The network: built by name, given weights, and told apart into backbone and head."""

import copy
import hashlib
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import torch
from torch import nn

from foldline.errors import UserError
from foldline.learning import timm_models, torchvision_models
from foldline.learning.arguments import check_arguments, overriding

# torchvision's files of DenseNet say norm.1 where its models now say norm1
_OLD_DENSENET_KEY = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")

_SOURCES: dict[str, ModuleType] = {"torchvision": torchvision_models, "timm": timm_models}

State = Mapping[str, torch.Tensor]
Triple = tuple[float, float, float]


def build_model(
    name: str,
    num_classes: int,
    *,
    source: str = "torchvision",
    arguments: Mapping[str, Any] | None = None,
) -> nn.Module:
    """A classification model with random weights and a head of `num_classes`.

    `[B, 3, H, W]` float32 in, logits `[B, num_classes]` out. `arguments` are the constructor's, for
    the model's own. Raises `UserError` for a name that `source` (`torchvision` or `timm`) does not
    have, whose last layer cannot be replaced, or whose constructor refuses the arguments.
    """
    library: Any = _SOURCES[source]
    library.check_name(name)
    if not arguments:
        model: nn.Module = library.construct(name, num_classes)
    else:
        kind = library.find_class(name)
        checked = check_arguments(kind, arguments)
        try:
            with overriding(kind, checked):
                model = library.construct(name, num_classes)
        except Exception as error:  # noqa: BLE001 - constructors raise anything
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise UserError(
                f"model.arguments: {name} cannot be built with {dict(arguments)}: {reason}"
            ) from None
    find_head(model, num_classes)
    return model


def find_normalization(name: str, *, source: str) -> tuple[Triple, Triple]:
    """Mean and standard deviation of the channels, in units of 0 to 1, that the model expects.

    The one place that decides about them: for training, validation and, by way of the checkpoint,
    for inference. Raises `UserError` for a model that does not look at three channels.
    """
    library: Any = _SOURCES[source]
    library.check_name(name)
    mean, std = library.find_normalization(name)
    if not len(mean) == len(std) == 3:
        raise UserError(f"model.name: {name} does not look at pictures of three channels")
    return (mean[0], mean[1], mean[2]), (std[0], std[1], std[2])


def download_state(name: str, *, source: str, arguments: Mapping[str, Any]) -> State:
    """The pretrained weights that `source` offers for a model, from its cache or the network."""
    if source == "timm":
        return timm_models.download_state(name, arguments)
    return torchvision_models.download_state(name)


def find_head(model: nn.Module, num_classes: int) -> str:
    """The dotted name of the last layer, which gives one number a class."""
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    name, layer = layers[-1]
    name = str(name)
    width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    if width != num_classes:
        raise UserError(f"model.name: the last layer {name} has {width} outputs, not {num_classes}")
    return name


def load_weights(model: nn.Module, state: State, *, head: str, origin: str) -> None:
    """Copy `state` into everything but the head, which keeps its random start.

    Raises `UserError` listing the keys that do not fit, as a half-loaded network would only look
    like a bad recipe.
    """
    own = model.state_dict()
    # a copy, not a new dictionary: torch keeps the versions of the layers in it, by which they
    # themselves rename or fill in the keys of older files
    given: Any = copy.copy(state)
    for key in list(given):
        value = given.pop(key)
        if not key.startswith((f"{head}.", f"module.{head}.")):
            given[_OLD_DENSENET_KEY.sub(r"\1\2", key.removeprefix("module."))] = value
    faults = [
        f"{key} is {list(value.shape)}, the model has {list(own[key].shape)}"
        for key, value in given.items()
        if key in own and value.shape != own[key].shape
    ]
    if not faults:
        missing, unexpected = model.load_state_dict(given, strict=False)
        faults = [f"{key} is missing" for key in missing if not key.startswith(f"{head}.")]
        faults += [f"{key} is not in the model" for key in unexpected]
    if faults:
        shown = "; ".join(faults[:5]) + (f"; and {len(faults) - 5} more" if len(faults) > 5 else "")
        raise UserError(
            f"model.weights: {origin}: {len(faults)} keys do not fit model.name: {shown}"
        )


def copy_state(model: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of `model` as they are saved: on the processor, in one memory format.

    It is torch's own dictionary, as some layers refuse one without the versions it keeps.
    """
    state: dict[str, torch.Tensor] = model.state_dict()
    for key, value in state.items():
        state[key] = value.cpu().contiguous()
    return state


def compute_backbone_hash(state: State, *, head: str) -> str:
    """SHA-256 of names, types, shapes and numbers of everything but the head, as 64 hex digits."""
    digest = hashlib.sha256()
    for key, value in state.items():
        if not key.startswith(f"{head}."):
            digest.update(f"{key} {value.dtype} {list(value.shape)}\n".encode())
            numbers = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            digest.update(numbers.numpy().data)
    return digest.hexdigest()


def set_training_mode(model: nn.Module) -> None:
    """Training mode, except for batch norm that is frozen: its statistics stay.

    Batch norm without parameters is frozen where the layer before it is.
    """
    model.train()
    for module, learns in _list_batch_norm(model):
        module.train(learns)


def learns_batch_norm(model: nn.Module) -> bool:
    """Return whether training gathers statistics over a batch, for which one picture is too few."""
    return any(learns for _, learns in _list_batch_norm(model))


def _list_batch_norm(model: nn.Module) -> list[tuple[nn.Module, bool]]:
    """Return each layer of batch norm, and whether it is not frozen."""
    layers: list[tuple[nn.Module, bool]] = []
    learns = next((parameter.requires_grad for parameter in model.parameters()), True)
    for module in model.modules():
        own = [parameter.requires_grad for parameter in module.parameters(recurse=False)]
        learns = any(own) if own else learns
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            layers.append((module, learns))
    return layers
