"""What learns, and that nothing else moves."""

import collections
from collections.abc import Iterable
from itertools import pairwise

import pytest
import torch
import torchvision
from torch import nn
from torchvision.ops import StochasticDepth

from foldline.errors import UserError
from foldline.learning.networks.freezing import (
    PRESETS,
    find_depths,
    freeze,
    learns_batch_norm,
    set_training_mode,
)
from foldline.learning.networks.model import build_model, find_head

SMALL = "shufflenet_v2_x0_5"

# the first parameter that learns with last_blocks, and the first one with all_but_first
BLOCKS = {
    "alexnet": ("classifier.4", "features.6"),
    "convnext_tiny": ("features.7", "features.3"),
    "densenet121": ("features.denseblock4", "features.denseblock2"),
    "densenet201": ("features.denseblock4", "features.denseblock2"),
    "efficientnet_b0": ("features.7", "features.2"),
    "efficientnet_v2_s": ("features.6", "features.2"),
    "maxvit_t": ("blocks.3", "blocks.1"),
    "mnasnet0_5": ("layers.13", "layers.9"),
    "mobilenet_v2": ("features.14", "features.5"),
    "mobilenet_v3_small": ("features.10", "features.3"),
    "mobilenet_v3_large": ("features.13", "features.4"),
    "regnet_y_400mf": ("trunk_output.block4", "trunk_output.block2"),
    "resnet18": ("layer4", "layer2"),
    "resnet50": ("layer4", "layer2"),
    "resnext50_32x4d": ("layer4", "layer2"),
    "shufflenet_v2_x0_5": ("stage4", "stage3"),
    "squeezenet1_0": ("features.10", "features.5"),
    "squeezenet1_1": ("features.11", "features.6"),
    "swin_t": ("features.7", "features.3"),
    "swin_v2_t": ("features.7", "features.3"),
    "vgg11_bn": ("classifier.0", "features.11"),
    "vit_b_16": ("encoder.layers.encoder_layer_9", "encoder.layers.encoder_layer_3"),
    "wide_resnet50_2": ("layer4", "layer2"),
}
TIMM = {
    "convnext_atto": ("stages.3", "stages.1"),
    "densenet121": ("features.denseblock4", "features.denseblock2"),
    "efficientnet_b0": ("blocks.6", "blocks.1"),
    "mobilenetv3_small_050": ("blocks.4", "blocks.1"),
    "regnety_002": ("s4", "s2"),
    "resnet18": ("layer4", "layer2"),
    "resnet26d": ("layer4", "layer2"),
    "resnetv2_50": ("stages.3", "stages.1"),
    "swin_tiny_patch4_window7_224": ("layers.3", "layers.1"),
    "test_nfnet": ("stages.3", "stages.1"),
    "vit_tiny_patch16_224": ("blocks.9", "blocks.3"),
    "xcit_nano_12_p16_224": ("blocks.10", "blocks.3"),
}
EVERY = [
    *(("torchvision", name, *first) for name, first in BLOCKS.items()),
    *(("timm", name, *first) for name, first in TIMM.items()),
]


def build(source: str, name: str) -> nn.Module:
    # meta tensors have shapes and no numbers; some start with numbers
    with torch.device("cpu" if "regnet" in name else "meta"):
        return build_model(name, 3, source=source)


def list_learning(model: nn.Module) -> list[str]:
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


@pytest.mark.parametrize(("source", "name", "last", "second"), EVERY)
def test_more_learns_with_every_word(source: str, name: str, last: str, second: str) -> None:
    model = build(source, name)
    head = find_head(model, 3)
    names = [name for name, _ in model.named_parameters()]
    learning = {}
    for preset in PRESETS:
        freeze(model, preset, head=head)
        learning[preset] = list_learning(model)
    assert learning["head"] == [one for one in names if one.startswith(f"{head}.")]
    assert learning["last_blocks"][0].startswith(f"{last}.")
    assert learning["all_but_first"][0].startswith(f"{second}.")
    assert learning["all"] == names
    depths = find_depths(model, head=head)
    assert list(depths.values()) == sorted(depths.values())
    assert max(depths.values()) > 3, "three blocks and the head"
    for less, more in pairwise(PRESETS):
        assert set(learning[less]) < set(learning[more])
        assert learning[more][-len(learning[less]) :] == learning[less], "the later ones"


def test_no_family_of_torchvision_is_left_out_above() -> None:
    def list_modules(names: Iterable[str]) -> set[str]:
        return {torchvision.models.get_model_builder(name).__module__ for name in names}

    every = list_modules(torchvision.models.list_models(module=torchvision.models))
    assert every - list_modules(BLOCKS) == list_modules(["googlenet", "inception_v3"])


def test_a_network_of_a_single_layer_has_a_head_and_nothing_else() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    for preset in PRESETS:
        freeze(model, preset, head="1")
        assert list_learning(model) == ["1.weight", "1.bias"]


@pytest.mark.parametrize("name", [SMALL, "densenet121", "squeezenet1_1", "mobilenet_v3_small"])
@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_frozen_keeps_its_bytes_and_the_rest_moves(name: str, preset: str) -> None:
    small = {"block_config": [1, 1, 1, 1], "growth_rate": 8} if name == "densenet121" else None
    torch.manual_seed(0)
    model = build_model(name, 3, arguments=small)
    head = find_head(model, 3)
    freeze(model, preset, head=head)
    learning = set(list_learning(model))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
    set_training_mode(model)
    logits = model(torch.randn(4, 3, 64, 64))
    torch.autograd.backward(nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0])))
    optimizer.step()
    moved = {
        key
        for key, value in model.state_dict().items()
        if value.numpy().tobytes() != before[key].numpy().tobytes()
    }
    assert moved & {key for key, _ in model.named_parameters()} == learning
    # batch norm's statistics move where its parameters do
    owners = {key.rsplit(".", 1)[0] for key in learning}
    assert {key.rsplit(".", 1)[0] for key in moved} <= owners
    assert any("running_mean" in key for key in moved) == any(
        f"{owner}.running_mean" in before for owner in owners
    )


def test_the_head_learns_with_a_block_of_any_name() -> None:
    layers = {name: nn.Linear(2, 2) for name in ("first", "head", "last")}
    model = nn.Sequential(collections.OrderedDict(layers))
    freeze(model, "last", head="head")
    assert list_learning(model) == ["head.weight", "head.bias", "last.weight", "last.bias"]


@pytest.mark.parametrize(
    ("name", "train", "frozen_until"),
    [
        (SMALL, "all", 0),
        (SMALL, "head", "fc.weight"),
        (SMALL, "fc", "fc.weight"),
        (SMALL, "stage4", "stage4.0.branch1.0.weight"),
        (SMALL, "stage4.1", "stage4.1.branch2.0.weight"),
        ("squeezenet1_1", "head", "classifier.1.weight"),
        ("squeezenet1_1", "features.12", "features.12.squeeze.weight"),
    ],
)
def test_what_learns_begins_at_the_block_named(
    name: str, train: str, frozen_until: str | int
) -> None:
    model = build_model(name, 3)
    freeze(model, "head", head=find_head(model, 3))
    freeze(model, train, head=find_head(model, 3))
    names = [key for key, _ in model.named_parameters()]
    first = names.index(frozen_until) if isinstance(frozen_until, str) else 0
    learns = [parameter.requires_grad for parameter in model.parameters()]
    assert learns == [False] * first + [True] * (len(names) - first)


def test_a_block_is_not_mistaken_for_one_whose_name_begins_alike() -> None:
    layers = {name: nn.Linear(2, 2) for name in ("block10", "block1", "head")}
    model = nn.Sequential(collections.OrderedDict(layers))
    freeze(model, "block1", head="head")
    learns = [name for name, layer in layers.items() if layer.weight.requires_grad]
    assert learns == ["block1", "head"]


@pytest.mark.parametrize("train", ["stage9", "", "maxpool", "stage4.1.branch2"])
def test_an_unknown_block_is_refused_with_the_blocks_there_are(train: str) -> None:
    with pytest.raises(
        UserError,
        match=r"model\.train: .*all, all_but_first, last_blocks, head, or one of conv1, .*stage4, ",
    ):
        freeze(build_model(SMALL, 3), train, head="fc")


def test_a_word_like_one_of_the_four_is_asked_back() -> None:
    with pytest.raises(UserError, match="did you mean last_blocks"):
        freeze(build_model(SMALL, 3), "last_block", head="fc")


def test_statistics_of_frozen_batch_norm_stay_in_training() -> None:
    model = build_model(SMALL, 3)
    freeze(model, "stage4", head="fc")
    before = {key: value.clone() for key, value in model.named_buffers()}
    set_training_mode(model.eval())
    with torch.no_grad():
        model(torch.randn(2, 3, 64, 64))
    moved = {key for key, value in model.named_buffers() if not torch.equal(value, before[key])}
    assert moved == {key for key in before if key.startswith(("stage4", "conv5"))}


@pytest.mark.parametrize(
    ("name", "train", "active"),
    [
        ("vgg11_bn", "head", {"classifier.5"}),
        ("vgg11_bn", "classifier", {"classifier.2", "classifier.5"}),
        ("squeezenet1_1", "head", {"classifier.0"}),  # whose head is a layer of the middle
        ("mobilenet_v3_small", "head", {"classifier.2"}),
        ("efficientnet_b0", "head", {"classifier.0"}),
        # not of the block before, which ends with one
        ("efficientnet_b0", "last_blocks", {"features.7.0.stochastic_depth", "classifier.0"}),
        ("googlenet", "head", {"dropout"}),
    ],
)
def test_dropout_acts_where_the_next_layer_learns(name: str, train: str, active: set[str]) -> None:
    with torch.device("meta"):
        model = build_model(name, 3)
    freeze(model, train, head=find_head(model, 3))
    set_training_mode(model.eval())
    drops = {
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Dropout | StochasticDepth)
    }
    assert {name for name in drops if model.get_submodule(name).training} == active
    freeze(model, "all", head=find_head(model, 3))
    set_training_mode(model)
    assert all(model.get_submodule(name).training for name in drops)


def test_frozen_layers_leave_nothing_to_chance() -> None:
    """Nor does what a layer drops without a layer of its own for it, as in DenseNet."""
    small = {"block_config": [1, 1, 1, 1], "growth_rate": 8, "drop_rate": 0.5}
    model = build_model("densenet121", 3, arguments=small)
    images = torch.randn(2, 3, 32, 32)

    def answers_alike() -> bool:
        set_training_mode(model)
        return torch.equal(model(images), model(images))

    assert not answers_alike()
    freeze(model, "features.denseblock4", head="classifier")
    assert not answers_alike()
    freeze(model, "head", head="classifier")
    assert answers_alike()


def test_batch_norm_without_parameters_learns_its_statistics() -> None:
    norm = nn.BatchNorm2d(3, affine=False)
    set_training_mode(norm.eval())
    assert norm.training


@pytest.mark.parametrize("frozen", [True, False])
def test_batch_norm_without_parameters_is_frozen_with_the_layer_before(frozen: bool) -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, affine=False), nn.Conv2d(3, 3, 1))
    model[0].requires_grad_(not frozen)
    set_training_mode(model.eval())
    assert model[1].training is not frozen


def test_batch_norm_learns_unless_all_of_it_is_frozen() -> None:
    model = build_model(SMALL, 3)
    assert learns_batch_norm(model)
    freeze(model, "stage4", head="fc")
    assert learns_batch_norm(model)
    freeze(model, "head", head="fc")
    assert not learns_batch_norm(model)
    assert not learns_batch_norm(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)))
