"""The runs of `make report`, read as they lie there: what is broken is named and left out."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from foldline import console
from foldline.command_line import repeat
from foldline.config.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.errors import UserError
from foldline.metrics.metric import METRICS
from foldline.reporting.learning_curves import Curve, build_curve
from foldline.reporting.page.shared_table import PageRun, Predictions
from foldline.runs.files import (
    load_environment,
    load_scores,
    load_submission_record,
)
from foldline.runs.leaderboard import list_standings, load_events
from foldline.runs.metrics_log import load_metrics
from foldline.runs.out_of_fold import load_out_of_fold
from foldline.runs.paths import RunFolder
from foldline.text import count_of

_ROW_COLUMNS = ["path", "group", "fold", "label"]

Read = TypeVar("Read")


def load_runs(runs_dir: Path) -> list[PageRun]:
    """Every run under `runs_dir`, finished or not, by name.

    Raises `UserError` where there is none. A file that cannot be read is left out with a warning.
    """
    folders = sorted(path.parent for path in runs_dir.glob("*/config.yaml"))
    if not folders:
        raise UserError(
            f"{runs_dir}: no run to report on; make one with: {repeat('prepare', 'train')}"
        )
    leaderboard = _load_leaderboard()
    runs = []
    with console.progress("runs", len(folders)) as bar:
        for folder in folders:
            runs.append(_load_run(RunFolder(folder), leaderboard.get(folder.name, {})))
            bar.advance()
    return runs


def _load_run(run: RunFolder, leaderboard: Mapping[str, float]) -> PageRun:
    folds = sorted(run.path.glob("fold_*"), key=lambda path: (len(path.name), path.name))
    curves = {path.name.removeprefix("fold_"): _load_curve(path) for path in folds}
    known = {fold: curve for fold, curve in curves.items() if curve is not None}
    seconds = [sum(curve.list_points("seconds")[1]) for curve in known.values()]
    environment = _read(lambda: load_environment(run.environment))
    settings, scores = _load_settings(run.config), _read(lambda: load_scores(run.scores))
    metric = scores.metric if scores else settings.get("metric", "")
    metric = metric if metric in METRICS else next(iter(METRICS))
    return PageRun(
        name=run.path.name,
        seal=environment.seal if environment else "",
        settings=settings,
        metric=metric,
        scores=scores.joined if scores else {},
        interval=scores.interval if scores else None,
        fold_scores=[one[scores.metric] for one in scores.folds.values()] if scores else (),
        curves=known,
        seconds=round(sum(seconds), 1),
        leaderboard=leaderboard,
        submission=_describe_submission(run, metric),
        predictions=_load_predictions(run.oof),
    )


def _read(load: Callable[[], Read | None]) -> Read | None:
    """What is read, None with a warning where it is damaged."""
    try:
        return load()
    except UserError as error:
        console.warn(f"{error.faults[0]}; left out of the page")
        return None


def _load_settings(path: Path) -> dict[str, str]:
    """The configuration by dotted key, values as JSON, whatever version of foldline wrote it."""
    try:
        values = load_plain_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, PlainYamlError) as error:
        console.warn(f"{path}: cannot be read and is left out: {error}")
        return {}
    return _flatten(values) if isinstance(values, dict) else {}


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            flat[f"{prefix}{key}"] = value
        else:
            flat[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False, default=str)
    return flat


def _load_curve(fold: Path) -> Curve | None:
    path = fold / "metrics.jsonl"
    rows = _read(lambda: load_metrics(path)) if path.exists() else None
    return build_curve(rows) if rows else None


def _describe_submission(run: RunFolder, metric: str) -> str | None:
    """`420 rows`, and the score where the truth was known; None where nothing was submitted."""
    if not run.submission.is_file():
        return None
    record = _read(lambda: load_submission_record(run.submission_record))
    rows, truth = (record.rows, record.truth) if record else (None, None)
    parts = ["yes" if rows is None else count_of(rows, "row")]
    if truth and metric in truth:
        parts.append(f"truth {truth[metric]:.3f}")
    return ", ".join(parts)


def _load_predictions(path: Path) -> Predictions | None:
    out_of_fold = _read(lambda: load_out_of_fold(path)) if path.exists() else None
    if out_of_fold is None:
        return None
    return Predictions(
        class_names=tuple(out_of_fold.class_names),
        rows=out_of_fold.table[_ROW_COLUMNS],
        probs=out_of_fold.probs,
    )


def _load_leaderboard() -> dict[str, dict[str, float]]:
    """By run what the leaderboard said of its last submission, as far as it is known."""
    try:
        standings = list_standings(load_events())
    except UserError as error:
        console.warn(f"{error}; its scores are left out")
        return {}
    figures = {
        name: {"public": one.public, "private": one.private, "out_of_fold": one.out_of_fold}
        for name, one in standings.items()
    }
    return {
        name: {key: value for key, value in known.items() if value is not None}
        for name, known in figures.items()
    }
