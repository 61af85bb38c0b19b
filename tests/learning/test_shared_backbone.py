"""Heads without their backbone: found again, refused, and several of them on one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from foldline.errors import UserError
from foldline.learning.checkpoint import (
    Checkpoint,
    find_backbone_weights,
    load_checkpoint,
    load_weight_file,
    save_checkpoint,
    save_state,
)
from foldline.learning.networks.model import build_model, copy_state, find_head, load_weights
from foldline.learning.shared_backbone import (
    SharedBackbone,
    build_networks,
    build_shared,
    group_sharing,
    keep_head,
)

NETWORKS = [
    ("torchvision", "shufflenet_v2_x0_5", {}),
    ("torchvision", "squeezenet1_1", {}),  # with a mean over the picture after its last layer
    ("torchvision", "densenet121", {"block_config": [1, 1, 1, 1], "growth_rate": 8}),
    ("torchvision", "swin_t", {"depths": [1, 1, 1, 1], "num_heads": [1, 2, 4, 8], "embed_dim": 24}),
    ("timm", "test_resnet", {}),
    ("timm", "test_convnext", {}),
    (
        "timm",  # with a second head, which says nothing
        "deit_tiny_distilled_patch16_224",
        {"img_size": [64, 48], "depth": 1, "embed_dim": 24, "num_heads": 2},
    ),
]


def make_checkpoint(
    backbone: Path,
    num_classes: int,
    *,
    source: str = "torchvision",
    name: str = "shufflenet_v2_x0_5",
    arguments: dict[str, Any] | None = None,
    **changes: Any,
) -> Checkpoint:
    """A network on the backbone in that file, which is made where it is not there yet."""
    arguments = arguments or {}

    def build(classes: int) -> nn.Module:
        return build_model(name, classes, source=source, arguments=arguments)

    if not backbone.exists():
        save_state(backbone, copy_state(build(10)))
    model = build(num_classes)
    head = find_head(model, num_classes)
    load_weights(model, load_weight_file(backbone), head=head, origin=str(backbone))
    values: dict[str, Any] = {
        "state": copy_state(model),
        "model_source": source,
        "model_name": name,
        "model_arguments": arguments,
        "class_names": tuple(f"class {number}" for number in range(num_classes)),
        "image_size": (64, 48),
        "crop": None,
        "mean": (0.5, 0.5, 0.5),
        "std": (0.2, 0.2, 0.2),
        "seal": "5ea1",
        "scoring_seal": "5" * 64,
        "fold": 0,
        "num_folds": 2,
        "epoch": 1,
        "monitor": "macro_f1",
        "scores": {},
    }
    return Checkpoint(**(values | changes))


def cut(checkpoint: Checkpoint, backbone: Path) -> Checkpoint:
    head = find_head(checkpoint.build_model(), len(checkpoint.class_names))
    return keep_head(checkpoint, head=head, weights=str(backbone))


@pytest.mark.parametrize(("source", "name", "arguments"), NETWORKS)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_three_tasks_on_one_backbone_answer_as_three_networks_do(
    source: str, name: str, arguments: dict[str, Any], layout: Any, tmp_path: Path
) -> None:
    backbone, images = tmp_path / "backbone.pt", torch.randn(3, 3, 64, 48)
    images = images.contiguous(memory_format=layout)
    chosen: dict[str, Any] = {"source": source, "name": name, "arguments": arguments}
    whole = [make_checkpoint(backbone, classes, **chosen) for classes in (2, 5, 18)]
    paths = [tmp_path / f"{number}.pt" for number in range(3)]
    for path, checkpoint in zip(paths, whole, strict=True):
        save_checkpoint(path, cut(checkpoint, backbone))
        assert path.stat().st_size < min(200_000, backbone.stat().st_size)
    shared = build_shared([load_checkpoint(path) for path in paths]).to(memory_format=layout)
    with torch.no_grad():
        answers = shared(images)
        for answer, path, checkpoint in zip(answers, paths, whole, strict=True):
            alone = checkpoint.build_model().to(memory_format=layout)(images)
            assert answer.shape == (3, len(checkpoint.class_names))
            assert torch.equal(answer, alone)
            again = load_checkpoint(path).build_model().to(memory_format=layout)(images)
            assert torch.equal(again, alone)


def test_the_backbone_is_computed_once_for_all_heads(tmp_path: Path) -> None:
    backbone = tmp_path / "backbone.pt"
    heads = [cut(make_checkpoint(backbone, 3, fold=fold), backbone) for fold in range(4)]
    (network,) = build_networks(heads)
    assert isinstance(network, SharedBackbone)
    calls = []
    network.model.get_submodule("conv1").register_forward_hook(lambda *_: calls.append(1))
    assert len(network(torch.zeros(2, 3, 64, 48))) == 4
    assert calls == [1]


def test_networks_that_share_nothing_answer_one_by_one(tmp_path: Path) -> None:
    one, other = tmp_path / "one.pt", tmp_path / "other.pt"
    first = cut(make_checkpoint(one, 3), one)
    alone = {
        "another backbone": cut(make_checkpoint(other, 3, fold=1), other),
        "whole": make_checkpoint(one, 3),
        "looks at other pictures": replace(first, image_size=(32, 24)),
    }
    for reason, checkpoint in alone.items():
        networks = build_networks([first, checkpoint])
        assert len(networks) == 2, reason
        assert not any(isinstance(network, SharedBackbone) for network in networks)
        with pytest.raises(UserError, match=r"not a head on the same backbone"):
            build_shared([first, checkpoint])
    assert len(build_networks([first])) == 1
    assert len(build_networks([make_checkpoint(one, 3)] * 2)) == 2


def test_neighbours_on_one_backbone_share_it_and_the_order_stays(tmp_path: Path) -> None:
    one, other = tmp_path / "one.pt", tmp_path / "other.pt"
    heads = [cut(make_checkpoint(one, 3, fold=fold), one) for fold in range(3)]
    stranger = cut(make_checkpoint(other, 3), other)
    mixed = [heads[0], heads[1], stranger, heads[2]]
    assert group_sharing(mixed) == [[0, 1, 3], [2]]
    images = torch.randn(2, 3, 64, 48)
    first, *others = build_networks(mixed)
    assert isinstance(first, SharedBackbone)
    with torch.no_grad():
        answers = [*first(images), *(network(images) for network in others)]
        expected = [checkpoint.build_model()(images) for checkpoint in mixed]
    assert len(answers) == 4
    assert all(map(torch.equal, answers, expected))


def test_another_backbone_in_the_place_of_the_old_one_is_refused(tmp_path: Path) -> None:
    backbone = tmp_path / "backbone.pt"
    head = cut(make_checkpoint(backbone, 3), backbone)
    state = load_weight_file(backbone)
    state["conv1.1.running_mean"] = state["conv1.1.running_mean"] + 1e-7
    save_state(backbone, state)
    with pytest.raises(UserError, match="not the backbone that the head of fold 0") as caught:
        head.build_model()
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="not the backbone"):
        build_networks([head, replace(head, fold=1)])
    backbone.unlink()
    with pytest.raises(UserError, match=r"backbone\.pt: no such file; it is the backbone of"):
        head.build_model()


def test_a_head_file_is_a_file_of_weights_and_names_the_first_backbone(tmp_path: Path) -> None:
    backbone, path = tmp_path / "backbone.pt", tmp_path / "best.pt"
    whole = make_checkpoint(backbone, 3)
    save_checkpoint(path, cut(whole, backbone))
    torch.testing.assert_close(load_weight_file(path), dict(whole.state), rtol=0, atol=0)
    assert find_backbone_weights(str(path)) == str(backbone)
    assert find_backbone_weights(str(backbone)) == str(backbone)
    assert find_backbone_weights("imagenet") == "imagenet"


def test_a_head_in_the_place_of_a_backbone_is_refused(tmp_path: Path) -> None:
    backbone = tmp_path / "backbone.pt"
    head = cut(make_checkpoint(backbone, 3), backbone)
    save_checkpoint(backbone, head)  # which now refers to itself
    with pytest.raises(UserError, match="holds a head alone"):
        load_checkpoint(backbone).build_model()


def test_the_backbone_may_be_that_of_imagenet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / "hub/checkpoints/shufflenetv2_x0.5-f707e7126e.pth"
    cached.parent.mkdir(parents=True)
    save_state(cached, copy_state(build_model("shufflenet_v2_x0_5", 1000)))
    whole = make_checkpoint(cached, 3)
    head = keep_head(whole, head="fc", weights="imagenet")
    images = torch.randn(2, 3, 64, 48)
    assert torch.equal(head.build_model()(images), whole.build_model()(images))


def test_equal_heads_have_equal_bytes(tmp_path: Path) -> None:
    backbone = tmp_path / "backbone.pt"
    head = cut(make_checkpoint(backbone, 3), backbone)
    save_checkpoint(tmp_path / "a.pt", head)
    save_checkpoint(tmp_path / "b.pt", load_checkpoint(tmp_path / "a.pt"))
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()
