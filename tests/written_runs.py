"""Run folders as training leaves them, written by the same functions but without a network."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.files import write_json
from foldline.metrics.bootstrap import compute_interval
from foldline.metrics.metric import METRICS, compute_scores
from foldline.runs.begin import begin_run
from foldline.runs.metrics_log import save_metrics
from foldline.runs.out_of_fold import build_out_of_fold, join_out_of_fold, save_out_of_fold
from foldline.runs.paths import RunFolder

CLASSES = ("cat", "쥐, grey", "<b>dog</b>")
PEOPLE, PICTURES, FOLDS = 12, 4, 3


def build_prepared(*, seal: str = "a" * 64, scoring_seal: str = "b" * 64) -> Prepared:
    """A table of `PEOPLE` × `PICTURES`, person `k` in fold `k % FOLDS`."""
    person = np.repeat(np.arange(PEOPLE), PICTURES)
    labels = person % len(CLASSES)
    train = pd.DataFrame(
        {
            "path": [f"p{who}/{row % PICTURES}.jpg" for row, who in enumerate(person)],
            "group": [f"person {who}" for who in person],
            "label": labels,
            "train_label": pd.array(labels, dtype="Int64"),
            "fold": person % FOLDS,
        }
    )
    return Prepared(
        train=train,
        test=pd.DataFrame({"id": [], "path": []}),
        class_names=CLASSES,
        num_folds=FOLDS,
        seal=seal,
        submission_columns=("id", "label"),
        submission_values=CLASSES,
        settings={},
        scoring_seal=scoring_seal,
    )


def write_run(
    name: str,
    *,
    right: float = 0.6,
    folds: Sequence[int] = range(FOLDS),
    prepared: Prepared | None = None,
    draw: int = 0,
    **settings: Any,
) -> Path:
    """`outputs/runs/<name>` with `folds` finished, their pictures answered `right` that often."""
    prepared = prepared or build_prepared()
    config = Config.model_validate({"run": name, "data": {"root": "inputs/pets"}, **settings})
    run = begin_run(config, prepared, "cpu, fp32, 2 cores")
    parts = [_write_fold(run, prepared, fold, right, draw) for fold in folds]
    if parts:
        whole = join_out_of_fold(parts, prepared.train["path"].tolist())
        metric = METRICS[config.metric]
        interval = compute_interval(metric, whole.labels, whole.probs, whole.groups)
        scores = compute_scores(whole.labels, whole.probs)
        save_out_of_fold(run.oof, whole)
        by_fold = {
            str(fold): compute_scores(part.labels, part.probs)
            for fold, part in zip(folds, parts, strict=True)
        }
        write_json(
            run.scores,
            {
                "seal": prepared.seal,
                "metric": metric.key,
                "folds": by_fold,
                "out_of_fold": scores | {metric.interval_key: list(interval)},
                "pictures": len(whole.table),
            },
        )
    return run.path


def _write_fold(run: RunFolder, prepared: Prepared, fold: int, right: float, draw: int) -> Any:
    rows = prepared.train[prepared.train["fold"] == fold]
    random = np.random.default_rng([draw, fold])
    labels = rows["label"].to_numpy(dtype=np.int64)
    answers = np.where(random.random(len(rows)) < right, labels, (labels + 1) % len(CLASSES))
    part = build_out_of_fold(rows, np.eye(len(CLASSES))[answers] * 0.7 + 0.1, CLASSES)
    scores = compute_scores(part.labels, part.probs)
    epochs = [
        {"epoch": 1, **scores, "seconds": 1.5, "is_best": False},
        {"epoch": 2, **scores, "seconds": 1.0, "is_best": True},
    ]
    save_metrics(run.fold(fold).metrics, epochs)
    save_out_of_fold(run.fold(fold).oof, part)
    return part


def change_json(path: Path, **changes: Any) -> None:
    """Set keys of a JSON file; None takes one away."""
    values = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: each for key, each in values.items() if each is not None}))
