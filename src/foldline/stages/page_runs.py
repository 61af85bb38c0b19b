"""The runs of `make report`, read as they lie there: what is broken is named and left out."""

import csv
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foldline import console
from foldline.command_line import repeat
from foldline.errors import UserError
from foldline.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.reporting.page.tables import Answers, Run
from foldline.stages.board import list_standings, load_events
from foldline.stages.runs import RunFolder
from foldline.tracking.metrics_log import load_metrics

_ROW_COLUMNS = ("path", "group", "fold", "label")
_SCORES = ("macro_f1", "accuracy", "log_loss")
_PREFIX = "p_"


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
    return Run(
        name=run.path.name,
        seal=str(_load_json(run.environment).get("seal", "")),
        settings=_load_settings(run.config),
        scores={**_load_scores(run.path / "scores.json"), "seconds": round(sum(seconds), 1)},
        curves={fold: curve for fold, curve in curves.items() if curve},
        leaderboard=dict(leaderboard),
        submission=_describe_submission(run.path),
        answers=_load_answers(run.path / "oof.csv"),
    )


def _load_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        console.warn(f"{path}: cannot be read and is left out: {error}")
        return {}
    return values if isinstance(values, dict) else {}


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
    values = _load_json(path)
    whole, folds = values.get("out_of_fold"), values.get("folds")
    scores: dict[str, Any] = {}
    if isinstance(whole, dict):
        scores |= {key: whole[key] for key in _SCORES if _is_number(whole.get(key))}
        interval = whole.get("macro_f1_interval")
        if isinstance(interval, list) and len(interval) == 2 and all(map(_is_number, interval)):
            scores["low"], scores["high"] = interval
    if isinstance(folds, dict):
        by_fold = [one.get("macro_f1") for one in folds.values() if isinstance(one, dict)]
        known = [float(score) for score in by_fold if score is not None and _is_number(score)]
        scores["folds"] = len(known)
        if known:
            scores["fold_mean"] = statistics.mean(known)
        if len(known) > 1:
            scores["fold_sd"] = statistics.stdev(known)
    return scores


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _load_curves(fold: Path) -> dict[str, list[float | None]]:
    """One list per metric, an entry an epoch, to six digits."""
    path = fold / "metrics.jsonl"
    if not path.is_file():
        return {}
    try:
        history = load_metrics(path)
    except UserError as error:
        console.warn(f"{error}; its curves are left out")
        return {}
    rows = [row for row in history if isinstance(row, dict)]
    keys = dict.fromkeys(key for row in rows for key, value in row.items() if _is_number(value))
    return {
        key: [float(f"{row[key]:.6g}") if _is_number(row.get(key)) else None for row in rows]
        for key in keys
    }


def _describe_submission(run: Path) -> str | None:
    """`420 rows`, and the score where the truth was known; None where nothing was submitted."""
    if not (run / "submission.csv").is_file():
        return None
    values = _load_json(run / "submission.json")
    rows, truth = values.get("rows"), values.get("truth")
    parts = [f"{rows} rows"] if isinstance(rows, int) else ["yes"]
    if isinstance(truth, dict) and _is_number(truth.get("macro_f1")):
        parts.append(f"truth {truth['macro_f1']:.3f}")
    return ", ".join(parts)


def _load_answers(path: Path) -> Answers | None:
    """Class and confidence of every answered picture; None with a warning for another file."""
    if not path.is_file():
        return None
    try:
        return _read_answers(path)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        console.warn(f"{path}: not a readable out-of-fold file, its answers are left out: {reason}")
        return None


def _read_answers(path: Path) -> Answers:
    with path.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file), [])
    probs = [column for column in columns if column.startswith(_PREFIX)]
    missing = sorted(set(_ROW_COLUMNS) - set(columns))
    if missing or not probs:
        raise ValueError(f"it lacks {', '.join(missing) or _PREFIX + '<class>'}")
    table = pd.read_csv(
        path,
        usecols=[*_ROW_COLUMNS, *probs],
        dtype={"path": str, "group": str, "fold": np.int64, "label": np.int64}
        | dict.fromkeys(probs, np.float64),
        keep_default_na=False,
        encoding="utf-8",
    )
    values = table[probs].to_numpy()
    if table["path"].duplicated().any():
        raise ValueError("a picture is in it twice")
    if not np.isfinite(values).all():
        raise ValueError("some of its probabilities are not finite")
    if not table["label"].between(0, len(probs) - 1).all():
        raise ValueError("some of its labels are no class")
    return Answers(
        class_names=tuple(name.removeprefix(_PREFIX) for name in probs),
        rows=table[list(_ROW_COLUMNS)],
        predicted=values.argmax(axis=1),
        confidence=values.max(axis=1),
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
