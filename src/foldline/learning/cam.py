"""Where in a picture a network looked when it gave an answer."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

HeatMaps = npt.NDArray[np.float32]

# a map of places has about the shape of the picture: its sides' ratio at most so many times another
_SKEW = 2.5


def compute_heat_maps(
    model: nn.Module, images: torch.Tensor, classes: torch.Tensor
) -> HeatMaps | None:
    """Grad-CAM: what in `images` `[B, 3, H, W]` speaks for `classes` `[B]`, one a picture.

    Gives `[B, h, w]` float32, the size of the network's last map of places, each scaled to 0 to 1
    (all 0 where nothing speaks for the class). None for a network that has no such map at its end,
    as one that divides a picture into tokens. Source: Selvaraju et al. 2017, "Grad-CAM: Visual
    Explanations from Deep Networks via Gradient-based Localization", equations 1 and 2.
    """
    last = _LastMap(images)
    innermost = [m for m in model.modules() if not any(True for _ in m.children())]
    handles = [module.register_forward_hook(last.watch) for module in innermost]
    was_training = model.training
    model.eval()
    try:
        with torch.enable_grad():
            # learning or frozen, every layer passes a gradient on to what it got
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
    """Sees what every layer gives; keeps the last that still knows where in the picture it is."""

    def __init__(self, images: torch.Tensor) -> None:
        self._height, self._width = images.shape[2:]
        self.features: torch.Tensor | None = None

    def watch(self, _module: nn.Module, _inputs: Any, output: Any) -> torch.Tensor | None:
        """Forward hook of a layer; the network goes on with a copy that it may change in place."""
        if not isinstance(output, torch.Tensor) or output.dim() not in (3, 4):
            return None
        if output.dim() == 4 and output.shape[2:].numel() == 1:
            return None  # pooled: nothing is known about places any more, nor is it confused
        if output.dim() == 3 or not self._is_map(*output.shape[2:]):
            self.features = None  # tokens, or channels last: places come in an unknown order
            return None
        self.features = output
        return output.clone()

    def _is_map(self, height: int, width: int) -> bool:
        skew = (height * self._width) / (width * self._height)
        return 1 / _SKEW <= skew <= _SKEW


def _weigh(features: torch.Tensor, gradient: torch.Tensor) -> HeatMaps:
    """Equations 1 and 2: channels weighted by their mean gradient, what is positive of the sum."""
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    heat = torch.relu((weights * features).sum(dim=1))
    largest = heat.amax(dim=(1, 2), keepdim=True)
    scaled = heat / torch.where(largest > 0, largest, torch.ones_like(largest))
    maps: HeatMaps = scaled.float().cpu().numpy()
    return maps
