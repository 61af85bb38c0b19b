"""ImageNet weights from torchvision's cache, and which class a builder builds."""

import pickle
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from foldline.errors import UserError
from foldline.learning.networks.model import build_model
from foldline.learning.networks.torchvision_models import (
    download_state,
    find_class,
    find_normalization,
)

SMALL = "shufflenet_v2_x0_5"
EVERY = torchvision.models.list_models(module=torchvision.models)


@pytest.mark.parametrize("name", EVERY)
def test_every_builder_names_its_class_and_how_it_looks_at_pictures(name: str) -> None:
    assert issubclass(find_class(name), nn.Module)
    mean, std = find_normalization(name)
    imagenet = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    half = ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
    assert (mean, std) == (half if name == "efficientnet_v2_l" else imagenet)


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
        download_state(SMALL)
    (fault,) = caught.value.faults
    assert "\n" not in fault
    file = "shufflenetv2_x0.5-f707e7126e.pth"
    for part in ("no route to host", f"models/{file} at {cache / file}", "model.weights"):
        assert part in fault
    # what the message advises works
    state = build_model(SMALL, 1000).state_dict()
    torch.save(state, cache / file)
    torch.testing.assert_close(dict(download_state(SMALL)), dict(state))


def test_a_half_downloaded_file_of_weights_is_named(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "shufflenetv2_x0.5-f707e7126e.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(UserError, match=r"shufflenetv2_x0\.5-f707e7126e\.pth"):
        download_state(SMALL)


class Touches:
    """Unpickled by a reader that executes what it reads, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("write", [torch.save, lambda value, path: path.write_bytes(value)])
def test_a_pickle_in_the_place_of_the_weights_is_not_executed(
    write: Callable[[object, Path], None], cache: Path, tmp_path: Path
) -> None:
    cache.mkdir(parents=True)
    harm: object = Touches(tmp_path / "executed")
    write(
        harm if write is torch.save else pickle.dumps(harm, protocol=2),
        cache / "shufflenetv2_x0.5-f707e7126e.pth",
    )
    with pytest.raises(UserError, match=r"f707e7126e\.pth: not a file of weights"):
        download_state(SMALL)
    assert not (tmp_path / "executed").exists()


def test_an_empty_file_of_weights_is_named(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "shufflenetv2_x0.5-f707e7126e.pth").touch()
    with pytest.raises(UserError, match=r"f707e7126e\.pth: not a file of weights"):
        download_state(SMALL)
