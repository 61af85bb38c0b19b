"""Checkpoints that answer by themselves, and files that are none."""

import pickle
from argparse import Namespace
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from foldline.errors import UserError
from foldline.learning.checkpoint import (
    Checkpoint,
    describe_weight_file,
    is_checkpoint,
    load_checkpoint,
    load_state,
    load_weight_file,
    save_checkpoint,
    save_state,
)
from foldline.learning.networks.model import build_model, copy_state


def make_checkpoint(state: dict[str, torch.Tensor], **changes: Any) -> Checkpoint:
    values: dict[str, Any] = {
        "state": state,
        "model_source": "torchvision",
        "model_name": "shufflenet_v2_x0_5",
        "model_arguments": {},
        "class_names": ("cat", "dog", "쥐"),
        "image_size": (32, 24),
        "crop": None,
        "mean": (0.5, 0.5, 0.5),
        "std": (0.2, 0.2, 0.2),
        "seal": "5ea1",
        "scoring_seal": "5" * 64,
        "fold": 1,
        "num_folds": 5,
        "epoch": 3,
        "monitor": "macro_f1",
        "scores": {"macro_f1": 0.1 + 0.2, "accuracy": 1 / 3, "log_loss": 0.5},
    }
    return Checkpoint(**(values | changes))


def make_tensors(value: float = 1.0) -> dict[str, torch.Tensor]:
    return {"weight": torch.full((2, 3), value), "steps": torch.tensor(3)}


@pytest.mark.parametrize("name", ["shufflenet_v2_x0_5", "mnasnet0_5"])
def test_a_checkpoint_returns_the_same_logits_again(name: str, tmp_path: Path) -> None:
    model, images = build_model(name, 3), torch.randn(4, 3, 32, 24)
    model(images)  # moves the statistics of batch norm
    written = make_checkpoint(copy_state(model), model_name=name, crop=(0.5, 0.75))
    save_checkpoint(tmp_path / "best.pt", written)
    read = load_checkpoint(tmp_path / "best.pt")
    assert replace(read, state={}) == replace(written, state={})
    assert torch.equal(read.build_model()(images), model.eval()(images))


def test_it_holds_the_arguments_of_the_evaluation_transform() -> None:
    assert make_checkpoint({}, crop=(0.5, 1.0)).eval_transform == {
        "image_size": (32, 24),
        "crop": (0.5, 1.0),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.2, 0.2, 0.2),
    }


def test_equal_checkpoints_have_equal_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "a.pt", tmp_path / "deeper/another-name.pt", tmp_path / "c.pt"]
    save_checkpoint(paths[0], make_checkpoint(make_tensors()))
    pixels = [32, 24]
    same = {"monitor": "_".join(["macro", "f1"]), "image_size": tuple(pixels)}
    save_checkpoint(paths[1], make_checkpoint(make_tensors(), **same))
    save_checkpoint(paths[2], load_checkpoint(paths[0]))
    assert len({path.read_bytes() for path in paths}) == 1
    save_checkpoint(paths[2], make_checkpoint(make_tensors(2.0)))
    assert paths[2].read_bytes() != paths[0].read_bytes()


def test_equal_values_that_are_one_object_leave_no_trace(tmp_path: Path) -> None:
    half = (0.5, 0.5, 0.5)
    save_checkpoint(tmp_path / "a.pt", make_checkpoint({}, mean=half, std=half))
    save_checkpoint(tmp_path / "b.pt", make_checkpoint({}, mean=half, std=tuple([0.5] * 3)))
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_a_save_that_fails_leaves_the_old_file_and_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best.pt"
    save_checkpoint(path, make_checkpoint(make_tensors()))
    old = path.read_bytes()

    def fill_the_disk(_: object, file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, make_checkpoint(make_tensors(2.0)))
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def make_torch_bytes(values: object, tmp_path: Path, **settings: Any) -> bytes:
    torch.save(values, tmp_path / "made.pt", **settings)
    return (tmp_path / "made.pt").read_bytes()


def test_what_is_no_file_of_weights_is_the_users_to_mend(tmp_path: Path) -> None:
    whole = make_torch_bytes(make_tensors(), tmp_path)
    old = make_torch_bytes(make_tensors(), tmp_path, _use_new_zipfile_serialization=False)
    foreign = [
        b"",
        b"path,group\n",
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        pickle.dumps({"a": 1}),
        make_torch_bytes([1, 2], tmp_path),
        *(whole[:cut] for cut in range(1, len(whole), 97)),
        *(old[:cut] for cut in range(1, len(old) - 50, 31)),
    ]
    path = tmp_path / "last.pt"
    for content in foreign:
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"last\.pt: ") as caught:
            load_state(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="no such file"):
        load_state(tmp_path / "other.pt")


class Intruder:
    """Touches `path` when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_nothing_in_a_file_is_executed(zipped: bool, tmp_path: Path) -> None:
    trace, path = tmp_path / "trace", tmp_path / "best.pt"
    path.write_bytes(
        make_torch_bytes(
            {"state": Intruder(trace)}, tmp_path, _use_new_zipfile_serialization=zipped
        )
    )
    with pytest.raises(UserError, match="more than tensors and plain values") as caught:
        load_checkpoint(path)
    assert not trace.exists()
    assert "weights_only" not in str(caught.value), "torch's advice is to execute it"
    torch.load(path, weights_only=False)
    assert trace.exists(), "it would have been"


def test_another_dictionary_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    save_checkpoint(path, make_checkpoint({}))
    whole = load_state(path)
    without_seal = {key: value for key, value in whole.items() if key != "seal"}
    for values in (make_tensors(), without_seal, whole | {"x": 1}, whole | {"format": "other"}):
        save_state(path, values)
        with pytest.raises(UserError, match=r"best\.pt: not a checkpoint of this version"):
            load_checkpoint(path)


@pytest.mark.parametrize(
    "key",
    [None, "state_dict", "model_state_dict", "model", "state", "net", "model.state_dict"],
)
def test_weights_are_found_bare_or_under_the_usual_keys(key: str | None, tmp_path: Path) -> None:
    tensors: dict[str, Any] = make_tensors()
    values = tensors
    for one in reversed(key.split(".") if key else []):
        values = {one: values, "epoch": 3, "optimizer": {"state": {0: torch.ones(1)}}, "ema": None}
    torch.save(values, tmp_path / "w.pt")
    torch.testing.assert_close(dict(load_weight_file(tmp_path / "w.pt")), tensors)


@pytest.mark.parametrize("key", ["state_dict_ema", "model_ema", "ema"])
def test_averaged_weights_are_taken_where_there_are_some(key: str, tmp_path: Path) -> None:
    values = {"state_dict": make_tensors(1.0), key: make_tensors(2.0), "model": make_tensors(3.0)}
    torch.save(values, tmp_path / "w.pt")
    assert load_weight_file(tmp_path / "w.pt")["weight"][0, 0] == 2


def test_numbers_beside_an_average_are_no_weights(tmp_path: Path) -> None:
    ema = {"decay": torch.tensor(0.9), "num_updates": torch.tensor(3)}
    torch.save({"ema": ema, "state_dict": make_tensors()}, tmp_path / "w.pt")
    torch.testing.assert_close(dict(load_weight_file(tmp_path / "w.pt")), make_tensors())


def test_what_programs_keep_beside_their_weights_is_passed_over(tmp_path: Path) -> None:
    beside = {
        "best": np.float64(0.5),
        "epoch": np.int64(3),
        "name": np.str_("resnet"),
        "chance": np.random.default_rng(0).integers(9, size=3),
        "args": Namespace(lr=0.1, folder=tmp_path),
    }
    for zipped in (True, False):
        torch.save(
            {"model_state_dict": make_tensors(), **beside},
            tmp_path / "w.pt",
            _use_new_zipfile_serialization=zipped,
        )
        torch.testing.assert_close(dict(load_weight_file(tmp_path / "w.pt")), make_tensors())
    old = (tmp_path / "w.pt").read_bytes()
    (tmp_path / "w.pt").write_bytes(old.replace(b"numpy._core.mul", b"numpy.core.mul"))
    torch.testing.assert_close(dict(load_weight_file(tmp_path / "w.pt")), make_tensors())
    torch.save({**make_tensors(), "best": np.float32(1)}, tmp_path / "flat.pt")
    torch.testing.assert_close(dict(load_weight_file(tmp_path / "flat.pt")), make_tensors())


def test_of_what_else_a_file_holds_the_message_says_the_name(tmp_path: Path) -> None:
    torch.save({"state_dict": make_tensors(), "at": date(2020, 1, 1)}, tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"w\.pt: .* plain values \(datetime\.date\); save"):
        load_weight_file(tmp_path / "w.pt")


def test_where_in_a_file_the_weights_stand_is_told(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 3))
    state = model.state_dict()
    wrapped = {f"module._orig_mod.{key}": value for key, value in state.items()}

    def describe(values: Any) -> str:
        torch.save(values, tmp_path / "w.pt")
        return describe_weight_file(tmp_path / "w.pt", model, head="1")

    assert describe(state) == ""
    assert describe({"model": state}) == "its model"
    assert describe(wrapped) == "without the prefix module._orig_mod."
    assert describe({"net": {"state_dict_ema": wrapped | {"a\nb": torch.ones(1)}}}) == (
        "its net.state_dict_ema, without the prefix module._orig_mod. and 1 key beside it (a\\x0ab)"
    )


def test_weights_are_found_in_a_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "best.pt", make_checkpoint(make_tensors()))
    torch.testing.assert_close(dict(load_weight_file(tmp_path / "best.pt")), make_tensors())


@pytest.mark.parametrize("values", [{}, {"state_dict": {}}, {"epoch": 3}, {"state": {"a": 1}}])
def test_a_file_without_tensors_is_no_file_of_weights(values: Any, tmp_path: Path) -> None:
    save_state(tmp_path / "w.pt", values)
    with pytest.raises(UserError, match=r"model\.weights: .*w\.pt: expected a state dict"):
        load_weight_file(tmp_path / "w.pt")


def test_a_checkpoint_rebuilds_a_network_of_timm_and_of_other_arguments(tmp_path: Path) -> None:
    images = torch.randn(2, 3, 64, 64)
    for source, name, arguments in (
        ("timm", "test_resnet", {"drop_rate": 0.5}),
        ("torchvision", "densenet121", {"block_config": [1, 1, 1, 1], "growth_rate": 8}),
    ):
        model = build_model(name, 3, source=source, arguments=arguments)
        chosen = {"model_source": source, "model_name": name, "model_arguments": arguments}
        save_checkpoint(tmp_path / "best.pt", make_checkpoint(copy_state(model), **chosen))
        read = load_checkpoint(tmp_path / "best.pt")
        assert read.model_arguments == arguments
        assert torch.equal(read.build_model()(images), model.eval()(images))


def test_lists_in_arguments_that_are_one_object_leave_no_trace(tmp_path: Path) -> None:
    one = [3, 4]
    save_checkpoint(tmp_path / "a.pt", make_checkpoint({}, model_arguments={"a": one, "b": one}))
    equal = {"a": [3, 4], "b": [3, 4]}
    save_checkpoint(tmp_path / "b.pt", make_checkpoint({}, model_arguments=equal))
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_a_checkpoint_of_another_version_is_still_known_as_one(tmp_path: Path) -> None:
    """Its people must not be forgotten just because it cannot be read any more."""
    save_checkpoint(tmp_path / "best.pt", make_checkpoint(make_tensors()))
    old = {**load_state(tmp_path / "best.pt"), "format": "foldline-checkpoint-1"}
    save_state(tmp_path / "old.pt", old)
    assert is_checkpoint(tmp_path / "old.pt")
    with pytest.raises(UserError, match="not a checkpoint of this version"):
        load_checkpoint(tmp_path / "old.pt")
    save_state(tmp_path / "bare.pt", make_tensors())
    assert not is_checkpoint(tmp_path / "bare.pt")


def test_what_a_training_goes_on_from_is_no_file_of_weights(tmp_path: Path) -> None:
    """Its people would not be known, so that a fold could start from those it validates."""
    save_state(tmp_path / "last.pt", {"model": make_tensors(), "optimizer": {}, "epochs_done": 2})
    with pytest.raises(UserError, match=r"last\.pt: this is last\.pt, .*; name the best\.pt"):
        load_weight_file(tmp_path / "last.pt")
    # another program's, with all it goes on from
    save_state(tmp_path / "other.pt", {"model": make_tensors(), "optimizer": {}, "epoch": 2})
    torch.testing.assert_close(dict(load_weight_file(tmp_path / "other.pt")), make_tensors())


def test_weights_are_read_from_safetensors(tmp_path: Path) -> None:
    safetensors.torch.save_file(make_tensors(), tmp_path / "model.safetensors")
    torch.testing.assert_close(
        dict(load_weight_file(tmp_path / "model.safetensors")), make_tensors()
    )
    (tmp_path / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{broken}")
    with pytest.raises(UserError, match=r"model\.safetensors: not a readable file of weights"):
        load_weight_file(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"class_names": ()}, "class_names: "),
        ({"class_names": ("cat", "cat", "dog")}, "two of its classes have the same name"),
        ({"class_names": ("cat", 1, "dog")}, "class_names.1: expected a valid string"),
        ({"image_size": (32, 0)}, "image_size.1: expected greater than or equal to 1"),
        ({"image_size": (32.5, 24)}, "image_size.0: expected a valid integer"),
        ({"mean": (0.5, 0.5)}, "mean.2: missing"),
        ({"mean": (0.5, float("nan"), 0.5)}, "mean.1: expected a finite number"),
        ({"std": (0.2, 0.2, 0)}, "std.2: expected greater than 0"),
        ({"crop": (0.5, 2)}, "crop.1: "),
        ({"monitor": "luck"}, "monitor: "),
        ({"model_source": "elsewhere"}, "model_source: "),
        ({"epoch": "3"}, "epoch: expected a valid integer"),
        ({"scores": {"log_loss": float("inf")}}, "scores.log_loss: expected a finite number"),
        ({"seal": None}, "seal: expected a valid string"),
        ({"state": {}}, "state: "),
        ({"state": {"weight": [1.0]}}, "state.weight: expected an instance of Tensor"),
        ({"state": {"weight": torch.tensor([float("nan")])}}, "some weights are not finite"),
    ],
)
def test_a_damaged_field_is_named(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    save_checkpoint(path, make_checkpoint(**({"state": make_tensors()} | changes)))
    with pytest.raises(UserError, match=rf"best\.pt: damaged: {said}.*; train it again"):
        load_checkpoint(path)


def test_weights_of_another_network_are_named() -> None:
    with pytest.raises(UserError, match="fold 1 is damaged: its weights are not those of shuffle"):
        make_checkpoint(make_tensors()).build_model()


@pytest.mark.parametrize("weights", ["x" * 300, "a\0b", "none.pt"])
def test_a_backbone_that_cannot_be_a_file_is_named(weights: str) -> None:
    with pytest.raises(UserError, match="no such file; it is the backbone of"):
        make_checkpoint(make_tensors(), backbone_weights=weights).build_model()
