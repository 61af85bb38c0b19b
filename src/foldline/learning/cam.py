"""Where in a picture a network looked when it answered."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

HeatMaps = npt.NDArray[np.float32]

# a feature map has about the aspect ratio of the picture, up to this factor
_SKEW = 2.5


def compute_heat_maps(
    model: nn.Module, images: torch.Tensor, classes: torch.Tensor
) -> HeatMaps | None:
    """Compute Grad-CAM: where `images` `[B, 3, H, W]` support `classes` `[B]`, one a picture.

    Returns `[B, h, w]` float32, the size of the network's last feature map, each scaled to 0 to 1
    (all 0 where nothing supports the class); None for a network without a feature map at its end,
    such as one that divides a picture into tokens. Source: Selvaraju et al. 2017, "Grad-CAM: Visual
    Explanations from Deep Networks via Gradient-based Localization", equations 1 and 2.
    """
    last = _LastMap(images)
    innermost = [m for m in model.modules() if not any(True for _ in m.children())]
    handles = [module.register_forward_hook(last.watch) for module in innermost]
    was_training = model.training
    model.eval()
    try:
        with torch.enable_grad():
            # every layer, learning or frozen, passes a gradient on to its input
            logits = model(images.detach().clone().requires_grad_())
        if last.features is None:
            return None
        chosen = logits.gather(1, classes[:, None]).sum()
        (gradient,) = torch.autograd.grad(chosen, last.features)
    finally:
        for handle in handles:
            handle.remove()
        model.train(was_training)
    return _weigh(last.features.detach(), gradient)


class _LastMap:
    """Watches the output of every layer and keeps the last feature map."""

    def __init__(self, images: torch.Tensor) -> None:
        self._height, self._width = images.shape[2:]
        self.features: torch.Tensor | None = None

    def watch(self, _module: nn.Module, _inputs: Any, output: Any) -> torch.Tensor | None:
        """Look at a layer's output; return a copy for the network, which may change it in place."""
        if not isinstance(output, torch.Tensor) or output.dim() not in (3, 4):
            return None
        if output.dim() == 4 and output.shape[2:].numel() == 1:
            return None  # pooled: says nothing about places, so the last map stands
        skew = output.shape[-2] * self._width / (output.shape[-1] * self._height)
        if output.dim() == 3 or not 1 / _SKEW <= skew <= _SKEW:
            self.features = None  # tokens, or channels last: the order of places is unknown
            return None
        self.features = output
        return output.clone()


def _weigh(features: torch.Tensor, gradient: torch.Tensor) -> HeatMaps:
    """Sum the channels weighted by their mean gradient, and keep what is positive."""
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    heat = torch.relu((weights * features).sum(dim=1))
    largest = heat.amax(dim=(1, 2), keepdim=True)
    scaled = heat / torch.where(largest > 0, largest, torch.ones_like(largest))
    maps: HeatMaps = scaled.float().cpu().numpy()
    return maps
