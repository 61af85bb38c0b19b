"""How a device is used, as pure functions of what it is."""

import os
from collections.abc import Iterator

import pytest
import torch
from accelerate.state import AcceleratorState

from foldline.learning import device
from foldline.learning.device import (
    build_accelerator,
    choose_channels_last,
    choose_precision,
    choose_workers,
    make_deterministic,
)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_precision_that_is_asked_for_is_taken(precision: str) -> None:
    assert choose_precision(precision, cuda=False) == precision
    assert choose_precision(precision, cuda=True) == precision


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({}, "fp32"),
        ({"avx512_bf16": False, "amx_bf16": False}, "fp32"),
        ({"avx512_bf16": True, "amx_bf16": False}, "bf16"),
        ({"avx512_bf16": False, "amx_bf16": True}, "bf16"),
    ],
)
def test_a_processor_computes_in_bf16_only_where_it_can(
    capabilities: dict[str, bool], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: capabilities)
    assert choose_precision("auto", cuda=False) == expected


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((6, 1), "fp32"), ((7, 0), "fp16"), ((7, 5), "fp16"), ((8, 0), "bf16"), ((9, 0), "bf16")],
)
def test_a_gpu_computes_in_what_it_is_fast_at(
    capability: tuple[int, int], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda: capability)
    assert choose_precision("auto", cuda=True) == expected


@pytest.mark.parametrize(
    ("setting", "kind", "precision", "expected"),
    [
        ("auto", "cpu", "fp32", True),
        ("auto", "cuda", "bf16", True),
        ("auto", "cuda", "fp32", False),
        ("auto", "mps", "fp16", False),
        (False, "cpu", "fp32", False),
        (True, "mps", "fp32", True),
    ],
)
def test_memory_format(setting: str | bool, kind: str, precision: str, expected: bool) -> None:
    assert choose_channels_last(setting, device=kind, precision=precision) is expected


@pytest.mark.parametrize(
    ("kind", "cores", "processes", "expected"),
    [
        ("cpu", 16, 1, 0),
        ("cuda", 1, 1, 0),
        ("cuda", 4, 1, 3),
        ("cuda", 64, 1, 8),
        ("cuda", 16, 4, 3),
        ("cuda", 2, 4, 0),
    ],
)
def test_reading_processes(
    kind: str, cores: int, processes: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "count_cores", lambda: cores)
    assert choose_workers("auto", device=kind, processes=processes) == expected
    for number in (0, 5):
        assert choose_workers(number, device=kind, processes=processes) == number


@pytest.fixture
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undoes what is set for the whole process."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    monkeypatch.setattr("torch.utils.deterministic.fill_uninitialized_memory", True)
    monkeypatch.setattr("torch.backends.cudnn.benchmark", True)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(device, "count_cores", lambda: 4)
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)


@pytest.mark.usefixtures("_restored")
def test_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for processes, threads in ((1, 4), (3, 1), (8, 1)):
        make_deterministic(processes=processes, device="cpu")
        assert torch.get_num_threads() == threads
    make_deterministic(processes=1, device="cuda")
    assert torch.get_num_threads() == 1, "beside a GPU the readers need the cores"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    make_deterministic(processes=1, device="cpu")
    assert torch.get_num_threads() == 1, "the user said so"


@pytest.mark.usefixtures("_restored")
def test_kernels_are_deterministic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    make_deterministic(processes=1, device="cpu")
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize(("precision", "expected"), [("fp32", "no"), ("bf16", "bf16")])
def test_the_accelerator_has_the_precision_asked_for(precision: str, expected: str) -> None:
    assert build_accelerator(precision).mixed_precision == expected
