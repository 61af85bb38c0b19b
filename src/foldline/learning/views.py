"""The ways in which a network may look at a picture when it answers, by name."""

from collections.abc import Callable

import torch

# each takes images [B, 3, H, W] and returns as many of the same size
VIEWS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "none": lambda images: images,
    "flip": lambda images: images.flip(-1),
}
