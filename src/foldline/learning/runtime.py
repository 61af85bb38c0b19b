"""What a command runs on: device, precision, memory format, reading processes."""

import shutil
import warnings
from dataclasses import dataclass

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch.utils.data import DataLoader

from foldline import console
from foldline.cores import count_cores
from foldline.data.dataset import (
    PREFETCH,
    Batch,
    ImageDataset,
    OrderedBatches,
    ShuffledBatches,
    build_loader,
)
from foldline.errors import UserError
from foldline.learning import device

_SHARED_MEMORY = "/dev/shm"  # of Linux, where a container may have 64 MB of it

# numbers of reading processes that this command has warned of
_warned: set[int] = set()


@dataclass(frozen=True)
class Runtime:
    """Device, precision, memory format, and reading processes for each training process.

    `workers` is a maximum if `auto_workers`.
    """

    accelerator: Accelerator
    precision: str
    channels_last: bool
    workers: int
    auto_workers: bool = True

    @property
    def is_main(self) -> bool:
        return bool(self.accelerator.is_main_process)

    @property
    def rank(self) -> int:
        return int(self.accelerator.process_index)

    @property
    def world(self) -> int:
        return int(self.accelerator.num_processes)

    def share(self, value: bool) -> bool:
        """Return the main process's value in all processes."""
        shared = [value]
        broadcast_object_list(shared)
        return shared[0]

    def describe(self) -> str:
        """Return a text such as `cpu, fp32, 2 cores` or `cuda, bf16, 2 processes`."""
        accelerator = self.accelerator
        parts = [str(accelerator.device.type), self.precision]
        if self.world > 1:
            parts.append(f"{self.world} processes")
        elif accelerator.device.type == "cpu":
            parts.append(f"{count_cores()} cores")
        return ", ".join(parts)


def build_batches(
    dataset: ImageDataset, order: ShuffledBatches | OrderedBatches, runtime: Runtime
) -> "DataLoader[Batch]":
    """Return the pictures of `dataset` in `order`, read by as many processes as `runtime` has.

    Raises `UserError` for more reading processes than there is shared memory for.
    """
    pin_memory = runtime.accelerator.device.type == "cuda"
    height, width = dataset.transform.image_size
    # a last picture may join the batch before it
    batch_bytes = (order.batch_size + 1) * 3 * height * width
    workers = _fit_into_shared_memory(batch_bytes, runtime)
    return build_loader(dataset, order, workers=workers, pin_memory=pin_memory)


def _fit_into_shared_memory(batch_bytes: int, runtime: Runtime) -> int:
    """Return the number of reading processes that there is shared memory for.

    Each keeps `PREFETCH` batches ready, and one more is in use. Only half of the free memory
    counts, as training and validation read at the same time.
    """
    try:
        free = shutil.disk_usage(_SHARED_MEMORY).free
    except OSError:  # not limited
        return runtime.workers
    share = free // (2 * device.count_local_processes(runtime.world))
    fitting = max(0, (share // batch_bytes - 1) // PREFETCH)
    if fitting >= runtime.workers:
        return runtime.workers
    arithmetic = (
        f"{runtime.workers} reading processes need {PREFETCH} × {runtime.workers} + 1 batches of "
        f"{batch_bytes / 1e6:.1f} MB in shared memory, and {_SHARED_MEMORY} has "
        f"{share / 1e6:.1f} MB for them, half of what is free for each training process"
    )
    if not runtime.auto_workers:
        raise UserError(
            f"train.workers: {arithmetic}; expected {fitting} or less, or give it more, as with "
            "docker run --shm-size=1g"
        )
    if fitting not in _warned:  # what is free differs a little from fold to fold
        _warned.add(fitting)
        console.warn(f"{arithmetic}; {fitting} are taken; more with docker run --shm-size=1g")
    return fitting


def open_runtime(*, precision: str, workers: int | str, channels_last: bool | str) -> Runtime:
    """Find the device and prepare it, and silence all processes but the main one."""
    # torch's warnings of reading processes and deterministic kernels, which no user can act on
    warnings.filterwarnings("ignore", module=r"torch\..*")
    accelerator = device.build_accelerator(precision)
    kind = accelerator.device.type
    processes = device.count_local_processes(int(accelerator.num_processes))
    if not accelerator.is_main_process:
        console.silence()
    device.make_deterministic(processes=processes, device=kind)
    found = {"no": "fp32"}.get(accelerator.mixed_precision, accelerator.mixed_precision)
    return Runtime(
        accelerator=accelerator,
        precision=found,
        channels_last=device.choose_channels_last(channels_last, device=kind, precision=found),
        workers=device.choose_workers(workers, device=kind, processes=processes),
        auto_workers=workers == "auto",
    )
