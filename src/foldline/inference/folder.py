"""`foldline answer`: answer a folder of pictures by the networks of several runs."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from foldline import console
from foldline.command_line import choose, format_command
from foldline.config import Config
from foldline.data.bad_pictures import BadPictures
from foldline.data.competition.scan import scan_pictures
from foldline.data.picture_files import EXTENSION_CHOICES
from foldline.errors import UserError
from foldline.learning.checkpoint import Checkpoint, load_checkpoint
from foldline.learning.predictor import Predictor
from foldline.learning.runtime import Runtime, open_runtime
from foldline.learning.shared_backbone import group_sharing
from foldline.metrics.counts import Probs
from foldline.runs.record import RunRecord
from foldline.tables import log_written, write_frame

_ANSWERS = Path("outputs/answers")


def run_answer(pictures: Path, runs: Sequence[Path]) -> None:
    """Answer every picture in the folder by every run, by the mean of its folds, in one table.

    The runs may know different classes. A backbone that several heads were trained on
    (`train.save=head`) is computed once for all of them.
    """
    if len(set(runs)) < max(1, len(runs)):
        usage = choose(make='answer PICTURES=FOLDER RUNS="a b"', foldline="answer FOLDER a b")
        raise UserError(f"answer: name a run or more, each once: {usage}")
    if not (paths := scan_pictures(pictures, ".").paths):
        raise UserError(f"{pictures}: no pictures there; expected {EXTENSION_CHOICES} at any depth")
    by_run = {run: _load_checkpoints(run) for run in runs}
    checkpoints = list(chain.from_iterable(by_run.values()))
    groups = group_sharing(checkpoints)
    config = Config()
    runtime = open_runtime(**config.train.runtime)
    console.heading(
        f"answer {pictures}: {len(paths)} pictures by {', '.join(run.name for run in runs)}; "
        f"heads {len(checkpoints)}, backbones {len(groups)}, {runtime.describe()}"
    )
    batch_size = config.infer.batch_size
    probs = iter(_answer(pictures, paths, checkpoints, groups, runtime, batch_size=batch_size))
    table = pd.DataFrame({"path": paths})
    for run, own in by_run.items():
        mean = np.mean([next(probs) for _ in own], axis=0)
        _add_answers(table, run.name, own[0].class_names, mean)
    if runtime.is_main:
        path = _ANSWERS / f"{pictures.resolve().name}.csv"
        with log_written(path, len(table)):
            write_frame(path, table)


def _load_checkpoints(path: Path) -> list[Checkpoint]:
    """Load the best network of each fold of the run that is trained to the end."""
    run = RunRecord.load(path)
    run.require()
    if run.members:
        raise UserError(f"{path}: an average of other runs, without networks; name those it is of")
    if not run.finished:
        command = format_command("train", config=run.folder.config)
        raise UserError(f"{path}: no fold is trained to the end; first: {command}")
    return [load_checkpoint(run.folder.fold(fold).best) for fold in run.finished]


def _answer(
    root: Path,
    paths: Sequence[str],
    checkpoints: Sequence[Checkpoint],
    groups: Sequence[Sequence[int]],
    runtime: Runtime,
    *,
    batch_size: int,
) -> list[Probs]:
    """Return `[N, C]` by each checkpoint, NaN where a picture cannot be read.

    A picture is read once for all networks that look at it alike.
    """
    answers = [np.full((len(paths), len(one.class_names)), np.nan) for one in checkpoints]
    alike: dict[str, list[int]] = {}
    for group in groups:
        alike.setdefault(repr(checkpoints[group[0]].eval_transform), []).extend(group)
    bad = BadPictures("reject")
    with console.progress("answer", len(paths) * len(alike)) as bar:
        for positions in alike.values():
            predictor = Predictor.from_checkpoints([checkpoints[one] for one in positions], runtime)
            rows, probs = predictor.answer(root, paths, batch_size=batch_size, bad=bad, bar=bar)
            for position, of_one in zip(positions, probs, strict=True):
                answers[position][rows] = of_one[:, : answers[position].shape[1]]
    bad.report("answer")
    return answers


def _add_answers(table: pd.DataFrame, run: str, class_names: Sequence[str], probs: Probs) -> None:
    """Add the run's class of each picture and its probability, blank where it was not read."""
    read = ~np.isnan(probs[:, 0])
    names = np.array([*class_names, ""], dtype=object)
    table[run] = names[np.where(read, np.nan_to_num(probs).argmax(axis=1), -1)]
    table[f"p_{run}"] = probs.max(axis=1)
