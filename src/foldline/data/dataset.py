"""Batches of pictures whose order and augmentation depend on the seed alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from foldline.data.decode import BadImageError, load_image
from foldline.data.transforms import Normalization, Transform

Key = tuple[int, int]  # row of the dataset, seed of its augmentation

PREFETCH = 2
# seconds; even over a slow network, no batch takes this long
READ_TIMEOUT = 300.0


@dataclass(frozen=True)
class DecodedPicture:
    """One decoded picture: `image` is `[3, h, w]` uint8."""

    row: int
    image: torch.Tensor
    label: int


@dataclass(frozen=True)
class Batch:
    """`images` `[B, 3, h, w]` uint8, `labels` and `rows` `[B]` int64; `bad` could not be read.

    `normalize` turns the images into the input of the network, once they are on its device.
    """

    images: torch.Tensor
    labels: torch.Tensor
    rows: torch.Tensor
    normalize: Callable[[torch.Tensor], torch.Tensor]
    bad: tuple[BadImageError, ...] = ()

    def pin_memory(self) -> "Batch":
        images, labels = self.images.pin_memory(), self.labels.pin_memory()
        return replace(self, images=images, labels=labels)

    def to_device(
        self, device: torch.device, *, channels_last: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the network's input, `[B, 3, h, w]` float32, and the labels, on `device`."""
        layout = torch.channels_last if channels_last else torch.contiguous_format
        images = self.images.to(device, non_blocking=True).contiguous(memory_format=layout)
        return self.normalize(images), self.labels.to(device, non_blocking=True)


class ImageDataset(Dataset[DecodedPicture | BadImageError]):
    """The pictures at `paths` under `root`, with their `labels`; a bad one comes as its error.

    A batch with fewer than `at_least` readable pictures is filled up with those that follow in the
    table, each with the augmentation of the batch's last. So every process takes all of its steps,
    and the same ones every time, whichever pictures are broken. If the whole table has fewer, the
    batch has none.
    """

    def __init__(
        self,
        root: Path,
        paths: Sequence[str],
        labels: Sequence[int],
        transform: Transform,
        *,
        at_least: int = 0,
    ) -> None:
        if len(paths) != len(labels):
            raise ValueError(f"{len(paths)} paths but {len(labels)} labels")
        self.root, self.paths, self.labels, self.transform = root, paths, labels, transform
        self.at_least = at_least

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, key: Key) -> DecodedPicture | BadImageError:
        row, seed = key
        try:
            pixels = load_image(self.root / self.paths[row], self.transform.decode_size)
        except BadImageError as error:
            return error
        return DecodedPicture(row, self.transform(pixels, seed), self.labels[row])

    def __getitems__(self, keys: Sequence[Key]) -> list[DecodedPicture | BadImageError]:
        """Return one batch; torch asks for it as a whole."""
        items = [self[key] for key in keys]
        others = self._list_others(keys)
        while True:
            bad = [item for item in items if isinstance(item, BadImageError)]
            missing = self.at_least - (len(items) - len(bad))
            if missing <= 0:
                return items
            more = [self[key] for key in islice(others, missing)]
            # if the disk is gone there is no point in searching on
            if not more or any(item.unreachable for item in bad):
                return [*bad]
            items += more

    def _list_others(self, keys: Sequence[Key]) -> Iterator[Key]:
        """Yield the rows that are not in `keys`, beginning after the last of them."""
        (last, seed), taken = keys[-1], {row for row, _ in keys}
        for offset in range(1, len(self)):
            row = (last + offset) % len(self)
            if row not in taken:
                yield row, seed


class ShuffledBatches(Sampler[list[Key]]):
    """Batches of one training epoch, in an order that depends on the seed and `epoch` alone.

    Each of several processes takes every n-th picture; the first pictures are repeated if the
    number does not divide, so that all take the same number of steps. A last batch of a single
    picture joins the one before it, as batch norm cannot learn from one.
    """

    def __init__(
        self, size: int, batch_size: int, *, seed: Sequence[int], rank: int = 0, world: int = 1
    ) -> None:
        self.size, self.batch_size, self.seed = size, batch_size, tuple(seed)
        self.rank, self.world = rank, world
        self.epoch = 0

    def __len__(self) -> int:
        own = -(-self.size // self.world)
        batches = -(-own // self.batch_size)
        return batches - 1 if batches > 1 and own % self.batch_size == 1 else batches

    def __iter__(self) -> Iterator[list[Key]]:
        random = np.random.default_rng([*self.seed, self.epoch])
        order = random.permutation(self.size)
        seeds = random.integers(0, 2**31, self.size)
        own = np.resize(order, -(-self.size // self.world) * self.world)[self.rank :: self.world]
        num_batches = len(self)
        for number in range(num_batches):
            stop = None if number == num_batches - 1 else (number + 1) * self.batch_size
            rows = own[number * self.batch_size : stop]
            yield [(int(row), int(seeds[row])) for row in rows]


class OrderedBatches(Sampler[list[Key]]):
    """Batches in table order; each of several processes takes every n-th picture, none twice."""

    def __init__(self, size: int, batch_size: int, *, rank: int = 0, world: int = 1) -> None:
        self.rows = range(rank, size, world)
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __iter__(self) -> Iterator[list[Key]]:
        for start in range(0, len(self.rows), self.batch_size):
            yield [(row, 0) for row in self.rows[start : start + self.batch_size]]


def collate(normalize: Normalization, items: Sequence[DecodedPicture | BadImageError]) -> Batch:
    """Join the readable pictures into a batch; the unreadable ones go into `Batch.bad`."""
    good = [item for item in items if isinstance(item, DecodedPicture)]
    bad = tuple(item for item in items if isinstance(item, BadImageError))
    images = [item.image for item in good]
    return Batch(
        images=torch.stack(images) if images else torch.empty(0, 3, 0, 0, dtype=torch.uint8),
        labels=torch.tensor([item.label for item in good], dtype=torch.int64),
        rows=torch.tensor([item.row for item in good], dtype=torch.int64),
        bad=bad,
        normalize=normalize,
    )


class _Loader(DataLoader[Batch]):
    """A loader that draws exactly once from torch's global random state in each pass.

    With reading processes, torch itself would draw only when it starts them, so that dropout in an
    epoch would be different after a fold is resumed.
    """

    def __iter__(self) -> Any:
        chance = torch.get_rng_state()
        batches = super().__iter__()
        torch.set_rng_state(chance)
        torch.empty((), dtype=torch.int64).random_()
        return batches


def build_loader(
    dataset: ImageDataset,
    batches: Sampler[list[Key]],
    *,
    workers: int,
    pin_memory: bool,
    timeout: float = READ_TIMEOUT,
) -> "DataLoader[Batch]":
    """Return a loader of `Batch`; with 0 `workers` the training process itself reads.

    Each worker keeps `PREFETCH` batches ready in shared memory. If none arrives for `timeout`
    seconds, or a worker is killed, torch raises `RuntimeError`.
    """
    return _Loader(
        dataset,  # type: ignore[arg-type]
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=partial(collate, dataset.transform.normalize),
        pin_memory=pin_memory,
        persistent_workers=workers > 0,
        prefetch_factor=PREFETCH if workers else None,
        timeout=timeout if workers else 0,
    )
