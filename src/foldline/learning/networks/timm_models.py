"""Networks of timm, an optional library: by name, and with its pretrained weights."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from foldline.errors import UserError, describe_error
from foldline.learning.networks.arguments import overriding

# heads beside the main one that a network can do without: one that learns from a teacher, whose
# answer is averaged with the main one's, and one that answers for every token of a picture
_DISTILLED, _AUXILIARY = "head_dist", "aux_head"

# as timm names them on Hugging Face, the better first
_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


def list_names() -> list[str]:
    """Return the models that timm has. Raises `UserError` without timm."""
    timm = _import_timm()
    return [*timm.list_models(), *timm.list_pretrained()]


def check_heads(name: str) -> None:
    """Raise `UserError` for a model without a head, or without one that is the main one."""
    settings = _import_timm().get_pretrained_cfg(name)
    if settings is not None and not settings.classifier:
        raise UserError(
            f"model.name: timm's {name} has no head, as it gives no classes; take a classification "
            "model, such as resnet18 or vit_tiny_patch16_224"
        )
    if any(
        other.rpartition(".")[2] not in (_DISTILLED, _AUXILIARY) for other in find_other_heads(name)
    ):
        raise UserError(
            f"model.name: timm's {name} has several heads of equal rank, which are not trained "
            "here; take a model with one main head, such as deit_tiny_distilled_patch16_224, "
            "convnext_atto or resnet18"
        )


def find_class(name: str) -> type[nn.Module]:
    """Return the class that timm constructs for `name`."""
    with torch.device("meta"):  # shapes without numbers
        return type(construct(name, 1))


def construct(name: str, num_classes: int) -> nn.Module:
    """Return the network with random weights, of several heads with its main one only."""
    model: nn.Module = _import_timm().create_model(name, pretrained=False, num_classes=num_classes)
    modules = dict(model.named_modules())
    for other in find_other_heads(name):
        if other.rpartition(".")[2] == _AUXILIARY:
            setattr(model, other, None)
        elif other in modules:
            model.set_submodule(other, _Silent())
            modules[_find_heads(name)[0]].register_forward_hook(_double)
    return model


def find_other_heads(name: str) -> tuple[str, ...]:
    """Return the modules of files of weights that `construct` leaves out."""
    main, *others = [head.split(".") for head in _find_heads(name) or ("",)]
    # a head may be a norm and a layer: the outermost module in which it is not the main one
    return tuple(
        ".".join(other[: 1 + next(i for i, part in enumerate(other) if main[i : i + 1] != [part])])
        for other in others
    )


class _Silent(nn.Module):
    """A head whose logits are all 0."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features.new_zeros(*features.shape[:-1], 1)


def _double(_layer: nn.Module, _inputs: object, logits: torch.Tensor) -> torch.Tensor:
    """Double the logits, so that their mean with a silent head's is the same to the last bit."""
    return logits * 2


def _find_heads(name: str) -> tuple[str, ...]:
    """Return the last layers, the main one first; none where timm does not say."""
    settings = _import_timm().get_pretrained_cfg(name)
    heads = (settings and settings.classifier) or ()
    return (heads,) if isinstance(heads, str) else tuple(heads)


def find_normalization(name: str) -> tuple[list[float], list[float]]:
    """Return the mean and standard deviation of a channel for the pretrained weights."""
    timm = _import_timm()
    settings = timm.get_pretrained_cfg(name)
    given = settings.to_dict() if settings is not None else {}
    data = timm.data.resolve_data_config(pretrained_cfg=given)  # ImageNet's where none are given
    return list(data["mean"]), list(data["std"])


def download_state(name: str, arguments: Mapping[str, Any]) -> Mapping[str, torch.Tensor]:
    """Return timm's pretrained weights, from the cache of Hugging Face or downloaded.

    Where `arguments` change the size of a transformer's picture, timm stretches its positions.
    Raises `UserError` where there are none, or where they cannot be downloaded.
    """
    timm = _import_timm()
    if not timm.is_model_pretrained(name):
        raise UserError(
            f"model.weights: timm has no pretrained weights for {name}; set model.weights to "
            "none or to a file of weights"
        )
    try:
        with overriding(find_class(name), arguments):
            # by its own number of classes, so that every key is checked
            model = timm.create_model(
                name, pretrained=True, pretrained_cfg_overlay=_find_in_cache(name)
            )
    except OSError as error:
        raise UserError(
            f"model.weights: timm's weights of {name} cannot be downloaded "
            f"({describe_error(error)[:300]}); set model.weights to a file of weights, such "
            "as the model.safetensors that timm offers for it, or to none to train from scratch"
        ) from None
    except (RuntimeError, ValueError) as error:
        raise UserError(
            f"model.weights: timm's weights of {name} do not fit model.arguments "
            f"({describe_error(error)[:300]}); set model.weights to none or to a file"
        ) from None
    state: Mapping[str, torch.Tensor] = model.state_dict()
    return state


def _find_in_cache(name: str) -> dict[str, str]:
    """Return settings that make timm read a cached file without asking the network."""
    from huggingface_hub import try_to_load_from_cache

    settings = _import_timm().get_pretrained_cfg(name)
    if settings.custom_load or not settings.hf_hub_id:
        return {}
    names = (settings.hf_hub_filename,) if settings.hf_hub_filename else _WEIGHT_FILES
    found = [try_to_load_from_cache(settings.hf_hub_id, one) for one in names]
    return next(({"file": path} for path in found if isinstance(path, str)), {})


def _import_timm() -> Any:
    try:
        import timm
    except ImportError:
        raise UserError(
            "model.source: timm is not installed; install it with: "
            ".venv/bin/python -m pip install timm"
        ) from None
    return timm
