"""The runs of `make report`, read as they lie there: what is broken is named and left out."""

import json
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from foldline import console
from foldline.command_line import repeat
from foldline.config.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.errors import UserError
from foldline.reporting.page.tables import Answers, Run
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


def load_runs(runs_dir: Path) -> list[Run]:
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


def _load_run(run: RunFolder, leaderboard: Mapping[str, float]) -> Run:
    folds = sorted(run.path.glob("fold_*"), key=lambda path: (len(path.name), path.name))
    curves = {path.name.removeprefix("fold_"): _load_curves(path) for path in folds}
    seconds = [sum(filter(None, curve.get("seconds", []))) for curve in curves.values()]
    environment = _read(lambda: load_environment(run.environment))
    return Run(
        name=run.path.name,
        seal=environment.seal if environment else "",
        settings=_load_settings(run.config),
        scores={**_load_scores(run.scores), "seconds": round(sum(seconds), 1)},
        curves={fold: curve for fold, curve in curves.items() if curve},
        leaderboard=dict(leaderboard),
        submission=_describe_submission(run),
        answers=_load_answers(run.oof),
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


def _load_scores(path: Path) -> dict[str, Any]:
    """Scores of the whole run, the interval of macro-F1, mean and deviation over folds."""
    record = _read(lambda: load_scores(path))
    if record is None:
        return {}
    low, high = record.interval
    by_fold = [one[record.metric] for one in record.folds.values()]
    scores: dict[str, Any] = {
        **record.joined,
        "low": low,
        "high": high,
        "folds": len(by_fold),
        "fold_mean": statistics.mean(by_fold),
    }
    if len(by_fold) > 1:
        scores["fold_sd"] = statistics.stdev(by_fold)
    return scores


def _load_curves(fold: Path) -> dict[str, list[float | None]]:
    """One list per metric, an entry an epoch, to six digits."""
    path = fold / "metrics.jsonl"
    rows = _read(lambda: load_metrics(path)) if path.exists() else None
    keys = dict.fromkeys(
        key for row in rows or () for key, value in row.items() if not isinstance(value, bool)
    )
    return {
        key: [float(f"{row[key]:.6g}") if key in row else None for row in rows or ()]
        for key in keys
    }


def _describe_submission(run: RunFolder) -> str | None:
    """`420 rows`, and the score where the truth was known; None where nothing was submitted."""
    if not run.submission.is_file():
        return None
    record = _read(lambda: load_submission_record(run.submission_record))
    rows, truth = (record.rows, record.truth) if record else (None, None)
    parts = ["yes" if rows is None else count_of(rows, "row")]
    if truth:
        parts.append(f"truth {truth['macro_f1']:.3f}")
    return ", ".join(parts)


def _load_answers(path: Path) -> Answers | None:
    """Class and confidence of every answered picture; None with a warning for another file."""
    out_of_fold = _read(lambda: load_out_of_fold(path)) if path.exists() else None
    if out_of_fold is None:
        return None
    probs = out_of_fold.probs
    return Answers(
        class_names=tuple(out_of_fold.class_names),
        rows=out_of_fold.table[_ROW_COLUMNS],
        predicted=probs.argmax(axis=1),
        confidence=probs.max(axis=1),
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
