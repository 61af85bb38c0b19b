"""The table of a run's folds, and their out-of-fold files joined and scored whole."""

import statistics
from collections.abc import Mapping

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.files import write_json
from foldline.metrics.metric import METRICS, Metric
from foldline.runs.metrics_log import load_metrics
from foldline.runs.out_of_fold import (
    OutOfFold,
    join_out_of_fold,
    load_out_of_fold,
    save_out_of_fold,
    score_out_of_fold,
)
from foldline.runs.paths import RunFolder


def print_heading(config: Config, prepared: Prepared, device: str) -> None:
    """Print what is trained, and the head of the table of folds."""
    height, width = config.data.image_size
    console.heading(
        f"train {config.run}: {config.model.name} ({config.model.weights}), {height}×{width}, "
        f"{len(prepared.train)} pictures, {device}"
    )
    titles = {key: metric.title for key, metric in METRICS.items()}
    console.log(_format_row("fold", titles, "best epoch", "epochs", "seconds"))


def print_fold(fold: int, run: RunFolder, *, note: str) -> None:
    """Print the row of a finished fold."""
    history = load_metrics(run.fold(fold).metrics)
    best = next((row for row in reversed(history) if row["is_best"]), None)
    if best is None:
        raise UserError(
            f"{run.fold(fold).metrics}: not the log of a finished fold; put it back, or delete "
            f"{run.fold(fold).path} to train the fold again"
        )
    seconds = sum(row["seconds"] for row in history)
    line = _format_row(fold, best, best["epoch"], history[-1]["epoch"], f"{seconds:.0f}")
    console.log(f"{line}  {note}".rstrip())


def summarize(run: RunFolder, prepared: Prepared, metric: Metric) -> None:
    """Join the finished folds, score them whole, print that and write `scores.json`."""
    folds = range(prepared.num_folds)
    finished = [fold for fold in folds if run.fold(fold).is_finished]
    if not finished:
        return
    parts = [_load_fold(run, prepared, fold) for fold in finished]
    whole = join_out_of_fold(parts, prepared.train["path"].tolist())
    scores = score_out_of_fold(whole, metric)
    save_out_of_fold(run.oof, whole)
    write_json(run.scores, {"seal": prepared.seal, **scores})
    if len(finished) > 1:
        for name, of in (("mean", statistics.mean), ("sd", statistics.stdev)):
            over_folds = {key: of(one[key] for one in scores["folds"].values()) for key in METRICS}
            console.log(_format_row(name, over_folds, "", "", "").rstrip())
    joined = scores["out_of_fold"]
    low, high = joined[metric.interval_key]
    by = "person" if len(set(whole.groups)) < len(whole.groups) else "picture"
    other = next(one for one in METRICS.values() if one is not metric)
    console.log()
    console.log(
        f"out of fold: {metric.title} {joined[metric.key]:.3f} (95 % by {by} {low:.3f} to "
        f"{high:.3f}), {other.title} {joined[other.key]:.3f}"
    )
    if missing := [str(fold) for fold in folds if fold not in finished]:
        console.log(f"folds not trained yet: {', '.join(missing)}")
    console.log(f"written: {run.oof}")


def _load_fold(run: RunFolder, prepared: Prepared, fold: int) -> OutOfFold:
    """Return the rows of one fold. Raise `UserError` where they are not those of the table."""
    path = run.fold(fold).oof
    loaded = load_out_of_fold(path, fold=fold)
    table = prepared.train
    labels = dict(zip(table["path"], table["label"], strict=True))
    if loaded.class_names != list(prepared.class_names) or any(
        labels.get(picture) != label
        for picture, label in zip(loaded.table["path"], loaded.labels.tolist(), strict=True)
    ):
        raise UserError(
            f"{path}: not of the classes, pictures and labels of the prepared table; delete it to "
            "have the fold answered again"
        )
    return loaded


def _format_row(name: object, scores: Mapping[str, float | str], *counts: object) -> str:
    """Return a row of the table of folds; a score that an older version did not know is blank."""
    row = f"{name:<5}"
    for key, metric in METRICS.items():
        score = scores.get(key, "")
        cell = score if isinstance(score, str) else f"{score:.3f}"
        row += f"{cell:>{max(10, len(metric.title) + 2)}}"
    return row + "{:>12}{:>8}{:>10}".format(*counts)
