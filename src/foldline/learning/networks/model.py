"""The network: built by name, loaded with weights, divided into backbone and head."""

import hashlib
import itertools
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import torch
from torch import nn

from foldline.errors import UserError, describe_error
from foldline.learning.networks import timm_models, torchvision_models
from foldline.learning.networks.arguments import check_arguments, overriding

# torchvision's files of DenseNet say norm.1 where its models now say norm1
_OLD_DENSENET_KEY = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")

# what programs name the network in which they put it, one in another in any order
_WRAPPERS = ("module", "_orig_mod", "model", "backbone", "encoder", "net", "network")
_MOST_WRAPPERS = 8

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
    """Build a classification model with random weights and a head of `num_classes`.

    `[B, 3, H, W]` float32 in, logits `[B, num_classes]` out. `arguments` override those that the
    model passes to its constructor. Raises `UserError` for a name that `source` (`torchvision` or
    `timm`) does not have, a last layer that cannot be replaced, or arguments that are refused.
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
            reason = describe_error(error)[:200]
            raise UserError(
                f"model.arguments: {name} cannot be built with {dict(arguments)}: {reason}"
            ) from None
    find_head(model, num_classes)
    return model


def find_normalization(name: str, *, source: str) -> tuple[Triple, Triple]:
    """Return the mean and standard deviation of the channels that the model expects, from 0 to 1.

    Training and validation ask here, and inference through the checkpoint. Raises `UserError` for
    a model that does not look at three channels.
    """
    library: Any = _SOURCES[source]
    library.check_name(name)
    mean, std = library.find_normalization(name)
    if not len(mean) == len(std) == 3:
        raise UserError(f"model.name: {name} does not look at pictures of three channels")
    return (mean[0], mean[1], mean[2]), (std[0], std[1], std[2])


def download_state(name: str, *, source: str, arguments: Mapping[str, Any]) -> State:
    """Return the pretrained weights that `source` has for a model, downloaded if need be."""
    if source == "timm":
        return timm_models.download_state(name, arguments)
    return torchvision_models.download_state(name)


def find_head(model: nn.Module, num_classes: int) -> str:
    """Return the dotted name of the last layer, which has one output a class."""
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    name, layer = layers[-1]
    name = str(name)
    width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    if width != num_classes:
        raise UserError(f"model.name: the last layer {name} has {width} outputs, not {num_classes}")
    return name


def find_other_heads(name: str, *, source: str) -> tuple[str, ...]:
    """Return the modules of a file of weights that `build_model` leaves out of a model.

    They are heads beside the main one: they help to learn, and are not trained here.
    """
    library: Any = _SOURCES[source]
    others: tuple[str, ...] = library.find_other_heads(name)
    return others


def load_weights(
    model: nn.Module, state: State, *, head: str, origin: str, other_heads: Sequence[str] = ()
) -> None:
    """Copy `state` into everything but the head, which keeps its random start.

    Keys may stand behind the prefix that `find_prefix` finds; what lies beside it, and
    `other_heads`, are left out. Raises `UserError` listing the keys that do not fit, as a
    half-loaded network would only look like a bad recipe.
    """
    own = model.state_dict()
    given = _rename(state, own, prefix=find_prefix(state, own, head=head))
    heads = tuple(f"{one}." for one in (_find_room(own, head), *other_heads))
    for key in [key for key in given if key.startswith(heads)]:
        del given[key]
    faults = [fault for key in given if key in own for fault in _compare(key, given[key], own[key])]
    if not faults:
        try:
            missing, unexpected = model.load_state_dict(given, strict=False)
        except Exception as error:  # noqa: BLE001 - layers raise anything of older files
            reason = describe_error(error)[:200]
            raise UserError(f"model.weights: {origin}: does not fit model.name: {reason}") from None
        faults = [f"{key} is missing" for key in missing if not key.startswith(f"{head}.")]
        faults += [f"{key} is not in the model" for key in unexpected]
    if faults:
        raise UserError(
            f"model.weights: {origin}: {len(faults)} keys do not fit model.name: "
            f"{'; '.join(faults[:5])}{f'; and {len(faults) - 5} more' if len(faults) > 5 else ''}"
        )


def find_prefix(state: State, own: State, *, head: str) -> str:
    """Return what stands before a model's own keys in `state`, such as `module._orig_mod.`.

    Of all prefixes made of the words that programs wrap a network in, the one that finds most of
    the keys before the head, of equals the shortest.
    """
    given = {_OLD_DENSENET_KEY.sub(r"\1\2", key) for key in state}
    prefixes = {""}
    for parts in (key.split(".") for key in given):
        wrappers = itertools.takewhile(_WRAPPERS.__contains__, parts[:_MOST_WRAPPERS])
        prefixes.update(itertools.accumulate(f"{word}." for word in wrappers))
    backbone = [key for key in own if not key.startswith(f"{head}.")]

    def rank(prefix: str) -> tuple[int, int, str]:
        return -sum(prefix + key in given for key in backbone), len(prefix), prefix

    return min(prefixes, key=rank)


def _rename(state: State, own: State, *, prefix: str) -> Any:
    """Return `state` with the model's own names, without what does not stand behind `prefix`.

    It is torch's own dictionary with the versions of the layers, by which they themselves rename or
    fill in the keys of older files.
    """
    renamed: Any = OrderedDict()
    for key, value in state.items():
        if key.startswith(prefix):
            renamed[_OLD_DENSENET_KEY.sub(r"\1\2", key.removeprefix(prefix))] = value
    versions = getattr(state, "_metadata", None)
    renamed._metadata = {
        # some networks refuse a plain dictionary, which does not say of which version they are
        "": getattr(own, "_metadata", {}).get("", {}),
        **{
            f"{key}.".removeprefix(prefix)[:-1]: version
            for key, version in (versions.items() if isinstance(versions, dict) else ())
            if isinstance(version, dict) and f"{key}.".startswith(prefix)
        },
    }
    return renamed


def _find_room(own: State, head: str) -> str:
    """Return the outermost module around the head that holds nothing else.

    Whoever has replaced a network's head has often replaced all of it.
    """
    room = head
    while outer := room.rpartition(".")[0]:
        if any(key.startswith(f"{outer}.") and not key.startswith(f"{head}.") for key in own):
            break
        room = outer
    return room


def _compare(key: str, given: torch.Tensor, own: torch.Tensor) -> list[str]:
    """Return what is wrong with a tensor that is to become the model's."""
    if given.shape != own.shape:
        return [f"{key} is {list(given.shape)}, the model has {list(own.shape)}"]
    if given.is_floating_point() != own.is_floating_point():
        return [f"{key} is of {given.dtype}, the model has {own.dtype}"]
    return []


def copy_state(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights of `model` as they are saved: on the CPU, in one memory format.

    It is torch's own dictionary, as some layers refuse one without the versions it keeps.
    """
    state: dict[str, torch.Tensor] = model.state_dict()
    for key, value in state.items():
        state[key] = value.cpu().contiguous()
    return state


def compute_backbone_hash(state: State, *, head: str) -> str:
    """Compute the SHA-256 of all names, types, shapes and numbers outside the head, in hex."""
    digest = hashlib.sha256()
    for key, value in state.items():
        if not key.startswith(f"{head}."):
            digest.update(f"{key} {value.dtype} {list(value.shape)}\n".encode())
            numbers = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            digest.update(numbers.numpy().data)
    return digest.hexdigest()


def set_training_mode(model: nn.Module) -> None:
    """Set training mode for what learns and evaluation mode for what is frozen.

    So frozen batch norm keeps its statistics, and frozen layers compute the same features of a
    picture every time. A layer without parameters is frozen inside a block that is frozen whole.
    Elsewhere batch norm is frozen if the layer before it is, whose output it measures; any other,
    such as dropout, if the next one is, which learns from its output: the head's own dropout stays.
    """
    for module, learns in _list_modes(model):
        module.training = learns


def learns_batch_norm(model: nn.Module) -> bool:
    """Return whether training gathers statistics over a batch, for which one picture is too few."""
    batch_norm = nn.modules.batchnorm._BatchNorm
    return any(learns for module, learns in _list_modes(model) if isinstance(module, batch_norm))


def _list_modes(model: nn.Module) -> list[tuple[nn.Module, bool]]:
    """Return every module of the network, and whether it learns."""
    modes: list[tuple[nn.Module, bool]] = []
    learns = next((parameter.requires_grad for parameter in model.parameters()), True)
    frozen: set[nn.Module] = set()
    waiting: list[nn.Module] = []
    for module in model.modules():
        inside = [parameter.requires_grad for parameter in module.parameters()]
        if inside:
            modes.append((module, any(inside)))
            frozen.update(() if any(inside) else module.modules())
        elif module in frozen:
            modes.append((module, False))
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            modes.append((module, learns))
        else:
            waiting.append(module)
        if own := [parameter.requires_grad for parameter in module.parameters(recurse=False)]:
            learns = any(own)
            modes += [(one, learns) for one in waiting]
            waiting.clear()
    return [*modes, *((one, learns) for one in waiting)]
