"""The network: built by name, given weights, and told which of its parts learn."""

import copy
import difflib
import re
import sys
from collections.abc import Mapping
from typing import Any

import torch
import torchvision
from torch import nn

from foldline.errors import UserError

# of ImageNet, in units of 0 to 1; what every torchvision classification model was trained with
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

_WITH_AUXILIARY_HEADS = ("googlenet", "inception_v3")

# torchvision's files of DenseNet say norm.1 where its models now say norm1
_OLD_DENSENET_KEY = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")

State = Mapping[str, torch.Tensor]


def build_model(name: str, num_classes: int) -> nn.Module:
    """A torchvision classification model with random weights and a head of `num_classes`.

    `[B, 3, H, W]` float32 in, logits `[B, num_classes]` out. Raises `UserError` for a name that
    torchvision does not have, or whose last layer cannot be replaced.
    """
    names = torchvision.models.list_models(module=torchvision.models)
    if name not in names:
        close = difflib.get_close_matches(name, names, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "such as resnet18, densenet121"
        raise UserError(f"model.name: torchvision has no classification model {name!r}; {hint}")
    if name in _WITH_AUXILIARY_HEADS:
        raise UserError(
            f"model.name: {name} has auxiliary heads, which are not trained here; "
            "take a model with one head, such as resnet50 or densenet121"
        )
    model: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=num_classes)
    find_head(model, num_classes)
    return model


def find_head(model: nn.Module, num_classes: int) -> str:
    """The dotted name of the last layer, which gives one number a class."""
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    name, layer = layers[-1]
    name = str(name)
    width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    if width != num_classes:
        raise UserError(f"model.name: the last layer {name} has {width} outputs, not {num_classes}")
    return name


def download_imagenet_state(name: str) -> State:
    """ImageNet weights of a torchvision model, from torchvision's cache or the network.

    Raises `UserError` that names the file and where to put it when it cannot be downloaded.
    """
    weights = torchvision.models.get_model_weights(name)["DEFAULT"]
    file = f"{torch.hub.get_dir()}/checkpoints/{weights.url.rsplit('/', 1)[-1]}"
    try:
        state: State = weights.get_state_dict(progress=sys.stderr.isatty(), check_hash=True)
    except (OSError, RuntimeError) as error:  # URLError is an OSError, a wrong hash a RuntimeError
        raise UserError(
            f"model.weights: the ImageNet weights of {name} cannot be downloaded "
            f"({' '.join(str(error).split())}); put {weights.url} at {file}, or set "
            "model.weights to a file of weights, or to none to train from scratch"
        ) from None
    return state


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


def freeze(model: nn.Module, train: str, *, head: str) -> None:
    """Let only a part learn: `all`, `head`, or everything from the block named `train` up.

    Raises `UserError` naming the blocks there are.
    """
    blocks = _list_blocks(model)
    start = head if train == "head" else train
    if train not in ("all", "head", *blocks):
        raise UserError(
            f"model.train: {train!r} is not a block of this model; "
            f"expected all, head, or one of {', '.join(blocks)}"
        )
    learning = train == "all"
    for name, parameter in model.named_parameters():
        learning = learning or name.startswith(f"{start}.")
        parameter.requires_grad_(learning)


def set_training_mode(model: nn.Module) -> None:
    """Training mode, except for batch norm whose parameters are frozen: its statistics stay."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            learns = [parameter.requires_grad for parameter in module.parameters()]
            module.train(not learns or any(learns))


def _list_blocks(model: nn.Module) -> list[str]:
    """Names of the modules with parameters, two levels deep: `layer4`, `features.denseblock4`."""

    def has_parameters(module: Any) -> bool:
        return any(True for _ in module.parameters())

    blocks = []
    for name, child in model.named_children():
        inner = [f"{name}.{n}" for n, m in child.named_children() if has_parameters(m)]
        if has_parameters(child):
            blocks += [name, *inner]
    return blocks
