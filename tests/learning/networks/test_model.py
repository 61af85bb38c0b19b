"""Every torchvision family by name, and weights from files old and new."""

import collections

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.vision_transformer import MLPBlock

from foldline.errors import UserError
from foldline.learning.networks.model import (
    build_model,
    compute_backbone_hash,
    copy_state,
    find_head,
    find_normalization,
    find_other_heads,
    find_prefix,
    load_weights,
)

SMALL = "shufflenet_v2_x0_5"
FAMILIES = (
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "inception_v3",
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


def list_modules(names: collections.abc.Iterable[str]) -> set[str]:
    return {torchvision.models.get_model_builder(name).__module__ for name in names}


def test_no_family_of_torchvision_is_left_out_below() -> None:
    every = list_modules(torchvision.models.list_models(module=torchvision.models))
    assert list_modules(FAMILIES) == every


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


def test_a_last_layer_of_another_width_is_no_head() -> None:
    with pytest.raises(UserError, match="the last layer 1 has 5 outputs, not 3"):
        find_head(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 5)), 3)


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "module.",
        "_orig_mod.",
        "module._orig_mod.",
        "model.",
        "net.module.backbone.",
        "encoder.",
    ],
)
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


def test_what_lies_beside_a_wrapped_network_is_left_out() -> None:
    whole = build_model(SMALL, 1000).state_dict()
    own = build_model(SMALL, 3)
    wrapped = {f"backbone.{key}": value for key, value in whole.items() if "fc." not in key}
    given = {"head.weight": torch.zeros(3, 4), "backbone": torch.zeros(1), **wrapped}
    load_weights(own, given, head="fc", origin="x.pt")
    assert torch.equal(own.state_dict()["conv1.0.weight"], whole["conv1.0.weight"])
    assert find_prefix(given, own.state_dict(), head="fc") == "backbone."
    # of two copies the one less wrapped, of a whole and a part the whole
    both = {f"module.backbone.{key}": value for key, value in whole.items()}
    assert find_prefix({**both, **wrapped}, own.state_dict(), head="fc") == "backbone."
    del wrapped["backbone.conv1.0.weight"]
    assert find_prefix({**wrapped, **both}, own.state_dict(), head="fc") == "module.backbone."


def test_what_a_network_itself_calls_encoder_is_no_wrapper() -> None:
    own = nn.Sequential(collections.OrderedDict(encoder=nn.Linear(2, 2), head=nn.Linear(2, 3)))
    given = {f"model.{key}": value for key, value in own.state_dict().items()}
    assert find_prefix(given, own.state_dict(), head="head") == "model."
    assert find_prefix(own.state_dict(), own.state_dict(), head="head") == ""


@pytest.mark.parametrize("name", ["mnasnet0_5", "efficientnet_b0"])
def test_a_plain_dictionary_without_versions_fits_whatever_the_head_was(name: str) -> None:
    source, model = build_model(name, 4), build_model(name, 3)
    head = find_head(model, 3)
    given = {f"module.{key}": value for key, value in source.state_dict().items()}
    del given[f"module.{head}.weight"]
    given |= {"module.classifier.weight": torch.zeros(5, 5), "module.classifier.3.x": torch.ones(1)}
    load_weights(model, given, head=head, origin="x.pt")
    key = next(iter(model.state_dict()))
    assert torch.equal(model.state_dict()[key], source.state_dict()[key])


def test_a_network_with_auxiliary_heads_answers_as_torchvisions_does() -> None:
    whole = torchvision.models.googlenet(
        weights=None, num_classes=3, aux_logits=True, transform_input=True, init_weights=False
    ).eval()
    model = build_model("googlenet", 3, arguments={"init_weights": False}).eval()
    others = find_other_heads("googlenet", source="torchvision")
    load_weights(model, whole.state_dict(), head="fc", origin="imagenet", other_heads=others)
    model.get_submodule("fc").load_state_dict(whole.fc.state_dict())
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(model(images), whole(images))
    with pytest.raises(UserError, match=r"model\.arguments\.aux_logits: .*leave it out"):
        build_model("googlenet", 3, arguments={"aux_logits": True})
    with torch.device("meta"):
        inception = build_model("inception_v3", 3)
    assert find_other_heads("inception_v3", source="torchvision") == ("AuxLogits",)
    assert vars(inception)["transform_input"] is True


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
    numbers = {"conv1.1.bias": torch.zeros(24, dtype=torch.int8)}
    assert "conv1.1.bias is of torch.int8, the model has torch.float32" in fault(**numbers)
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


def test_arguments_go_before_the_builders_own_and_leave_the_others() -> None:
    with torch.device("meta"):
        given = build_model("densenet161", 3, arguments={"block_config": [1, 2, 1, 2]})
        plain = build_model("densenet161", 3)
    shapes = {key: value.shape for key, value in given.state_dict().items()}
    before = {key: value.shape for key, value in plain.state_dict().items()}
    # growth rate 48 and 96 first filters are densenet161's, not those of the class
    assert shapes["features.conv0.weight"] == (96, 3, 7, 7)
    assert shapes["features.denseblock1.denselayer1.conv2.weight"][0] == 48
    assert "features.denseblock1.denselayer2.conv2.weight" not in shapes
    assert before["features.denseblock1.denselayer6.conv2.weight"][0] == 48


def test_a_densenet_from_its_own_settings_is_the_builders() -> None:
    settings = {
        "growth_rate": 32,
        "block_config": [6, 12, 24, 16],
        "num_init_features": 64,
        "drop_rate": 0.1,
        "memory_efficient": True,
    }
    with torch.device("meta"):
        # another builder: all that makes it a densenet121 comes from the settings
        given = build_model("densenet169", 1000, arguments=settings)
        plain = build_model("densenet121", 1000)
    assert [(k, v.shape) for k, v in given.state_dict().items()] == [
        (k, v.shape) for k, v in plain.state_dict().items()
    ]
    layer = given.get_submodule("features.denseblock1.denselayer1")
    assert vars(layer) | {"drop_rate": 0.1, "memory_efficient": True} == vars(layer)


def test_weights_load_into_a_network_of_other_arguments_where_the_shape_stays() -> None:
    def build(**arguments: object) -> nn.Module:
        return build_model("densenet121", 3, arguments={"block_config": [1, 1, 1, 1]} | arguments)

    source, model = build(), build(drop_rate=0.5)
    load_weights(model, source.state_dict(), head="classifier", origin="w.pt")
    name = "features.conv0.weight"
    assert torch.equal(model.state_dict()[name], source.state_dict()[name])
    with pytest.raises(UserError, match=r"features\.conv0\.weight is \[64.*the model has \[32"):
        load_weights(
            build(num_init_features=32), source.state_dict(), head="classifier", origin="w.pt"
        )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"grow_rate": 3}, r"model\.arguments\.grow_rate: .*did you mean growth_rate\?"),
        ({"num_classes": 3}, r"model\.arguments\.num_classes: .*leave it out"),
        ({"weights": "DEFAULT"}, r"model\.arguments\.weights: .*model\.weights"),
        (
            {"growth_rate": 3.5},
            r"model\.arguments\.growth_rate: expected a whole number, found 3.5",
        ),
        ({"growth_rate": -4}, r"model\.arguments: densenet121 cannot be built with .*-4"),
    ],
)
def test_arguments_that_do_not_work_are_refused_by_name(
    arguments: dict[str, object], expected: str
) -> None:
    with pytest.raises(UserError, match=expected):
        build_model("densenet121", 3, arguments=arguments)


def test_the_next_network_is_built_as_if_nothing_had_been_said() -> None:
    before = build_model("densenet121", 3, arguments={"block_config": [1, 1, 1, 1]})
    with pytest.raises(UserError, match="cannot be built"):
        build_model("densenet121", 3, arguments={"growth_rate": -4})
    with torch.device("meta"):
        after = build_model("densenet121", 3)
    assert len(after.state_dict()) > len(before.state_dict())


def test_mean_and_std_are_those_of_the_model() -> None:
    mean, std = find_normalization("resnet18", source="torchvision")
    assert (mean, std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    mean, std = find_normalization("efficientnet_v2_l", source="torchvision")
    assert (mean, std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    with pytest.raises(UserError, match=r"model\.name"):
        find_normalization("resnet81", source="torchvision")


def test_the_hash_is_of_everything_but_the_head_and_of_every_bit_of_it() -> None:
    model = build_model(SMALL, 3)
    state = model.state_dict()

    def compute(**changes: torch.Tensor) -> str:
        return compute_backbone_hash({**state, **changes}, head="fc")

    same = compute()
    assert len(same) == 64
    assert compute(**{"fc.weight": torch.zeros(3, 1024)}) == same
    layout = {"conv1.0.weight": state["conv1.0.weight"].to(memory_format=torch.channels_last)}
    assert compute(**layout) == same
    weight = state["conv1.0.weight"].clone()
    weight[0, 0, 0, 0] = torch.nextafter(weight[0, 0, 0, 0], torch.tensor(9.0))
    others = [
        {"conv1.0.weight": weight},
        {"conv1.0.weight": state["conv1.0.weight"].reshape(24, 3, 9)},
        {"conv1.1.num_batches_tracked": torch.tensor(1)},
        {"conv1.1.running_mean": state["conv1.1.running_mean"] + 1},
    ]
    assert len({same, *(compute(**other) for other in others)}) == 5
