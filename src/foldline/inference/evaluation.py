"""Score every checkpoint that a run has kept, and name the best of each fold."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foldline import console
from foldline.command_line import repeat
from foldline.config import Config
from foldline.data.bad_pictures import BadPictures
from foldline.data.prepared import Prepared, load_prepared
from foldline.errors import UserError
from foldline.inference.test_set import find_test_pictures
from foldline.learning.checkpoint import Checkpoint, load_checkpoint
from foldline.learning.predictor import Predictor
from foldline.learning.runtime import Runtime, open_runtime
from foldline.learning.stopping import BestTracker
from foldline.metrics.metric import METRICS, compute_scores
from foldline.runs.begin import choose_folds, require_run
from foldline.runs.paths import FoldFolder, RunFolder
from foldline.runs.table_settings import check_settings
from foldline.submitting.truth import load_truth
from foldline.tables import log_written, write_frame

Row = dict[str, Any]  # of evaluation.csv

_KEPT = re.compile(r"epoch_(\d+)(?:_step_(\d+))?\.pt")

# networks that look at each picture together, and are in memory together
_TOGETHER = 8


def run_evaluate(config: Config) -> None:
    """Score the kept checkpoints of each fold on its validation pictures, or on the test's.

    Prints a table a fold and writes `evaluation.csv` into the run's folder.
    """
    prepared = load_prepared(config.prepared_dir)
    check_settings(prepared, config)
    run = require_run(config, prepared)
    kept = _find_kept(config, prepared, run)
    test = _load_test(config, prepared) if config.evaluate.split == "test" else None
    runtime = open_runtime(**config.train.runtime)
    console.heading(
        f"evaluate {config.run}: {sum(map(len, kept.values()))} checkpoints on the "
        f"{config.evaluate.split} pictures, {runtime.describe()}"
    )
    rows: list[Row] = []
    for fold, paths in kept.items():
        pictures = prepared.train[prepared.train["fold"] == fold] if test is None else test
        scored = _evaluate_fold(config, prepared.seal, fold, paths, pictures, runtime=runtime)
        _show_fold(fold, scored)
        rows += scored
    if test is not None:
        console.warn(
            "a best that is chosen by the test's truth has an optimistic score; "
            "choose by evaluate.split=validation"
        )
    if runtime.is_main:
        path = run.path / "evaluation.csv"
        with log_written(path, len(rows)):
            write_frame(path, pd.DataFrame(rows))


def _find_kept(config: Config, prepared: Prepared, run: RunFolder) -> dict[int, list[Path]]:
    """Return each fold's kept checkpoints in the order of training, or its only `best.pt`."""
    chosen = choose_folds("evaluate.folds", config.evaluate.folds, prepared.num_folds)
    kept = {fold: _list_kept(run.fold(fold)) for fold in chosen}
    missing = [fold for fold, paths in kept.items() if not paths]
    if missing == chosen or (missing and config.evaluate.folds):
        raise UserError(
            f"{run.path}: no checkpoint in folds {', '.join(map(str, missing))}; "
            f"train it first: {repeat('train')}"
        )
    if missing:
        console.log(f"folds without a checkpoint: {', '.join(map(str, missing))}")
    if all(paths[0].name == "best.pt" for paths in kept.values() if paths):
        console.log("only best.pt is kept; train.keep=every keeps every validation's network")
    return {fold: paths for fold, paths in kept.items() if paths}


def _list_kept(folder: FoldFolder) -> list[Path]:
    found = [(_KEPT.fullmatch(path.name), path) for path in folder.path.glob("epoch_*.pt")]
    # an epoch's end comes after its steps
    kept = sorted((int(m[1]), float(m[2] or "inf"), path) for m, path in found if m)
    return [path for *_, path in kept] or [path for path in (folder.best,) if path.is_file()]


def _load_test(config: Config, prepared: Prepared) -> pd.DataFrame:
    """Return the readable test pictures, with their `label` by `infer.truth`."""
    if config.infer.truth is None:
        raise UserError("evaluate.split: test needs infer.truth, the file of true answers")
    labels = load_truth(config.infer.truth, prepared)["label"].to_numpy()
    return prepared.test.assign(label=labels).iloc[find_test_pictures(config, prepared)]


def _evaluate_fold(
    config: Config,
    seal: str,
    fold: int,
    paths: Sequence[Path],
    pictures: pd.DataFrame,
    *,
    runtime: Runtime,
) -> list[Row]:
    """Return a row for each checkpoint of one fold, with the best by their monitor marked.

    `pictures` have a `path` and a `label`.
    """
    bad = BadPictures(config.data.on_bad_image)
    labels = pictures["label"].to_numpy(dtype=np.int64)
    shares = [paths[start : start + _TOGETHER] for start in range(0, len(paths), _TOGETHER)]
    first: Checkpoint | None = None
    scored: list[Row] = []
    with console.progress(f"fold {fold}", len(shares) * len(pictures)) as bar:
        for share in shares:
            loaded = _load_readable(share, seal, first)
            if not loaded:
                bar.advance(len(pictures))
                continue
            checkpoints = list(loaded.values())
            first = first or checkpoints[0]
            rows, probs = Predictor.from_checkpoints(checkpoints, runtime).answer(
                config.data.root,
                pictures["path"].tolist(),
                batch_size=config.infer.batch_size,
                bad=bad,
                bar=bar,
            )
            scored += [
                {
                    "fold": fold,
                    "checkpoint": path.name,
                    "epoch": one.epoch,
                    "split": config.evaluate.split,
                    "pictures": len(rows),
                    **compute_scores(labels[rows], of_one),
                }
                for (path, one), of_one in zip(loaded.items(), probs, strict=True)
            ]
    bad.report(f"fold {fold}")
    if first is None:
        raise UserError(f"{paths[0].parent}: none of its checkpoints can be read; train it again")
    # the first of equals, as while training
    tracker = BestTracker(first.monitor, patience=0)
    for place, row in enumerate(scored):
        tracker.update(place, row[tracker.monitor])
    return [{**row, "is_best": place == tracker.best_epoch} for place, row in enumerate(scored)]


def _load_readable(
    paths: Sequence[Path], seal: str, first: Checkpoint | None
) -> dict[Path, Checkpoint]:
    """Load the checkpoints, leaving damaged ones out with a warning.

    Raises `UserError` for one of a table not sealed `seal`, or that looks at pictures otherwise
    than the `first` of the fold.
    """
    loaded = {}
    for path in paths:
        try:
            checkpoint = load_checkpoint(path)
        except UserError as error:
            console.warn(f"{error.faults[0]}; it is left out")
            continue
        checkpoint.check_seal(seal, path=path)
        first = first or checkpoint
        if checkpoint.eval_transform != first.eval_transform:
            raise UserError(
                f"{path}: looks at pictures otherwise than the first checkpoint of fold "
                f"{first.fold}; is it another run's? move it away"
            )
        loaded[path] = checkpoint
    return loaded


def _show_fold(fold: int, scored: Sequence[Row]) -> None:
    rows = []
    for row in scored:
        scores = [f"{row[key]:.3f}" for key in METRICS]
        rows.append([row["checkpoint"], *scores, "best" if row["is_best"] else ""])
    console.show_table([f"fold {fold}", *(one.title for one in METRICS.values()), ""], rows)
    console.log()
