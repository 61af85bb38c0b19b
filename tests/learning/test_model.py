"""Every torchvision family by name, weights from files old and new, and what may learn."""

import collections
import urllib.error
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.vision_transformer import MLPBlock

from foldline.errors import UserError
from foldline.learning.model import (
    build_model,
    copy_state,
    download_imagenet_state,
    find_head,
    freeze,
    load_weights,
    set_training_mode,
)

SMALL = "shufflenet_v2_x0_5"
FAMILIES = (
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "swin_t",
    "swin_v2_t",
    "vgg11_bn",
    "vit_b_16",
)
WITH_AUXILIARY_HEADS = ("googlenet", "inception_v3")


def list_modules(names: collections.abc.Iterable[str]) -> set[str]:
    return {torchvision.models.get_model_builder(name).__module__ for name in names}


def test_no_family_of_torchvision_is_left_out_below() -> None:
    every = list_modules(torchvision.models.list_models(module=torchvision.models))
    assert list_modules([*FAMILIES, *WITH_AUXILIARY_HEADS]) == every


@pytest.mark.parametrize("name", FAMILIES)
def test_the_head_of_every_family_has_one_output_a_class(name: str) -> None:
    # meta tensors have shapes and no numbers; regnet's start needs numbers
    with torch.device("cpu" if "regnet" in name else "meta"):
        model = build_model(name, 7).eval()
        logits = model(torch.zeros(2, 3, 224, 224))
    assert logits.shape == (2, 7)
    head = model.get_submodule(find_head(model, 7))
    assert isinstance(head, nn.Linear | nn.Conv2d)
    assert head.weight.shape[0] == 7


def test_an_unknown_name_is_refused_with_names_like_it() -> None:
    with pytest.raises(UserError, match=r"model\.name: .*'resnet81'; did you mean .*resnet18"):
        build_model("resnet81", 3)
    with pytest.raises(UserError, match="such as resnet18"):
        build_model("!", 3)


@pytest.mark.parametrize("name", WITH_AUXILIARY_HEADS)
def test_a_model_whose_second_head_would_not_be_trained_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="auxiliary heads"):
        build_model(name, 3)


def test_a_last_layer_of_another_width_is_no_head() -> None:
    with pytest.raises(UserError, match="the last layer 1 has 5 outputs, not 3"):
        find_head(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 5)), 3)


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("kind", [dict, collections.OrderedDict])
def test_weights_fill_everything_but_the_head(prefix: str, kind: type) -> None:
    given = kind((prefix + k, v) for k, v in build_model(SMALL, 1000).state_dict().items())
    before = list(given)
    model = build_model(SMALL, 3)
    start = model.state_dict()["fc.weight"].clone()
    load_weights(model, given, head="fc", origin="x.pt")
    for key, value in model.state_dict().items():
        assert key.startswith("fc.") or torch.equal(value, given[prefix + key]), key
    assert torch.equal(model.state_dict()["fc.weight"], start)
    assert list(given) == before


def test_weights_that_do_not_fit_are_refused_by_their_keys() -> None:
    model = build_model(SMALL, 3)
    state = dict(model.state_dict())

    def fault(**changes: torch.Tensor | None) -> str:
        given = {k: v for k, v in (state | changes).items() if v is not None}
        with pytest.raises(UserError) as caught:
            load_weights(model, given, head="fc", origin="x.pt")
        return str(caught.value)

    one = torch.zeros(1)
    missing = {"conv1.0.weight": None}
    assert fault(**missing).endswith(
        "x.pt: 1 keys do not fit model.name: conv1.0.weight is missing"
    )
    assert "conv9.weight is not in the model" in fault(**{"conv9.weight": one})
    wrong = {"conv1.0.weight": one, "conv1.1.bias": one}
    assert "conv1.0.weight is [1], the model has [24, 3, 3, 3]; conv1.1.bias" in fault(**wrong)
    assert fault(**{f"x{i}": one for i in range(8)}).count("is not in the model") == 5
    assert "8 keys" in fault(**{f"x{i}": one for i in range(8)})
    assert "and 3 more" in fault(**{f"x{i}": one for i in range(8)})


def test_torchvisions_files_of_densenet_are_understood() -> None:
    def rename(key: str) -> str:
        for part in ("norm", "conv"):
            key = key.replace(f".{part}1.", f".{part}.1.").replace(f".{part}2.", f".{part}.2.")
        return key if "denselayer" in key else key.replace(".norm.1.", ".norm1.")

    source, model = (build_model("densenet121", classes) for classes in (1000, 3))
    old = {
        rename(key): value
        for key, value in source.state_dict().items()
        if not key.endswith("num_batches_tracked")  # newer than these files
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    load_weights(model, old, head="classifier", origin="imagenet")
    for part in (source, model):
        part.classifier = nn.Identity()
    torch.testing.assert_close(dict(model.state_dict()), dict(source.state_dict()))


def test_torchvisions_older_files_of_transformers_are_understood() -> None:
    source, model = (nn.Sequential(MLPBlock(4, 8, 0.0), nn.Linear(4, 2)) for _ in range(2))
    old = {
        key.replace("0.0.", "0.linear_1.").replace("0.3.", "0.linear_2."): value
        for key, value in source.state_dict().items()
    }
    assert "0.linear_1.weight" in old
    load_weights(model, old, head="1", origin="imagenet")
    assert torch.equal(model.state_dict()["0.3.weight"], source.state_dict()["0.3.weight"])


@pytest.mark.parametrize("name", [SMALL, "mnasnet0_5"])
def test_a_copied_state_fits_a_new_model_and_forgets_the_memory_format(name: str) -> None:
    source = build_model(name, 3).to(memory_format=torch.channels_last)
    state = copy_state(source)
    assert all(value.is_contiguous() for value in state.values())
    model = build_model(name, 3)
    load_weights(model, state, head=find_head(model, 3), origin="best.pt")
    model.load_state_dict(state)
    torch.testing.assert_close(dict(model.state_dict()), dict(source.state_dict()))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch's folder of downloads, empty, on a machine without network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def fail(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no route\nto host")

    monkeypatch.setattr("torch.hub.urlopen", fail)
    return tmp_path / "hub/checkpoints"


def test_weights_that_cannot_be_downloaded_are_asked_for_by_name_and_place(
    cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError) as caught:
        download_imagenet_state(SMALL)
    (fault,) = caught.value.faults
    assert "\n" not in fault
    file = "shufflenetv2_x0.5-f707e7126e.pth"
    for part in ("no route to host", f"models/{file} at {cache / file}", "model.weights"):
        assert part in fault
    # what the message advises works
    state = build_model(SMALL, 1000).state_dict()
    torch.save(state, cache / file)
    torch.testing.assert_close(dict(download_imagenet_state(SMALL)), dict(state))


def test_a_half_downloaded_file_of_weights_is_named(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "shufflenetv2_x0.5-f707e7126e.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(UserError, match=r"shufflenetv2_x0\.5-f707e7126e\.pth"):
        download_imagenet_state(SMALL)


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
    with pytest.raises(UserError, match=r"model\.train: .*all, head, or one of conv1, .*stage4, "):
        freeze(build_model(SMALL, 3), train, head="fc")


def test_statistics_of_frozen_batch_norm_stay_in_training() -> None:
    model = build_model(SMALL, 3)
    freeze(model, "stage4", head="fc")
    before = {key: value.clone() for key, value in model.named_buffers()}
    set_training_mode(model.eval())
    with torch.no_grad():
        model(torch.randn(2, 3, 64, 64))
    moved = {key for key, value in model.named_buffers() if not torch.equal(value, before[key])}
    assert moved == {key for key in before if key.startswith(("stage4", "conv5"))}


def test_batch_norm_without_parameters_learns_its_statistics() -> None:
    norm = nn.BatchNorm2d(3, affine=False)
    set_training_mode(norm.eval())
    assert norm.training
