"""Optimizers by name."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

# each takes the parameters and the settings of its section of the configuration
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}


def build_optimizer(
    parameters: Iterable[nn.Parameter], name: str, **settings: Any
) -> torch.optim.Optimizer:
    """Build one of `OPTIMIZERS` over the parameters that learn, with its own settings."""
    return OPTIMIZERS[name]([one for one in parameters if one.requires_grad], **settings)
