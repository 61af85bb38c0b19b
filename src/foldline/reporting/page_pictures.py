"""The small pictures of the page, as many as it may hold."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from foldline import console
from foldline.data.decode import BadImageError, Pixels, load_image
from foldline.reporting.page.blocks import Thumbnails
from foldline.reporting.page.shared_table import PageRun, SharedTable, count_mistakes
from foldline.reporting.page.strips import Cell, choose_cell, cut_strips, draw_strip

_CHUNK = 64  # strips drawn before the bytes are counted again
_TRIES = 20  # pictures asked for their shape before a table counts as unreadable


def find_root(runs: Sequence[PageRun], paths: Sequence[str]) -> Path | None:
    """Return the first folder named by a run that still has its pictures, if any."""
    roots = dict.fromkeys(run.settings.get("data.root", "") for run in runs)
    for root in map(Path, filter(None, roots)):
        if any((root / path).is_file() for path in paths[:_TRIES]):
            return root
    return None


def draw_thumbnails(table: SharedTable, root: Path, megabytes: float) -> Thumbnails | None:
    """Draw the people with the most mistakes, as many as `megabytes` of the page hold.

    Return None where none of the first pictures can be read.
    """
    paths = table.rows["path"].tolist()
    cell = _measure_cell(root, paths)
    if cell is None:
        return None
    strips = cut_strips(_order_groups(table))
    images: list[bytes] = []
    left = megabytes * 1e6 * 3 / 4  # three bytes are four letters in the page
    draw = partial(_draw_strip, root, paths, cell)
    with (
        console.progress("pictures", len(strips)) as bar,
        ThreadPoolExecutor(os.cpu_count()) as threads,
    ):
        for start in range(0, len(strips), _CHUNK):
            for image in threads.map(draw, strips[start : start + _CHUNK]):
                left -= len(image)
                if left < 0:
                    return Thumbnails(cell, strips, images)
                images.append(image)
                bar.advance()
    return Thumbnails(cell, strips, images)


def _order_groups(table: SharedTable) -> list[list[int]]:
    """Return the rows of each group, the group with the most mistakes by all runs first."""
    mistakes = count_mistakes(table)
    grouped = table.rows.groupby("group", sort=True).indices
    groups = [[int(row) for row in rows] for rows in grouped.values()]
    return sorted(groups, key=lambda rows: -int(mistakes[rows].sum()))


def _measure_cell(root: Path, paths: Sequence[str]) -> Cell | None:
    for path in paths[:_TRIES]:
        pixels = load_or_none(root / path, (1, 1))
        if pixels is not None:
            return choose_cell(*pixels.shape[:2])
    return None


def _draw_strip(root: Path, paths: Sequence[str], cell: Cell, rows: Sequence[int]) -> bytes:
    return draw_strip([load_or_none(root / paths[row], cell) for row in rows], cell)


def load_or_none(path: Path, at_least: Cell) -> Pixels | None:
    """Return `[H, W, 3]` uint8, as `load_image` does, or None for a picture that cannot be read."""
    try:
        return load_image(path, at_least)
    except BadImageError:
        return None
