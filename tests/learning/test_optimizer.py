"""Optimizers by name."""

import torch
from torch import nn

from foldline.learning.optimizer import build_optimizer


def test_the_optimizer_gets_its_own_settings_and_only_what_learns() -> None:
    learns, frozen = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1), requires_grad=False)
    optimizer = build_optimizer([learns, frozen], "sgd", lr=0.1, momentum=0.8, nesterov=True)
    assert isinstance(optimizer, torch.optim.SGD)
    (group,) = optimizer.param_groups
    assert group["params"] == [learns]
    assert (group["lr"], group["momentum"], group["nesterov"]) == (0.1, 0.8, True)
    assert isinstance(build_optimizer([learns], "adam", lr=0.1), torch.optim.Adam)
    assert isinstance(build_optimizer([learns], "adamw", lr=0.1), torch.optim.AdamW)
