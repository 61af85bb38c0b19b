"""Score every checkpoint that a run has kept, and name the best of each fold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from foldline import console
from foldline.command_line import repeat
from foldline.config import Config
from foldline.data.bad_pictures import BadPictures
from foldline.data.dataset import ImageDataset
from foldline.data.prepared import Prepared, load_prepared
from foldline.data.transforms import build_eval_transform
from foldline.errors import UserError
from foldline.files import is_folder
from foldline.inference.announce import announcing
from foldline.learning.checkpoint import Checkpoint, load_checkpoint
from foldline.learning.engine import predict
from foldline.learning.runtime import Runtime, build_ordered_batches, open_runtime
from foldline.learning.shared_backbone import build_networks
from foldline.learning.stopping import BestTracker
from foldline.metrics.counts import Labels
from foldline.metrics.metric import compute_scores
from foldline.runs.begin import choose_folds, require_run
from foldline.runs.paths import FoldFolder, RunFolder
from foldline.runs.table_settings import check_settings
from foldline.submitting.truth import load_truth
from foldline.tables import write_frame

_KEPT = re.compile(r"epoch_(\d+)(?:_step_(\d+))?\.pt")

# networks that look at each picture together, and are in memory together
_TOGETHER = 8


@dataclass(frozen=True)
class Split:
    """Pictures with known answers: `paths` under the data root, `labels` `[N]`."""

    paths: Sequence[str]
    labels: Labels


@dataclass(frozen=True)
class Evaluated:
    """One checkpoint with its scores on `pictures` pictures."""

    fold: int
    path: Path
    epoch: int
    pictures: int
    scores: dict[str, float]
    is_best: bool = False


def run_evaluate(config: Config) -> None:
    """Score the kept checkpoints of each fold on its validation pictures, or on the test's.

    Prints a table a fold and writes `evaluation.csv` into the run's folder.
    """
    prepared = load_prepared(config.prepared_dir)
    check_settings(prepared, config)
    run = require_run(config, prepared)
    if not is_folder(config.data.root):
        raise UserError(f"{config.data.root}: the folder of pictures, data.root, is not there")
    kept = _find_kept(config, prepared, run)
    test = _load_test(config, prepared) if config.evaluate.split == "test" else None
    runtime = open_runtime(**config.train.runtime)
    console.heading(
        f"evaluate {config.run}: {sum(map(len, kept.values()))} checkpoints on the "
        f"{config.evaluate.split} pictures, {runtime.describe()}"
    )
    rows: list[Evaluated] = []
    for fold, paths in kept.items():
        split = test or _select_validation(prepared, fold)
        scored = _evaluate_fold(config, prepared, fold, paths, split=split, runtime=runtime)
        _show_fold(fold, scored)
        rows += scored
    if test:
        console.warn(
            "a best that is chosen by the test's truth has an optimistic score; "
            "choose by evaluate.split=validation"
        )
    if runtime.is_main:
        _write(run.path / "evaluation.csv", rows, config.evaluate.split)


def _find_kept(config: Config, prepared: Prepared, run: RunFolder) -> dict[int, list[Path]]:
    """Per fold its kept checkpoints in the order of training, or `best.pt` where only it is."""
    chosen = choose_folds("evaluate.folds", config.evaluate.folds, prepared.num_folds)
    kept = {fold: _list_kept(run.fold(fold)) for fold in chosen}
    missing = [fold for fold, paths in kept.items() if not paths]
    if missing == chosen or (missing and config.evaluate.folds):
        raise UserError(
            f"{run.path}: no checkpoint in folds {', '.join(map(str, missing))}; "
            f"train it first: {repeat('train')}"
        )
    if missing:
        console.say(f"folds without a checkpoint: {', '.join(map(str, missing))}")
    if all(paths[0].name == "best.pt" for paths in kept.values() if paths):
        console.say("only best.pt is kept; train.keep=every keeps every validation's network")
    return {fold: paths for fold, paths in kept.items() if paths}


def _list_kept(folder: FoldFolder) -> list[Path]:
    kept = sorted(path for path in folder.path.glob("epoch_*.pt") if _KEPT.fullmatch(path.name))
    kept.sort(key=_place)
    return kept or [path for path in (folder.best,) if path.is_file()]


def _place(path: Path) -> tuple[int, float]:
    """Epoch and step of a kept checkpoint; the end of an epoch comes after its steps."""
    match = _KEPT.fullmatch(path.name)
    assert match, path
    return int(match[1]), float(match[2] or "inf")


def _select_validation(prepared: Prepared, fold: int) -> Split:
    rows = prepared.train[prepared.train["fold"] == fold]
    return Split(rows["path"].tolist(), rows["label"].to_numpy(dtype=np.int64))


def _load_test(config: Config, prepared: Prepared) -> Split:
    """The test pictures there are, with their answers by `infer.truth`."""
    if config.infer.truth is None:
        raise UserError("evaluate.split: test needs infer.truth, the file of true answers")
    labels = load_truth(config.infer.truth, prepared)["label"].to_numpy(dtype=np.int64)
    there = np.flatnonzero(prepared.test["path"] != "")
    if not len(there):
        raise UserError(f"{config.prepared_dir}/test.csv: no test pictures; see data.test_dir")
    return Split(prepared.test["path"].iloc[there].tolist(), labels[there])


def _evaluate_fold(
    config: Config,
    prepared: Prepared,
    fold: int,
    paths: Sequence[Path],
    *,
    split: Split,
    runtime: Runtime,
) -> list[Evaluated]:
    """The checkpoints of one fold with their scores, the best by their monitor marked."""
    bad = BadPictures(config.data.on_bad_image)
    shares = [paths[start : start + _TOGETHER] for start in range(0, len(paths), _TOGETHER)]
    first: Checkpoint | None = None
    scored: list[Evaluated] = []
    with console.progress(f"fold {fold}", len(shares) * len(split.paths)) as bar:
        for share in shares:
            loaded = _load_readable(share, prepared)
            bar.advance((not loaded) * len(split.paths))
            if not loaded:
                continue
            checkpoints = list(loaded.values())
            first = first or checkpoints[0]
            _check_alike(first, list(loaded), checkpoints)
            number, scores = _score(config, checkpoints, split, runtime=runtime, bad=bad, bar=bar)
            scored += [
                Evaluated(fold, path, one.epoch, number, of_one)
                for path, one, of_one in zip(loaded, checkpoints, scores, strict=True)
            ]
    bad.report(f"fold {fold}")
    if first is None:
        raise UserError(f"{paths[0].parent}: none of its checkpoints can be read; train it again")
    # the first of equals, as while training
    tracker = BestTracker(first.monitor, patience=0)
    for place, one in enumerate(scored):
        tracker.update(place, one.scores[tracker.monitor])
    return [replace(one, is_best=place == tracker.best_epoch) for place, one in enumerate(scored)]


def _load_readable(paths: Sequence[Path], prepared: Prepared) -> dict[Path, Checkpoint]:
    """The checkpoints, without damaged ones, which are warned of."""
    loaded = {}
    for path in paths:
        try:
            checkpoint = load_checkpoint(path)
        except UserError as error:
            console.warn(f"{error.faults[0]}; it is left out")
            continue
        if checkpoint.seal != prepared.seal:
            raise UserError(
                f"{path} was trained on the table sealed {checkpoint.seal[:12]}, not on "
                f"{prepared.seal[:12]}; train it again"
            )
        loaded[path] = checkpoint
    return loaded


def _check_alike(
    first: Checkpoint, paths: Sequence[Path], checkpoints: Sequence[Checkpoint]
) -> None:
    for path, checkpoint in zip(paths, checkpoints, strict=True):
        if checkpoint.eval_transform != first.eval_transform:
            raise UserError(
                f"{path}: looks at pictures otherwise than the first checkpoint of fold "
                f"{first.fold}; is it another run's? move it away"
            )


def _score(
    config: Config,
    checkpoints: Sequence[Checkpoint],
    split: Split,
    *,
    runtime: Runtime,
    bad: BadPictures,
    bar: console.Bar,
) -> tuple[int, list[dict[str, float]]]:
    """How many pictures could be read, and the scores of each checkpoint on them."""
    transform = build_eval_transform(**checkpoints[0].eval_transform)
    dataset = ImageDataset(config.data.root, split.paths, split.labels.tolist(), transform)
    accelerator = runtime.accelerator
    rows, probs = predict(
        [network.to(accelerator.device) for network in build_networks(checkpoints)],
        bad.watch(build_ordered_batches(dataset, config.infer.batch_size, runtime)),
        accelerator=accelerator,
        channels_last=runtime.channels_last,
        on_batch=lambda count, note: bar.advance(count * accelerator.num_processes),
    )
    if not len(rows):
        raise UserError(f"{config.data.root}: none of the pictures could be read")
    return len(rows), [compute_scores(split.labels[rows], of_one) for of_one in probs]


def _show_fold(fold: int, scored: Sequence[Evaluated]) -> None:
    console.show_table(
        [f"fold {fold}", "macro-F1", "accuracy", "log loss", ""],
        [
            [
                one.path.name,
                *(f"{score:.3f}" for score in one.scores.values()),
                "best" if one.is_best else "",
            ]
            for one in scored
        ],
    )
    console.say()


def _write(path: Path, evaluated: Sequence[Evaluated], split: str) -> None:
    """One row a checkpoint, at full precision."""
    table = pd.DataFrame(
        {
            "fold": one.fold,
            "checkpoint": one.path.name,
            "epoch": one.epoch,
            "split": split,
            "pictures": one.pictures,
            **one.scores,
            "is_best": one.is_best,
        }
        for one in evaluated
    )
    with announcing(path, len(table)):
        write_frame(path, table)
