"""Models of timm: their names, weights from the cache without network, and a machine without it."""

import sys
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import timm
import torch

from foldline.errors import UserError
from foldline.learning.networks.freezing import freeze
from foldline.learning.networks.model import (
    build_model,
    find_head,
    find_normalization,
    find_other_heads,
    load_weights,
)
from foldline.learning.networks.timm_models import download_state

SMALL = "test_resnet"


def write_cached(cache: Path, repository: str, state: dict[str, torch.Tensor]) -> None:
    """A file of weights where Hugging Face's client keeps what it has downloaded."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    (folder / "snapshots/1").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text("1")
    safetensors.torch.save_file(state, folder / "snapshots/1/model.safetensors")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of Hugging Face, empty, on a machine without network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path


def test_a_model_of_timm_answers_for_as_many_classes() -> None:
    model = build_model(SMALL, 7, source="timm").eval()
    assert find_head(model, 7) == "fc"
    assert model(torch.zeros(2, 3, 64, 48)).shape == (2, 7)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet81", "no classification model 'resnet81'; did you mean resnet18"),
        ("resnet18.a1_in1", "did you mean resnet18.a1_in1k"),
        ("hf-hub:timm/resnet18", "no classification model"),
        ("crossvit_9_240", "several heads of equal rank"),
        (
            "efficientvim_m1",
            "one main head, such as deit_tiny_distilled_patch16_224, convnext_atto",
        ),
        ("qwen3_vit_88m_enc", "has no head"),
        ("!", "such as resnet18"),
    ],
)
def test_a_name_that_cannot_be_taken_is_refused(name: str, expected: str) -> None:
    with pytest.raises(UserError, match=r"model\.name") as caught:
        build_model(name, 3, source="timm")
    assert expected in str(caught.value)


def test_a_distilled_model_learns_and_answers_by_its_main_head() -> None:
    name = "deit_tiny_distilled_patch16_224"
    small: dict[str, Any] = {"img_size": 32, "depth": 2, "embed_dim": 24, "num_heads": 2}
    timms: Any = timm.create_model(name, num_classes=3, **small)
    model = build_model(name, 3, source="timm", arguments=small)
    others = find_other_heads(name, source="timm")
    load_weights(model, timms.state_dict(), head="head", origin="w.pt", other_heads=others)
    model.get_submodule("head").load_state_dict(timms.head.state_dict())
    images = torch.randn(2, 3, 32, 32)
    for mode in (True, False):
        expected = timms.head(timms.train(mode).forward_features(images)[:, 0])
        assert torch.equal(model.train(mode)(images), expected)
    assert find_head(model, 3) == "head"
    freeze(model, "head", head="head")
    learning = [key for key, value in model.named_parameters() if value.requires_grad]
    assert learning == ["head.weight", "head.bias"]


@pytest.mark.parametrize(
    ("name", "head", "others"),
    [
        ("levit_128s", "head.linear", ("head_dist",)),
        ("repvit_m0_9", "head.head.l", ("head.head_dist",)),
        ("volo_d1_224", "head", ("aux_head",)),
        ("resnet18", "fc", ()),
    ],
)
def test_a_second_head_is_left_out(name: str, head: str, others: tuple[str, ...]) -> None:
    with torch.device("meta"):
        model = build_model(name, 7, source="timm")
        assert model.train()(torch.zeros(2, 3, 224, 224)).shape == (2, 7)
    assert find_head(model, 7) == head
    assert find_other_heads(name, source="timm") == others
    assert not [key for key in model.state_dict() if others and key.startswith(others)]


def test_mean_and_std_are_those_the_weights_were_trained_with() -> None:
    half = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert find_normalization("vit_tiny_patch16_224", source="timm") == half
    assert find_normalization("resnet18.a1_in1k", source="timm")[0] == (0.485, 0.456, 0.406)
    clip = find_normalization("vit_base_patch16_clip_224.openai", source="timm")[0]
    assert clip == pytest.approx((0.4814, 0.4578, 0.4082), abs=1e-3)


def test_arguments_go_before_what_the_builder_fixes() -> None:
    model = build_model("efficientnet_b0", 3, source="timm", arguments={"stem_size": 16})
    assert model.get_parameter("conv_stem.weight").shape[0] == 16
    with pytest.raises(UserError, match=r"model\.arguments\.drop_rat: .*did you mean drop_rate"):
        build_model(SMALL, 3, source="timm", arguments={"drop_rat": 0.1})
    with pytest.raises(UserError, match=r"model\.arguments\.in_chans: .*three channels"):
        build_model(SMALL, 3, source="timm", arguments={"in_chans": 1})


def test_pretrained_weights_come_from_the_cache_without_network(cache: Path) -> None:
    whole = build_model(SMALL, 1000, source="timm").state_dict()
    write_cached(cache, "timm/test_resnet.r160_in1k", dict(whole))
    state = download_state(SMALL, {})
    model = build_model(SMALL, 3, source="timm")
    load_weights(model, state, head="fc", origin="imagenet")
    for key, value in model.state_dict().items():
        assert key.startswith("fc.") or torch.equal(value, whole[key]), key
    with pytest.raises(UserError, match=r"do not fit model\.arguments .*conv1"):
        download_state(SMALL, {"stem_width": 64})


def test_weights_that_cannot_be_downloaded_are_asked_for(cache: Path) -> None:
    with pytest.raises(UserError, match=r"weights of test_resnet cannot be downloaded") as caught:
        download_state(SMALL, {})
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="timm has no pretrained weights for botnet50ts_256"):
        download_state("botnet50ts_256", {})


def test_without_timm_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(
        UserError, match=r"model\.source: timm is not installed; .*pip install timm"
    ):
        build_model(SMALL, 3, source="timm")
    build_model("squeezenet1_1", 3)
