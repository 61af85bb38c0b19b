"""Where the networks of a run looked in its most confident mistakes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from foldline import console
from foldline.data.transforms import Transform
from foldline.errors import UserError
from foldline.learning.cam import compute_heat_maps
from foldline.learning.checkpoint import Checkpoint, load_checkpoint
from foldline.reporting.page.blocks import HeatMap
from foldline.reporting.page.shared_table import PageRun, SharedTable, find_mistakes
from foldline.reporting.page.strips import Cell, compute_view
from foldline.reporting.page_pictures import load_or_none
from foldline.runs.paths import RunFolder

_BATCH = 8  # pictures shown to a network at a time


def compute_run_maps(
    table: SharedTable, run: PageRun, *, folder: RunFolder, root: Path, cell: Cell, number: int
) -> list[HeatMap]:
    """Return where the networks of `run` looked in its `number` most confident mistakes.

    Each picture is shown to the network of its own fold, which never saw it. Folds without their
    network, or with one that has no map of places, are left out with a warning.
    """
    if folder.members.exists():
        return []  # an average has no networks of its own
    assert run.predictions is not None, f"{run.name} has no predictions"
    predicted = np.zeros(len(table.rows), np.int64)
    predicted[table.positions[run.name]] = run.predictions.classes
    rows = find_mistakes(table, run)[:number]
    folds = table.rows["fold"].to_numpy()[rows]
    maps: list[HeatMap] = []
    for fold in sorted(set(folds.tolist())):
        try:
            checkpoint = load_checkpoint(folder.fold(fold).best)
            found = _look(checkpoint, table, rows[folds == fold], predicted, root=root, cell=cell)
        except UserError as error:
            console.warn(f"{run.name}, fold {fold}: not shown where it looks: {error}")
            continue
        if found is None:
            console.warn(
                f"{run.name}, fold {fold}: not shown where it looks: {checkpoint.model_name} "
                "has no map of places at its end"
            )
            break
        maps += found
    return sorted(maps, key=lambda one: one.row)


def _look(
    checkpoint: Checkpoint,
    table: SharedTable,
    rows: Sequence[int],
    predicted: npt.NDArray[np.int64],
    *,
    root: Path,
    cell: Cell,
) -> list[HeatMap] | None:
    """Return the maps of one fold's network, None where it has none; skip unreadable pictures."""
    model = checkpoint.build_model()
    transform = Transform(**checkpoint.eval_transform)
    paths = table.rows["path"]
    maps: list[HeatMap] = []
    for start in range(0, len(rows), _BATCH):
        batch = list(rows[start : start + _BATCH])
        pixels = [load_or_none(root / paths.iloc[row], transform.decode_size) for row in batch]
        seen = [(row, one) for row, one in zip(batch, pixels, strict=True) if one is not None]
        if not seen:
            continue
        images = transform.normalize(torch.stack([transform(one) for _, one in seen]))
        classes = torch.tensor([int(predicted[row]) for row, _ in seen])
        heat = compute_heat_maps(model, images, classes)
        if heat is None:
            return None
        for (row, one), values in zip(seen, heat, strict=True):
            view = compute_view(one.shape[0], one.shape[1], cell, checkpoint.crop)
            maps.append(HeatMap(int(row), values, view))
    return maps
