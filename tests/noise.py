"""A network of a few hundred weights, and batches of noise that it can learn."""

from collections.abc import Iterable, Iterator

import torch
from torch import nn

from foldline.data.dataset import Batch


def build_net(*, norm: bool = False) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8) if norm else nn.Identity(),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 4 * 4, 3),
    )


def build_batch(images: torch.Tensor, labels: torch.Tensor, rows: torch.Tensor) -> Batch:
    # nothing to normalize: the noise is around 0 already
    return Batch(images, labels, rows, normalize=lambda images: images)


def build_empty_batch() -> Batch:
    nothing = torch.empty(0, dtype=torch.int64)
    return build_batch(torch.empty(0, 3, 0, 0), nothing, nothing)


def draw_batches(*sizes: int) -> list[Batch]:
    """Batches of noise whose label, 0 to 2, is the channel that is a little brighter."""
    random = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 3, (sum(sizes),), generator=random)
    images = torch.randn(sum(sizes), 3, 6, 6, generator=random)
    images[torch.arange(len(labels)), labels] += 0.5
    rows = torch.arange(sum(sizes))
    parts = (torch.split_with_sizes(tensor, list(sizes)) for tensor in (images, labels, rows))
    return [build_batch(*batch) for batch in zip(*parts, strict=True)]


def count(batches: Iterable[Batch], drawn: list[int]) -> Iterator[Batch]:
    """Pass the batches on, and a number each into `drawn`."""
    for batch in batches:
        drawn.append(len(drawn))
        yield batch
