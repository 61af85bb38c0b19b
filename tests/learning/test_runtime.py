"""Reading processes fit into the shared memory there is."""

from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from foldline.config.learning import Train
from foldline.data.dataset import ImageDataset, OrderedBatches
from foldline.data.transforms import Transform
from foldline.errors import UserError
from foldline.learning import runtime as runtime_module
from foldline.learning.runtime import Runtime, build_batches, open_runtime

Usage = namedtuple("Usage", "free")

# of a batch of 9 + 1 pictures of 3 x 32 x 24 bytes
BATCH = 10 * 3 * 32 * 24


@pytest.fixture
def runtime() -> Runtime:
    runtime_module._warned.clear()
    # accelerate's own would stay for the whole process
    accelerator: Any = SimpleNamespace(device=torch.device("cpu"), num_processes=1, process_index=0)
    return Runtime(accelerator, precision="fp32", channels_last=False, workers=0)


def count_workers(runtime: Runtime, monkeypatch: pytest.MonkeyPatch, free: int | None) -> int:
    def ask(path: str) -> Any:
        assert path == "/dev/shm"
        if free is None:
            raise FileNotFoundError
        return Usage(free)

    monkeypatch.setattr("shutil.disk_usage", ask)
    transform = Transform(image_size=(32, 24), crop=None, mean=(0,) * 3, std=(1,) * 3)
    dataset = ImageDataset(Path(), ["a"] * 20, [0] * 20, transform)
    return build_batches(dataset, OrderedBatches(20, 9), runtime).num_workers


@pytest.mark.parametrize(
    ("batches", "expected"),
    [(1000, 8), (17, 8), (16, 7), (7, 3), (3, 1), (2, 0), (0, 0), (None, 8)],
)
def test_of_its_own_accord_it_takes_as_many_as_fit_and_says_so_once(
    batches: int | None,
    expected: int,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two batches ready for each process and one in use, in half of what is free."""
    runtime = replace(runtime, workers=8, auto_workers=True)
    free = None if batches is None else 2 * BATCH * batches
    for more in (0, BATCH):
        there = None if free is None else free + more
        assert count_workers(runtime, monkeypatch, there) == expected
    said = capsys.readouterr().err
    assert said.count("\n") == (expected < 8)
    assert ("docker run --shm-size=1g" in said) == (expected < 8)


def test_a_number_that_was_set_is_refused_with_the_arithmetic(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = replace(runtime, workers=3, auto_workers=False)
    assert count_workers(runtime, monkeypatch, 2 * BATCH * 7) == 3
    with pytest.raises(UserError, match=r"train.workers: 3 .* 2 × 3 \+ 1 batches of .* 2 or less"):
        count_workers(runtime, monkeypatch, 2 * BATCH * 7 - 2)
    assert count_workers(replace(runtime, workers=0), monkeypatch, 0) == 0


def test_local_processes_share_the_memory(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = replace(runtime, workers=8)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert count_workers(runtime, monkeypatch, 4 * 2 * BATCH * 7) == 3


@pytest.mark.parametrize(("setting", "is_auto"), [("auto", True), (0, False), (2, False)])
def test_it_knows_who_chose_the_number(setting: Any, is_auto: bool) -> None:
    assert open_runtime(**Train(workers=setting).runtime).auto_workers is is_auto
