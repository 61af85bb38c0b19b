"""Batches: what is in them, in which order, and for which process."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from foldline.data.dataset import (
    Batch,
    ImageDataset,
    OrderedBatches,
    ShuffledBatches,
    build_loader,
)
from foldline.data.decode import BadImageError
from foldline.data.transforms import Transform
from foldline.errors import describe_reading_fault

NUMBER = 11
LABELS = [(3 * row + 1) % NUMBER for row in range(NUMBER)]


@pytest.fixture
def dataset(tmp_path: Path) -> ImageDataset:
    """Make pictures whose red is twenty times their label, each mirrored at random."""
    paths = [f"{row}.png" for row in range(NUMBER)]
    for path, label in zip(paths, LABELS, strict=True):
        image = Image.new("RGB", (8, 8), (20 * label, 0, 0))
        image.putpixel((0, 0), (20 * label, 255, 0))
        image.save(tmp_path / path)
    transform = Transform(
        image_size=(8, 8),
        crop=None,
        mean=(0, 0, 0),
        std=(1, 1, 1),
        augment=[{"name": "HorizontalFlip", "p": 0.5}],
    )
    return ImageDataset(tmp_path, paths, LABELS, transform)


def read(dataset: ImageDataset, order: Any, *, workers: int = 0, epochs: int = 1) -> list[Batch]:
    loader = build_loader(dataset, order, workers=workers, pin_memory=False)
    batches = []
    for epoch in range(epochs):
        order.epoch = epoch
        batches += list(loader)
    return batches


def list_rows(order: Any) -> list[int]:
    return [row for batch in order for row, _ in batch]


def get_seeds(order: Any) -> dict[int, int]:
    """Return the seed of each picture's augmentation."""
    return dict(key for batch in order for key in batch)


def shuffle(size: int, batch_size: int, *, epoch: int = 1, **settings: Any) -> ShuffledBatches:
    order = ShuffledBatches(size, batch_size, **({"seed": (0, 0)} | settings))
    order.epoch = epoch
    return order


@pytest.mark.parametrize("workers", [0, 2])
def test_label_and_picture_stay_together(dataset: ImageDataset, workers: int) -> None:
    batches = read(dataset, shuffle(NUMBER, 4), workers=workers)
    assert [len(batch.rows) for batch in batches] == [4, 4, 3]
    for batch in batches:
        assert (batch.images.shape[1:], batch.images.dtype) == ((3, 8, 8), torch.uint8)
        assert batch.labels.dtype == batch.rows.dtype == torch.int64
        red = (batch.images[:, 0, 4, 4] / 20).round().long()
        assert torch.equal(red, batch.labels)
        assert batch.labels.tolist() == [LABELS[row] for row in batch.rows]
    assert sorted(row for batch in batches for row in batch.rows.tolist()) == list(range(NUMBER))


def test_workers_read_the_same_batches_in_every_epoch(dataset: ImageDataset) -> None:
    alone = read(dataset, shuffle(NUMBER, 4), epochs=2)
    helped = read(dataset, shuffle(NUMBER, 4), workers=2, epochs=2)
    for one, other in zip(alone, helped, strict=True):
        assert torch.equal(one.rows, other.rows)
        assert torch.equal(one.images, other.images)
    corners = {
        int(row): bool(image[1, 0, 0] > 0)
        for batch in alone
        for row, image in zip(batch.rows, batch.images, strict=True)
    }
    assert set(corners.values()) == {True, False}, "some were mirrored"


@pytest.mark.parametrize("workers", [0, 1])
def test_reading_leaves_an_epoch_the_same_chance(dataset: ImageDataset, workers: int) -> None:
    """With and without workers, in a first or later epoch: dropout draws after it."""
    loader = build_loader(dataset, shuffle(NUMBER, 4), workers=workers, pin_memory=False)

    def draw(loader: Iterable[Any]) -> float:
        torch.manual_seed(7)
        list(loader)
        return float(torch.rand(1))

    torchs_own: Iterable[Any] = DataLoader([1, 2, 3])  # type: ignore[arg-type]
    assert draw(loader) == draw(loader) == draw(torchs_own)


def test_the_order_and_the_augmentation_follow_seed_and_epoch_alone() -> None:
    first = list(shuffle(50, 8, seed=(3, 1)))
    assert list(shuffle(50, 8, seed=(3, 1))) == first
    for other in ({"epoch": 2}, {"seed": (3, 2)}, {"seed": (4, 1)}):
        found = list(shuffle(50, 8, **({"seed": (3, 1)} | other)))
        assert list_rows(found) != list_rows(first)
        assert get_seeds(found) != get_seeds(first)
    assert len(set(get_seeds(first).values())) == 50, "each picture has a chance of its own"


@pytest.mark.parametrize(
    ("size", "batch_size", "sizes"),
    [
        (8, 4, [4, 4]),
        (10, 4, [4, 4, 2]),
        (9, 4, [4, 5]),  # batch norm cannot learn from one picture
        (5, 4, [5]),
        (1, 4, [1]),
        (3, 1, [1, 1, 1]),
        (3, 2, [3]),
    ],
)
def test_a_single_last_picture_joins_the_batch_before(
    size: int, batch_size: int, sizes: Sequence[int]
) -> None:
    order = shuffle(size, batch_size)
    assert [len(batch) for batch in order] == sizes
    assert len(order) == len(sizes)
    assert sorted(list_rows(order)) == list(range(size))


@pytest.mark.parametrize("world", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [1, 9, 10, 12])
def test_processes_share_an_epoch_in_equal_steps(size: int, world: int) -> None:
    orders = [shuffle(size, 2, rank=rank, world=world) for rank in range(world)]
    assert len({tuple(len(batch) for batch in order) for order in orders}) == 1
    drawn = Counter(row for order in orders for row in list_rows(order))
    assert set(drawn) == set(range(size))
    assert drawn.total() == -(-size // world) * world, "no more are repeated than must be"
    whole = get_seeds(shuffle(size, 2))
    assert all(get_seeds(order).items() <= whole.items() for order in orders)


@pytest.mark.parametrize("world", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [0, 1, 9, 10])
def test_processes_answer_every_picture_once(size: int, world: int) -> None:
    orders = [OrderedBatches(size, 4, rank=rank, world=world) for rank in range(world)]
    assert sorted(row for order in orders for row in list_rows(order)) == list(range(size))
    for order in orders:
        assert list_rows(order) == sorted(list_rows(order))
        assert len(order) == len(list(order))
        assert all(1 <= len(batch) <= 4 for batch in order)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_bad_picture_comes_as_its_error_and_the_others_stay(
    dataset: ImageDataset, workers: int
) -> None:
    bad = dataset.root / "5.png"
    bad.write_bytes(bad.read_bytes()[:50])
    (dataset.root / "6.png").unlink()
    batches = read(dataset, OrderedBatches(NUMBER, 4), workers=workers)
    assert [batch.rows.tolist() for batch in batches] == [[0, 1, 2, 3], [4, 7], [8, 9, 10]]
    assert batches[1].labels.tolist() == [LABELS[4], LABELS[7]]
    assert len(batches[1].images) == 2
    assert [[error.path.name for error in batch.bad] for batch in batches] == [
        [],
        ["5.png", "6.png"],
        [],
    ]
    assert all(isinstance(error, BadImageError) for error in batches[1].bad)


def test_a_batch_of_bad_pictures_is_empty(dataset: ImageDataset) -> None:
    for row in range(2):
        (dataset.root / f"{row}.png").write_bytes(b"")
    batch = read(dataset, OrderedBatches(2, 2))[0]
    assert (len(batch.images), len(batch.labels), len(batch.rows), len(batch.bad)) == (0, 0, 0, 2)


def break_pictures(dataset: ImageDataset, rows: Iterable[int]) -> None:
    for row in rows:
        (dataset.root / dataset.paths[row]).write_bytes(b"")


def require(dataset: ImageDataset, at_least: int) -> ImageDataset:
    return ImageDataset(
        dataset.root, dataset.paths, dataset.labels, dataset.transform, at_least=at_least
    )


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("at_least", "bad", "rows"),
    [
        (2, {1}, [[0, 2], [2, 3], [4, 5], [6, 7], [8, 9], [10, 0]]),
        (2, {0, 1, 2}, [[3, 4], [3, 4], [4, 5], [6, 7], [8, 9], [10, 3]]),
        (2, {9, 10}, [[0, 1], [2, 3], [4, 5], [6, 7], [8, 0], [0, 1]]),
        (1, {1, 4, 5}, [[0], [2, 3], [6], [6, 7], [8, 9], [10]]),
        (1, set(range(10)), [[10]] * 6),
        (2, set(range(10)), [[]] * 6),  # batch norm cannot learn from the only one left
        (1, set(range(11)), [[]] * 6),
    ],
)
def test_a_batch_is_made_up_where_too_few_of_it_can_be_read(
    dataset: ImageDataset, workers: int, at_least: int, bad: set[int], rows: list[list[int]]
) -> None:
    """All processes take the same number of steps, whichever pictures are broken."""
    break_pictures(dataset, bad)
    batches = read(require(dataset, at_least), OrderedBatches(NUMBER, 2), workers=workers)
    assert [batch.rows.tolist() for batch in batches] == rows
    for batch in batches:
        assert batch.labels.tolist() == [LABELS[row] for row in batch.rows]
    named = {int(error.path.stem) for batch in batches for error in batch.bad}
    assert named == bad


def test_a_made_up_batch_is_the_same_every_time(dataset: ImageDataset) -> None:
    break_pictures(dataset, range(6))
    own = require(dataset, 2)
    first, again = (read(own, shuffle(NUMBER, 2, epoch=3)) for _ in range(2))
    assert len(first) == len(shuffle(NUMBER, 2))
    assert min(len(batch.rows) for batch in first) == 2
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one.images, other.images)


def test_nothing_is_looked_for_on_a_disk_that_is_gone(
    dataset: ImageDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Path] = []

    def fail(path: Path, at_least: tuple[int, int]) -> Any:
        tried.append(path)
        raise BadImageError(path, "gone", unreachable=True)

    monkeypatch.setattr("foldline.data.dataset.load_image", fail)
    (batch, *_) = read(require(dataset, 2), OrderedBatches(4, 4))
    assert (len(batch.rows), len(batch.bad)) == (0, 4)
    assert len(tried) < NUMBER


class Killed(ImageDataset):
    def __getitems__(self, keys: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


class Asleep(ImageDataset):
    def __getitems__(self, keys: Any) -> Any:
        time.sleep(60)


@pytest.mark.parametrize(
    ("kind", "timeout", "said"), [(Killed, 60, "worker (pid"), (Asleep, 0.5, "timed out")]
)
def test_a_reading_process_that_dies_or_sleeps_ends_the_loading(
    dataset: ImageDataset, kind: type[ImageDataset], timeout: float, said: str
) -> None:
    broken = kind(dataset.root, dataset.paths, dataset.labels, dataset.transform)
    loader = build_loader(
        broken,
        OrderedBatches(4, 2),
        workers=1,
        pin_memory=False,
        timeout=0.5 if kind is Asleep else 60,
    )
    with pytest.raises(RuntimeError, match=re.escape(f"DataLoader {said}")) as caught:
        list(loader)
    assert describe_reading_fault(caught.value) is not None


def test_paths_and_labels_must_belong_together(dataset: ImageDataset) -> None:
    with pytest.raises(ValueError, match="2 paths but 1 labels"):
        ImageDataset(dataset.root, ["a", "b"], [1], dataset.transform)
    assert len(dataset) == NUMBER
