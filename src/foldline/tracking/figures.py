"""Tables, charts and figures of a fold and of the whole run, as a tracker takes them."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foldline.metrics.confusion import compute_class_scores
from foldline.metrics.counts import Labels
from foldline.metrics.metric import METRICS
from foldline.runs.files import RunScores
from foldline.runs.out_of_fold import OutOfFold
from foldline.tracking.tracker import Media

_NUM_THUMBNAILS = 32
_MAX_ROWS = 10_000  # what W&B shows of a table


def build_out_of_fold_media(
    out_of_fold: OutOfFold, class_names: Sequence[str], *, root: Path, thumbnails: bool
) -> dict[str, Media]:
    """Return the confusion matrix, the figures of every class, and the answered rows."""
    labels, answers = out_of_fold.labels, out_of_fold.probs.argmax(axis=1)
    return {
        "confusion_matrix": {
            "labels": labels.tolist(),
            "answers": answers.tolist(),
            "classes": list(class_names),
        },
        "classes": build_class_table(labels, answers, class_names),
        "out_of_fold": build_row_table(
            out_of_fold, class_names, root=root, num_thumbnails=_NUM_THUMBNAILS * thumbnails
        ),
    }


def build_class_table(labels: Labels, answers: Labels, class_names: Sequence[str]) -> Media:
    """Return precision, recall, F1 and support of every class; 0 where they are undefined."""
    scores = vars(compute_class_scores(labels, answers, len(class_names)))
    figures = [np.nan_to_num(column).tolist() for column in scores.values()]
    rows = zip(class_names, *figures, strict=True)
    return {"columns": ["class", *scores], "rows": list(map(list, rows))}


def build_row_table(
    out_of_fold: OutOfFold, class_names: Sequence[str], *, root: Path, num_thumbnails: int
) -> Media:
    """Return the answered rows: mistakes first, the most confident on top, with thumbnails."""
    table, probs, labels = out_of_fold.table, out_of_fold.probs, out_of_fold.labels
    answers, confidence = probs.argmax(axis=1), probs.max(axis=1)
    order = np.lexsort((-confidence, answers == labels))[:_MAX_ROWS]
    rows = []
    for place, row in enumerate(order):
        is_right = bool(answers[row] == labels[row])
        path = str(table["path"].iloc[row])
        shown = place < num_thumbnails and not is_right and (root / path).is_file()
        rows.append(
            [
                {"thumbnail": str((root / path).resolve())} if shown else None,
                path,
                str(table["group"].iloc[row]),
                int(table["fold"].iloc[row]),
                class_names[labels[row]],
                class_names[answers[row]],
                float(confidence[row]),
                float(probs[row, labels[row]]),
                is_right,
            ]
        )
    columns = ["picture", "path", "group", "fold", "label", "answer"]
    return {"columns": [*columns, "confidence", "label_probability", "right"], "rows": rows}


def build_fold_table(scores: Mapping[int, Mapping[str, float]]) -> Media:
    """Return the scores of every fold, as in `scores.json`."""
    rows = [[fold, *map(one.get, METRICS)] for fold, one in scores.items()]
    return {"columns": ["fold", *METRICS], "rows": rows}


def summarize_scores(scores: RunScores) -> dict[str, float]:
    """Return the mean and sd over folds and the out-of-fold scores, with the metric's interval."""
    figures: dict[str, float] = {"folds_scored": len(scores.folds), "pictures": scores.pictures}
    for key, score in scores.joined.items():
        values = [fold[key] for fold in scores.folds.values()]
        figures[f"mean_{key}"] = statistics.mean(values)
        if len(values) > 1:
            figures[f"sd_{key}"] = statistics.stdev(values)
        figures[f"out_of_fold_{key}"] = score
    low, high = scores.interval
    figures |= {f"out_of_fold_{scores.metric}_low": low, f"out_of_fold_{scores.metric}_high": high}
    return figures | {"score": scores.joined[scores.metric]}


def list_figures(num_folds: int, metric: str) -> list[str]:
    """Return the names of the figures of `summarize_scores` for so many folds and this metric."""
    none: dict[str, Any] = dict.fromkeys(METRICS, 0.0)
    joined = none | {METRICS[metric].interval_key: (0.0, 0.0)}
    folds = dict.fromkeys(range(num_folds), none)
    scores = RunScores(metric=metric, folds=folds, out_of_fold=joined, pictures=1)
    return sorted(summarize_scores(scores))
