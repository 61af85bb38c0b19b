"""How the device is used: precision, memory format, threads and workers."""

import os

import torch
from accelerate import Accelerator
from accelerate.utils import parse_flag_from_env

from foldline.cores import count_cores
from foldline.errors import UserError, describe_error


def build_accelerator(precision: str) -> Accelerator:
    """Find the device and the processes, and set the precision: `auto`, `fp32`, `bf16` or `fp16`.

    Raises `UserError` for a precision that the device does not have.
    """
    cuda = torch.cuda.is_available() and not parse_flag_from_env("ACCELERATE_USE_CPU")
    chosen = choose_precision(precision, cuda=cuda)
    if chosen == "fp16" and not cuda:
        raise UserError("train.precision: fp16 needs a GPU; expected auto, fp32 or bf16")
    try:
        return Accelerator(mixed_precision={"fp32": "no"}.get(chosen, chosen))
    except ValueError as error:
        raise UserError(f"train.precision: {chosen}: {describe_error(error)}") from None


def count_local_processes(processes: int) -> int:
    """Return how many of all `processes` share the cores, according to their launcher."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", processes))


def choose_precision(precision: str, *, cuda: bool) -> str:
    """Resolve `auto` by what the device computes natively, so that it is the same every time.

    A timing would not be, and a processor without bf16 instructions is slower with bf16.
    """
    if precision != "auto":
        return precision
    if not cuda:
        capabilities = torch.cpu.get_capabilities()
        return "bf16" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "fp32"
    major, _ = torch.cuda.get_device_capability()
    return "bf16" if major >= 8 else "fp16" if major >= 7 else "fp32"


def choose_channels_last(setting: str | bool, *, device: str, precision: str) -> bool:
    """Resolve `auto`: yes on a CPU, and on a GPU that computes in half precision."""
    if isinstance(setting, bool):
        return setting
    return device == "cpu" or (device == "cuda" and precision != "fp32")


def choose_workers(setting: str | int, *, device: str, processes: int) -> int:
    """Return the number of reading processes of one training process.

    Training on a CPU reads in the training process itself: a second busy process on the same cores
    slows every step far more than reading takes.
    """
    if not isinstance(setting, str):
        return setting
    if device == "cpu":
        return 0
    return max(0, min(8, count_cores() // processes - 1))


def make_deterministic(*, processes: int, device: str) -> None:
    """Ask for the same bytes every time, and share the cores among the processes.

    OMP_NUM_THREADS, where the user has set it, stands.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    # not needed for equal bytes: it would fill every new tensor before it is written
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if device == "cpu" and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, count_cores() // processes))
