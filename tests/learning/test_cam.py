"""A map of where a network looked: on the place that made the answer, or none at all."""

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import VisionTransformer

from foldline.learning.cam import compute_heat_maps
from foldline.learning.networks.model import build_model


class Brightness(nn.Module):
    """Answers class 1 for what is bright in channel 0, class 0 for what is bright in channel 1."""

    def __init__(self) -> None:
        super().__init__()
        self.shrink = nn.AvgPool2d(8)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(3, 2, bias=False)
        self.head.weight.data = torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        places = self.shrink(images)
        logits: torch.Tensor = self.head(self.pool(places.relu_()).flatten(1))
        return logits


def test_the_place_that_speaks_for_the_class_is_the_warmest() -> None:
    images = torch.zeros(2, 3, 32, 32)
    images[0, 0, :8, 24:] = 1  # top right, for class 1
    images[1, 1, 24:, :8] = 1  # bottom left, for class 0
    maps = compute_heat_maps(Brightness(), images, torch.tensor([1, 0]))
    assert maps is not None
    expected = np.zeros((2, 4, 4), np.float32)
    expected[0, 0, 3] = expected[1, 3, 0] = 1
    np.testing.assert_allclose(maps, expected)


def test_nothing_that_speaks_for_a_class_is_a_cold_map() -> None:
    images = torch.zeros(1, 3, 32, 32)
    images[0, 0, :8, 24:] = 1
    maps = compute_heat_maps(Brightness(), images, torch.tensor([0]))
    assert maps is not None
    assert maps.max() == 0


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "shufflenet_v2_x0_5", "swin_t"])
def test_networks_with_a_last_map_of_places(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(name, 5).train()
    images = torch.rand(2, 3, 64, 64)
    model.eval()
    with torch.no_grad():
        before = model(images)
    model.train()
    maps = compute_heat_maps(model, images, torch.tensor([1, 3]))
    assert maps is not None
    assert maps.shape == (2, 2, 2)
    assert maps.min() >= 0
    assert maps.max() == pytest.approx(1)
    # the network is left as it was
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    with torch.no_grad():
        assert torch.equal(model.eval()(images), before)


def test_each_picture_has_a_map_of_its_own() -> None:
    torch.manual_seed(0)
    model = build_model("shufflenet_v2_x0_5", 5).eval()
    images = torch.rand(3, 3, 96, 96)
    classes = torch.tensor([0, 1, 2])
    together = compute_heat_maps(model, images, classes)
    alone = compute_heat_maps(model, images[1:2], classes[1:2])
    assert together is not None
    assert alone is not None
    np.testing.assert_allclose(together[1], alone[0], atol=1e-4)


def test_a_network_of_tokens_has_no_map() -> None:
    model = VisionTransformer(
        image_size=32,
        patch_size=8,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        mlp_dim=8,
        num_classes=5,
    )
    assert compute_heat_maps(model, torch.rand(1, 3, 32, 32), torch.tensor([1])) is None
