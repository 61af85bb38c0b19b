"""Several heads on one backbone: heads saved alone, and networks that share their backbone."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import torch
from torch import nn

from foldline.errors import UserError
from foldline.learning.checkpoint import Checkpoint
from foldline.learning.networks.model import compute_backbone_hash, find_head


def keep_head(checkpoint: Checkpoint, *, head: str, weights: str) -> Checkpoint:
    """Return the checkpoint without its backbone, which `weights` names: `imagenet` or a file."""
    return replace(
        checkpoint,
        state={key: value for key, value in checkpoint.state.items() if key.startswith(f"{head}.")},
        backbone_weights=weights,
        backbone_sha256=compute_backbone_hash(checkpoint.state, head=head),
    )


def build_networks(checkpoints: Sequence[Checkpoint]) -> list[nn.Module]:
    """Return networks that between them answer as `checkpoints` do, in their order.

    Neighbours that are heads on the same backbone become one network that computes it once.
    """
    networks: list[nn.Module] = []
    for backbone, group in groupby(checkpoints, key=_name_backbone):
        heads = list(group)
        is_shared = backbone is not None and len(heads) > 1
        networks += [build_shared(heads)] if is_shared else [one.build_model() for one in heads]
    return networks


def group_sharing(checkpoints: Sequence[Checkpoint]) -> list[list[int]]:
    """Group the positions of `checkpoints` by backbone, in the order of each group's first.

    A checkpoint that holds a whole network is a group of its own.
    """
    groups: dict[str | int, list[int]] = {}
    for position, checkpoint in enumerate(checkpoints):
        groups.setdefault(_name_backbone(checkpoint) or position, []).append(position)
    return list(groups.values())


def build_shared(checkpoints: Sequence[Checkpoint]) -> "SharedBackbone":
    """Build one network with the heads of all `checkpoints`, in their order.

    They may be of several tasks. Raises `UserError` unless they are heads on the same backbone.
    """
    first = checkpoints[0]
    for checkpoint in checkpoints:
        if _name_backbone(checkpoint) != _name_backbone(first) or not first.backbone_sha256:
            raise UserError(
                f"fold {checkpoint.fold}, {checkpoint.model_name}: not a head on the same backbone "
                f"and picture size as that of fold {first.fold}, {first.model_name}; train both "
                "with train.save=head, the same model, data.image_size and data.crop"
            )
    model = first.build_model()
    name = find_head(model, len(first.class_names))
    after = _detach_after(model, name)
    layers = [
        nn.Sequential(_fill(model.get_submodule(name), name, one.state), *after)
        for one in checkpoints
    ]
    return SharedBackbone(model, name, layers, [len(one.class_names) for one in checkpoints])


class SharedBackbone(nn.Module):
    """A network with several last layers: `[B, 3, H, W]` in, a tuple of logits `[B, C]` out.

    Each computes, bit for bit, what it would compute at the end of a network of its own.
    """

    def __init__(
        self, model: nn.Module, head: str, layers: Sequence[nn.Sequential], widths: Sequence[int]
    ) -> None:
        super().__init__()
        self.model = model
        self.widths = list(widths)
        model.set_submodule(head, _SideBySide(layers))
        self.eval()

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(self.model(images).split(self.widths, dim=1))


class _SideBySide(nn.Module):
    """Layers with the same input, whose outputs are concatenated along the classes."""

    def __init__(self, layers: Sequence[nn.Sequential]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dim = 1 if isinstance(layers[0][0], nn.Conv2d) else -1

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.cat([layer(features) for layer in self.layers], dim=self.dim)


def _name_backbone(checkpoint: Checkpoint) -> str | None:
    """Return the same name for heads on one backbone that look at pictures alike, else None."""
    if checkpoint.backbone_sha256 is None:
        return None
    keys = ("model_source", "model_name", "backbone_sha256", "eval_transform")
    arguments = sorted(checkpoint.model_arguments.items())
    return repr([*(getattr(checkpoint, key) for key in keys), arguments])


def _detach_after(model: nn.Module, head: str) -> list[nn.Module]:
    """Take the layers after `head` out of its `nn.Sequential`, such as SqueezeNet's mean.

    Over concatenated classes they would add in another order.
    """
    row = model.get_submodule(head.rpartition(".")[0])
    if not isinstance(row, nn.Sequential):
        return []
    names = list(row._modules)
    following = names[names.index(head.rpartition(".")[2]) + 1 :]
    after = [row.get_submodule(name) for name in following]
    for name in following:
        row.set_submodule(name, nn.Identity())
    return after


def _fill(layer: nn.Module, name: str, state: dict[str, torch.Tensor]) -> nn.Module:
    """Copy `layer`, with the width and the weights of the layer `name` in `state`."""
    filled = copy.deepcopy(layer)
    for key, value in state.items():
        setattr(filled, key.removeprefix(f"{name}."), nn.Parameter(value, requires_grad=False))
    width = len(state[f"{name}.weight"])
    setattr(filled, "out_features" if isinstance(filled, nn.Linear) else "out_channels", width)
    return filled
