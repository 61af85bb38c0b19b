"""What the page's scripts read: one small block of everything, and large ones read when needed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from foldline.reporting.page.embed import embed_json, encode_array, encode_bytes
from foldline.reporting.page.strips import Cell
from foldline.reporting.page.tables import Run, Table


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures: `strips` are rows side by side, `images` their files, as many as embedded."""

    cell: Cell
    strips: Sequence[Sequence[int]]
    images: Sequence[bytes]


@dataclass(frozen=True)
class HeatMap:
    """Where a network looked in the picture of `row`: `values` `[h, w]`, 0 to 1.

    `view` is the part of the small picture they lie over: left, top, width, height, as shares.
    """

    row: int
    values: npt.NDArray[np.float32]
    view: tuple[float, float, float, float]


@dataclass(frozen=True)
class Pair:
    """Macro-F1 of `first` minus that of `second`, with its 95 % interval and the verdict."""

    first: str
    second: str
    difference: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True)
class BoardLine:
    """public = intercept + slope · out of fold, give or take `noise`, of `num_runs` runs."""

    slope: float
    intercept: float
    noise: float
    num_runs: int


@dataclass(frozen=True)
class PageTable:
    """A table and what was computed for it; `note` says what pictures are left out, if any."""

    name: str
    table: Table
    thumbnails: Thumbnails | None = None
    note: str = ""
    pairs: Sequence[Pair] = ()
    board_line: BoardLine | None = None
    heat_maps: Mapping[str, Sequence[HeatMap]] = field(default_factory=dict)


def build_blocks(runs: Sequence[Run], tables: Sequence[PageTable]) -> list[str]:
    """The data of the page as HTML, the same for the same runs whatever their order."""
    ordered = sorted(runs, key=lambda run: run.name)
    number_of = {run.name: number for number, run in enumerate(ordered)}
    table_of = {run.name: number for number, page in enumerate(tables) for run in page.table.runs}
    overview = {
        "runs": [_describe_run(run, table_of.get(run.name)) for run in ordered],
        "tables": [_describe_table(page, number_of) for page in tables],
    }
    blocks = [embed_json("overview", overview)]
    for number, page in enumerate(tables):
        blocks.append(embed_json(f"rows-{number}", _list_rows(page.table)))
        if page.thumbnails:
            strips = _list_strips(page.thumbnails, len(page.table.rows))
            blocks.append(embed_json(f"strips-{number}", strips))
        for run in page.table.runs:
            own = number_of[run.name]
            blocks.append(embed_json(f"answers-{own}", _list_answers(page.table, run)))
            maps = page.heat_maps.get(run.name)
            if maps:
                blocks.append(embed_json(f"maps-{own}", [_describe_map(one) for one in maps]))
    return blocks


def _describe_run(run: Run, table: int | None) -> dict[str, Any]:
    return {
        "name": run.name,
        "table": table,
        "seal": run.seal,
        "settings": run.settings,
        "scores": run.scores,
        "curves": run.curves,
        "leaderboard": run.leaderboard,
        "submission": run.submission,
    }


def _describe_table(page: PageTable, number_of: Mapping[str, int]) -> dict[str, Any]:
    rows = page.table.rows
    return {
        "name": page.name,
        "classes": page.table.class_names,
        "pictures": len(rows),
        "groups": int(rows["group"].nunique()),
        "cell": page.thumbnails.cell if page.thumbnails else None,
        "note": page.note,
        "boardLine": asdict(page.board_line) if page.board_line else None,
        "pairs": [
            {
                "first": number_of[pair.first],
                "second": number_of[pair.second],
                # there are many pairs, and they are shown to three digits
                "difference": round(pair.difference, 6),
                "low": round(pair.low, 6),
                "high": round(pair.high, 6),
                "verdict": pair.verdict,
            }
            for pair in page.pairs
        ],
    }


def _list_rows(table: Table) -> dict[str, Any]:
    names, group = np.unique(table.rows["group"].to_numpy(dtype=str), return_inverse=True)
    return {
        "paths": table.rows["path"].tolist(),
        "groups": names.tolist(),
        "group": encode_array(group, max(len(names) - 1, 0)),
        "label": encode_array(table.rows["label"].to_numpy(np.int64), len(table.class_names)),
        "fold": encode_array(table.rows["fold"].to_numpy(np.int64), 255),
    }


def _list_strips(thumbnails: Thumbnails, num_rows: int) -> dict[str, Any]:
    """For each row the number of its strip, from 1 (0: none), and its place in the strip."""
    strip, slot = np.zeros(num_rows, np.int64), np.zeros(num_rows, np.int64)
    embedded = thumbnails.strips[: len(thumbnails.images)]
    for number, rows in enumerate(embedded, start=1):
        strip[rows] = number
        slot[rows] = np.arange(len(rows))
    return {
        "images": [encode_bytes(image) for image in thumbnails.images],
        "lengths": [len(rows) for rows in embedded],
        "strip": encode_array(strip, len(embedded)),
        "slot": encode_array(slot, 255),
    }


def _list_answers(table: Table, run: Run) -> dict[str, Any]:
    """For each row the predicted class, from 1 (0: not answered), and confidence in 255ths."""
    assert run.answers is not None, f"{run.name} has no answers"
    predicted, confidence = np.zeros((2, len(table.rows)), np.int64)
    at = table.positions[run.name]
    predicted[at] = run.answers.predicted + 1
    confidence[at] = np.round(run.answers.confidence * 255).clip(0, 255)
    return {
        "predicted": encode_array(predicted, len(table.class_names)),
        "confidence": encode_array(confidence, 255),
    }


def _describe_map(heat_map: HeatMap) -> dict[str, Any]:
    height, width = heat_map.values.shape
    heat = np.round(heat_map.values * 255).astype(np.int64).ravel()
    return {
        "row": heat_map.row,
        "height": height,
        "width": width,
        "view": [round(share, 4) for share in heat_map.view],
        "heat": encode_array(heat, 255),
    }
