"""The machine a stage runs on: device, precision, memory format, reading processes."""

import warnings
from dataclasses import dataclass

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch.utils.data import DataLoader, Sampler

from foldline import console
from foldline.config import Train
from foldline.cores import count_cores
from foldline.data.dataset import Batch, ImageDataset, Key, OrderedBatches, build_loader
from foldline.learning import device


@dataclass(frozen=True)
class Machine:
    """`workers` read pictures for each of the training processes."""

    accelerator: Accelerator
    precision: str
    channels_last: bool
    workers: int

    @property
    def is_main(self) -> bool:
        return bool(self.accelerator.is_main_process)

    def share(self, value: bool) -> bool:
        """What the main process has given here, in all of them."""
        shared = [value]
        broadcast_object_list(shared)
        return shared[0]

    def describe(self) -> str:
        """`cpu, fp32, 2 cores` or `cuda, bf16, 2 processes`."""
        accelerator = self.accelerator
        parts = [str(accelerator.device.type), self.precision]
        if accelerator.num_processes > 1:
            parts.append(f"{accelerator.num_processes} processes")
        elif accelerator.device.type == "cpu":
            parts.append(f"{count_cores()} cores")
        return ", ".join(parts)


def build_ordered_batches(
    dataset: ImageDataset, batch_size: int, machine: Machine
) -> "DataLoader[Batch]":
    """Every picture once, in table order, shared out over the processes."""
    order = OrderedBatches(
        len(dataset),
        batch_size,
        rank=machine.accelerator.process_index,
        world=machine.accelerator.num_processes,
    )
    return build_batches(dataset, order, machine)


def build_batches(
    dataset: ImageDataset, order: Sampler[list[Key]], machine: Machine
) -> "DataLoader[Batch]":
    """The pictures of `dataset` in `order`, read as suits the machine."""
    pin_memory = machine.accelerator.device.type == "cuda"
    return build_loader(dataset, order, workers=machine.workers, pin_memory=pin_memory)


def open_machine(settings: Train) -> Machine:
    """Find the device and prepare it; all but the main process fall silent."""
    # of torch, on reading processes and deterministic kernels: nothing the user could act on
    warnings.filterwarnings("ignore", module=r"torch\..*")
    accelerator = device.build_accelerator(settings.precision)
    kind = accelerator.device.type
    processes = device.count_local_processes(int(accelerator.num_processes))
    if not accelerator.is_main_process:
        console.silence()
    device.make_deterministic(processes=processes, device=kind)
    precision = {"no": "fp32"}.get(accelerator.mixed_precision, accelerator.mixed_precision)
    return Machine(
        accelerator=accelerator,
        precision=precision,
        channels_last=device.choose_channels_last(
            settings.channels_last, device=kind, precision=precision
        ),
        workers=device.choose_workers(settings.workers, device=kind, processes=processes),
    )
