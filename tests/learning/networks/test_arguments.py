"""Which arguments a constructor takes from a recipe, and in which types."""

from collections.abc import Callable, Sequence
from typing import Literal

import pytest
import torch
import torchvision
from torch import nn

from foldline.errors import UserError
from foldline.learning.networks.arguments import check_arguments, overriding
from foldline.learning.networks.torchvision_models import find_class


class Net(nn.Module):
    def __init__(  # type: ignore[no-untyped-def]  # noqa: PLR0917 - as constructors of libraries have them
        self,
        depth: int,
        sizes: tuple[int, int],
        rate: float = 0.0,
        widths: list[int] | None = None,
        steps: Sequence[float] = (),
        norm: Callable[[int], nn.Module] | None = None,
        layer: str | type[nn.Module] = "relu",
        pool: Literal["avg", "max"] = "avg",
        anything=None,
        pair=(1, 2),
        num_classes: int = 2,
        **kwargs: object,
    ) -> None:
        super().__init__()
        self.given = (depth, sizes, rate, num_classes)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("depth", 3, 3),
        ("sizes", [3, 4], (3, 4)),
        ("rate", 1, 1.0),
        ("widths", [1, 2, 3], [1, 2, 3]),
        ("widths", None, None),
        ("steps", [0.5, 1], [0.5, 1.0]),
        ("layer", "gelu", "gelu"),
        ("pool", "max", "max"),
        ("anything", {"a": [1]}, {"a": [1]}),
        ("pair", [3, 4], (3, 4)),
    ],
)
def test_values_come_in_the_types_of_the_constructor(
    key: str, value: object, expected: object
) -> None:
    (given,) = check_arguments(Net, {key: value}).values()
    assert given == expected
    assert type(given) is type(expected)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("depth", "3", "expected a whole number, found '3'"),
        ("depth", True, "expected a whole number, found True"),
        ("depth", 3.0, "expected a whole number"),
        ("depth", None, "expected a whole number, found None"),
        ("sizes", [3], "expected a list of 2 values"),
        ("sizes", [3, "4"], "expected a list of 2 values"),
        ("sizes", 3, "expected a list of 2 values, found 3"),
        ("rate", "much", "expected a number"),
        ("widths", "wide", "expected a list or null"),
        ("pool", "min", "expected avg or max"),
        ("norm", "LayerNorm", "no such argument that can be set here"),
        ("kwargs", {}, "no such argument"),
        ("dept", 3, "did you mean depth"),
        ("num_classes", 3, "the number of classes is that of the data; leave it out"),
        ("weights", "DEFAULT", "weights are chosen by model.weights"),
        ("pretrained", True, "weights are chosen by model.weights"),
    ],
)
def test_others_are_refused_by_their_key(key: str, value: object, expected: str) -> None:
    with pytest.raises(UserError) as caught:
        check_arguments(Net, {key: value})
    (fault,) = caught.value.faults
    assert fault.startswith(f"model.arguments.{key}: ")
    assert expected in fault


def test_every_fault_is_told_at_once_with_the_arguments_there_are() -> None:
    with pytest.raises(UserError) as caught:
        check_arguments(Net, {"depth": "x", "zzz": 1, "sizes": [1, 2]})
    assert len(caught.value.faults) == 2
    assert caught.value.faults[1].endswith(
        "it has anything, depth, layer, pair, pool, rate, sizes, steps, widths"
    )


def test_only_the_first_network_within_is_built_otherwise() -> None:
    with overriding(Net, {"depth": 7, "rate": 0.5}):
        given, next_one = (Net(1, (2, 2), num_classes=4) for _ in range(2))
    assert given.given == (7, (2, 2), 0.5, 4)
    assert next_one.given == Net(1, (2, 2), num_classes=4).given == (1, (2, 2), 0.0, 4)


@pytest.mark.parametrize("name", torchvision.models.list_models(module=torchvision.models))
def test_every_constructor_of_torchvision_can_be_asked(name: str) -> None:
    with pytest.raises(UserError, match=r"model\.arguments\.nonsense: \w+ has no such argument"):
        check_arguments(find_class(name), {"nonsense": 1})


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("alexnet", {"dropout": 0.1}),
        ("convnext_tiny", {"stochastic_depth_prob": 0.2}),
        ("mobilenet_v2", {"width_mult": 0.5, "inverted_residual_setting": [[1, 16, 1, 1]]}),
        ("resnet18", {"layers": [1, 1, 1, 1], "zero_init_residual": True}),
        ("shufflenet_v2_x0_5", {"stages_repeats": [1, 1, 1]}),
        ("swin_t", {"depths": [1, 1, 1, 1], "window_size": [4, 4]}),
        ("vit_b_16", {"image_size": 64, "num_layers": 1}),
    ],
)
def test_constructors_of_every_kind_take_theirs(name: str, arguments: dict[str, object]) -> None:
    from foldline.learning.networks.model import build_model

    with torch.device("meta"):
        given, plain = (build_model(name, 3, arguments=one) for one in (arguments, None))
    assert len(given.state_dict()) <= len(plain.state_dict())
    assert check_arguments(find_class(name), arguments) == arguments


class Passing(Net):
    """Knows one argument, and passes on what it does not know."""

    def __init__(self, *args: object, rate: int = 1, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


def test_what_a_class_passes_on_is_taken_too() -> None:
    given = {"depth": 5, "sizes": [3, 4], "rate": 2}
    checked = check_arguments(Passing, given)
    assert checked == {"depth": 5, "sizes": (3, 4), "rate": 2}
    with overriding(Passing, checked):
        assert Passing(depth=1, sizes=(1, 1)).given == (5, (3, 4), 0.0, 2)
    with pytest.raises(UserError, match=r"model\.arguments\.dept: .*did you mean depth"):
        check_arguments(Passing, {"dept": 5})
