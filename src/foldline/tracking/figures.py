"""Tables, charts and figures of a fold and of the whole run, as a tracker takes them."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from foldline.metrics.counts import Labels
from foldline.metrics.metric import METRICS
from foldline.runs.out_of_fold import OutOfFold
from foldline.tracking.tracker import Media, build_confusion_matrix, build_table, build_thumbnail

_NUM_THUMBNAILS = 32
_MAX_ROWS = 10_000  # what W&B shows of a table


def build_out_of_fold_media(
    out_of_fold: OutOfFold, class_names: Sequence[str], *, root: Path, thumbnails: bool
) -> dict[str, Media]:
    """Return the confusion matrix, the figures of every class, and the answered rows."""
    labels, answers = out_of_fold.labels, out_of_fold.probs.argmax(axis=1)
    return {
        "confusion_matrix": build_confusion_matrix(labels.tolist(), answers.tolist(), class_names),
        "classes": build_class_table(labels, answers, class_names),
        "out_of_fold": build_row_table(
            out_of_fold, class_names, root=root, num_thumbnails=_NUM_THUMBNAILS * thumbnails
        ),
    }


def build_class_table(labels: Labels, answers: Labels, class_names: Sequence[str]) -> Media:
    """Return precision, recall, F1 and support of every class; 0 where they are undefined."""
    figures = precision_recall_fscore_support(
        labels, answers, labels=range(len(class_names)), zero_division=0
    )
    columns = [column.tolist() for column in figures]
    rows = list(zip(class_names, *columns, strict=True))
    return build_table(["class", "precision", "recall", "f1", "support"], rows)


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
                build_thumbnail(root / path) if shown else None,
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
    return build_table([*columns, "confidence", "label_probability", "right"], rows)


def build_fold_table(scores: Mapping[str, Mapping[str, Any]]) -> Media:
    """Return the scores of every fold, as in `scores.json`."""
    rows = [[int(fold), *(one.get(key) for key in METRICS)] for fold, one in scores.items()]
    return build_table(["fold", *METRICS], rows)


def summarize_scores(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return the mean and sd over folds and the out-of-fold scores, with the metric's interval.

    `scores` is what `scores.json` holds; an older version named no metric there.
    """
    folds, joined = list(scores["folds"].values()), scores["out_of_fold"]
    metric = METRICS[scores.get("metric", "macro_f1")]
    figures: dict[str, float] = {"folds_scored": len(folds), "pictures": scores["pictures"]}
    for key in filter(joined.__contains__, METRICS):
        values = [fold[key] for fold in folds]
        figures[f"mean_{key}"] = statistics.mean(values)
        if len(values) > 1:
            figures[f"sd_{key}"] = statistics.stdev(values)
        figures[f"out_of_fold_{key}"] = joined[key]
    low, high = joined[metric.interval_key]
    figures |= {f"out_of_fold_{metric.key}_low": low, f"out_of_fold_{metric.key}_high": high}
    return figures | {"score": joined[metric.key]}


def list_figures(num_folds: int, metric: str = "macro_f1") -> list[str]:
    """Return the names of the figures of `summarize_scores` for so many folds and this metric."""
    none = dict.fromkeys(METRICS, 0.0)
    joined = none | {METRICS[metric].interval_key: (0.0, 0.0)}
    folds = dict.fromkeys(range(num_folds), none)
    return sorted(
        summarize_scores({"metric": metric, "folds": folds, "out_of_fold": joined, "pictures": 0})
    )
