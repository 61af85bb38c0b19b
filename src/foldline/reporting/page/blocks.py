"""The data of the page: one small block on everything, and large ones, decoded when needed."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from foldline.metrics.compare import Comparison
from foldline.metrics.leaderboard_line import Line
from foldline.metrics.metric import METRICS
from foldline.reporting.learning_curves import compute_mean
from foldline.reporting.page.embed import embed_json, encode_array, encode_bytes
from foldline.reporting.page.shared_table import PageRun, SharedTable
from foldline.reporting.page.strips import Cell

# what curves have besides metrics; anything else goes by its key
_TITLES = {
    "train_loss": "training loss",
    "train_accuracy": "training accuracy",
    "lr": "learning rate",
    "images_per_second": "pictures a second",
}


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
class PageTable:
    """A table and what was computed for it; `note` says what pictures are left out, if any.

    `pairs` compare the first named run, as B, to the second.
    """

    name: str
    table: SharedTable
    thumbnails: Thumbnails | None = None
    note: str = ""
    pairs: Mapping[tuple[str, str], Comparison] = field(default_factory=dict)
    leaderboard_line: Line | None = None
    heat_maps: Mapping[str, Sequence[HeatMap]] = field(default_factory=dict)


def build_blocks(runs: Sequence[PageRun], tables: Sequence[PageTable]) -> list[str]:
    """Return the data as HTML, the same for the same runs whatever their order."""
    ordered = sorted(runs, key=lambda run: run.name)
    number_of = {run.name: number for number, run in enumerate(ordered)}
    table_of = {run.name: number for number, page in enumerate(tables) for run in page.table.runs}
    ranked = [*table_of, *(name for name in number_of if name not in table_of)]
    rank_of = {name: rank for rank, name in enumerate(ranked)}
    overview = {
        "metrics": [
            {
                "key": metric.key,
                "title": metric.title,
                "greaterIsBetter": metric.greater_is_better,
                "range": metric.range,
            }
            for metric in METRICS.values()
        ],
        "series": _list_series(ordered),
        "runs": [
            {"table": table_of.get(run.name), "rank": rank_of[run.name], **_describe_run(run)}
            for run in ordered
        ],
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
            blocks.append(embed_json(f"answers-{own}", _list_predictions(page.table, run)))
            maps = page.heat_maps.get(run.name)
            if maps:
                blocks.append(embed_json(f"maps-{own}", [_describe_map(one) for one in maps]))
    return blocks


def _list_series(runs: Sequence[PageRun]) -> list[dict[str, str]]:
    """Return key and title of all that was measured: the metrics first, then the training loss."""
    curves = [curve for run in runs for curve in run.curves.values()]
    measured = dict.fromkeys(key for curve in curves for key in curve.values)
    titles = {key: metric.title for key, metric in METRICS.items()} | _TITLES
    keys = [*(key for key in titles if key in measured), *sorted(measured.keys() - titles.keys())]
    return [{"key": key, "title": titles.get(key, key.replace("_", " "))} for key in keys]


def _describe_run(run: PageRun) -> dict[str, Any]:
    folds = run.fold_scores
    return {
        "name": run.name,
        "seal": run.seal,
        "settings": run.settings,
        "metric": run.metric,
        "scores": run.scores,
        "interval": run.interval,
        "folds": {
            "number": len(folds),
            "mean": statistics.mean(folds) if folds else None,
            "deviation": statistics.stdev(folds) if len(folds) > 1 else None,
        },
        "seconds": run.seconds,
        "curves": _describe_curves(run),
        "leaderboard": run.leaderboard,
        "submission": run.submission,
    }


def _describe_curves(run: PageRun) -> dict[str, Any]:
    """Return by key a line for each fold and that of the mean, each a list of `x` and of `y`."""
    curves = run.curves
    keys = dict.fromkeys(key for curve in curves.values() for key in curve.values)
    return {
        key: {
            "folds": {fold: _to_line(*curve.list_points(key)) for fold, curve in curves.items()},
            "mean": _to_line(*compute_mean(curves.values(), key)),
        }
        for key in keys
    }


def _to_line(epochs: Sequence[float], values: Sequence[float]) -> dict[str, list[float]]:
    return {"x": [round(x, 4) for x in epochs], "y": [float(f"{y:.6g}") for y in values]}


def _describe_table(page: PageTable, number_of: Mapping[str, int]) -> dict[str, Any]:
    rows = page.table.rows
    return {
        "name": page.name,
        "metric": page.table.metric.key,
        "classes": page.table.class_names,
        "pictures": len(rows),
        "groups": int(rows["group"].nunique()),
        "cell": page.thumbnails.cell if page.thumbnails else None,
        "note": page.note,
        "leaderboardLine": asdict(page.leaderboard_line) if page.leaderboard_line else None,
        "pairs": [
            {
                "first": number_of[first],
                "second": number_of[second],
                # there are many pairs, and they are shown to three digits
                "difference": round(pair.difference, 6),
                "low": round(pair.low, 6),
                "high": round(pair.high, 6),
                "verdict": pair.verdict,
            }
            for (first, second), pair in page.pairs.items()
        ],
    }


def _list_rows(table: SharedTable) -> dict[str, Any]:
    names, group = np.unique(table.rows["group"].to_numpy(dtype=str), return_inverse=True)
    return {
        "paths": table.rows["path"].tolist(),
        "groups": names.tolist(),
        "group": encode_array(group, max(len(names) - 1, 0)),
        "label": encode_array(table.labels, len(table.class_names)),
        "fold": encode_array(table.rows["fold"].to_numpy(np.int64), 255),
    }


def _list_strips(thumbnails: Thumbnails, num_rows: int) -> dict[str, Any]:
    """Return for each row the number of its strip, from 1 (0: none), and its place in the strip."""
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


def _list_predictions(table: SharedTable, run: PageRun) -> dict[str, Any]:
    """Return for each row the class, from 1 (0: not answered), and the confidence in 255ths."""
    assert run.predictions is not None, f"{run.name} has no predictions"
    predicted, confidence = np.zeros((2, len(table.rows)), np.int64)
    at = table.positions[run.name]
    predicted[at] = run.predictions.classes + 1
    confidence[at] = np.round(run.predictions.confidence * 255).clip(0, 255)
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
