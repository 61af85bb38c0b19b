"""Networks of torchvision: by name, and with ImageNet weights."""

import pickle
import sys
import typing
from collections.abc import Mapping

import torch
import torchvision
from torch import nn

from foldline.errors import UserError, describe_error

# heads that only help the network to learn
_AUXILIARY_HEADS = {"googlenet": ("aux1", "aux2"), "inception_v3": ("AuxLogits",)}


def list_names() -> list[str]:
    """Return the classification models that torchvision has."""
    names: list[str] = torchvision.models.list_models(module=torchvision.models)
    return names


def find_class(name: str) -> type[nn.Module]:
    """Return the class that the builder `name` constructs."""
    builder = torchvision.models.get_model_builder(name)
    kind: type[nn.Module] = typing.get_type_hints(builder)["return"]
    return kind


def construct(name: str, num_classes: int) -> nn.Module:
    """Return the network with random weights, of several heads with its main one only.

    Networks with auxiliary heads bring pictures from ImageNet's mean and standard deviation to
    those they were first trained with by themselves, as their ImageNet weights need it.
    """
    settings: dict[str, bool] = {}
    if name in _AUXILIARY_HEADS:
        settings = {"aux_logits": False, "transform_input": True, "init_weights": True}
    model: nn.Module = torchvision.models.get_model(
        name, weights=None, num_classes=num_classes, **settings
    )
    return model


def find_other_heads(name: str) -> tuple[str, ...]:
    """Return the modules of files of weights that `construct` leaves out."""
    return _AUXILIARY_HEADS.get(name, ())


def find_normalization(name: str) -> tuple[list[float], list[float]]:
    """Return the mean and standard deviation of a channel for the ImageNet weights."""
    transform = torchvision.models.get_model_weights(name)["DEFAULT"].transforms()
    return list(transform.mean), list(transform.std)


def download_state(name: str) -> Mapping[str, torch.Tensor]:
    """Return ImageNet weights, downloaded if need be, without executing anything in the file.

    Raises `UserError` that names the file and where to put it when it cannot be downloaded.
    """
    weights = torchvision.models.get_model_weights(name)["DEFAULT"]
    file = f"{torch.hub.get_dir()}/checkpoints/{weights.url.rsplit('/', 1)[-1]}"
    try:
        state: Mapping[str, torch.Tensor] = weights.get_state_dict(
            progress=sys.stderr.isatty(), check_hash=True, weights_only=True
        )
    except (pickle.UnpicklingError, EOFError):  # of a file that was there: only a new one is hashed
        raise UserError(
            f"model.weights: {file}: not a file of weights, or one that holds more than tensors; "
            f"delete it, and put {weights.url} there or have it downloaded again"
        ) from None
    except (OSError, RuntimeError) as error:  # URLError is an OSError, a wrong hash a RuntimeError
        raise UserError(
            f"model.weights: the ImageNet weights of {name} cannot be downloaded "
            f"({describe_error(error)}); put {weights.url} at {file}, or set "
            "model.weights to a file of weights, or to none to train from scratch"
        ) from None
    return state
