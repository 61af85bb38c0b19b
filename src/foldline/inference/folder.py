"""`foldline answer`: what the networks of several runs say of a folder of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foldline import console
from foldline.command_line import choose, format_command
from foldline.config import Config
from foldline.data.bad_pictures import BadPictures
from foldline.data.competition.scan import scan_pictures
from foldline.data.dataset import ImageDataset
from foldline.data.transforms import build_eval_transform
from foldline.errors import UserError
from foldline.inference.announce import announcing
from foldline.learning.checkpoint import Checkpoint, load_checkpoint
from foldline.learning.engine import predict
from foldline.learning.runtime import Runtime, build_ordered_batches, open_runtime
from foldline.learning.shared_backbone import build_networks, group_sharing
from foldline.metrics.counts import Probs
from foldline.runs.record import RunRecord
from foldline.tables import write_frame

_ANSWERS = Path("outputs/answers")


@dataclass(frozen=True)
class _Task:
    """A run, with the best network of each fold that is trained to the end."""

    run: str
    class_names: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...]


def run_answer(pictures: Path, runs: Sequence[Path]) -> None:
    """Answer every picture in the folder by every run, by the mean of its folds, in one table.

    The runs may know different classes. Heads that were trained on one and the same backbone
    (`train.save=head`) have it computed once for all of them.
    """
    if len(set(runs)) < max(1, len(runs)):
        usage = choose(make='answer PICTURES=FOLDER RUNS="a b"', foldline="answer FOLDER a b")
        raise UserError(f"answer: name a run or more, each once: {usage}")
    if not (paths := scan_pictures(pictures, ".").paths):
        raise UserError(f"{pictures}: no pictures there; expected .jpg, .jpeg or .png at any depth")
    tasks = [_load_task(run) for run in runs]
    checkpoints = [one for task in tasks for one in task.checkpoints]
    groups = group_sharing(checkpoints)
    runtime = open_runtime(**Config().train.runtime)
    console.heading(
        f"answer {pictures}: {len(paths)} pictures by {', '.join(task.run for task in tasks)}; "
        f"heads {len(checkpoints)}, backbones {len(groups)}, {runtime.describe()}"
    )
    probs = iter(_answer(pictures, paths, checkpoints, groups, runtime))
    table = pd.DataFrame({"path": paths})
    for task in tasks:
        mean = np.mean([next(probs) for _ in task.checkpoints], axis=0)
        _add_answers(table, task, mean)
    if runtime.is_main:
        _write(_ANSWERS / f"{pictures.resolve().name}.csv", table)


def _load_task(path: Path) -> _Task:
    run = RunRecord.load(path)
    run.require()
    if run.members:
        raise UserError(f"{path}: an average of other runs, without networks; name those it is of")
    if not run.finished:
        command = format_command("train", config=run.folder.config)
        raise UserError(f"{path}: no fold is trained to the end; first: {command}")
    checkpoints = [load_checkpoint(run.folder.fold(fold).best) for fold in run.finished]
    return _Task(run.name, checkpoints[0].class_names, tuple(checkpoints))


def _answer(
    root: Path,
    paths: Sequence[str],
    checkpoints: Sequence[Checkpoint],
    groups: Sequence[Sequence[int]],
    runtime: Runtime,
) -> list[Probs]:
    """`[N, C]` by each checkpoint; NaN where a picture cannot be read.

    A picture is read once for all networks that look at it alike.
    """
    answers = [np.full((len(paths), len(one.class_names)), np.nan) for one in checkpoints]
    alike: dict[str, list[Sequence[int]]] = {}
    for group in groups:
        alike.setdefault(repr(checkpoints[group[0]].eval_transform), []).append(group)
    accelerator = runtime.accelerator
    bad = BadPictures("reject")
    with console.progress("answer", len(paths) * len(alike)) as bar:
        for together in alike.values():
            order = [position for group in together for position in group]
            networks = [
                network.to(accelerator.device)
                for group in together
                for network in build_networks([checkpoints[position] for position in group])
            ]
            transform = build_eval_transform(**checkpoints[order[0]].eval_transform)
            dataset = ImageDataset(root, paths, [0] * len(paths), transform)
            rows, probs = predict(
                networks,
                bad.watch(build_ordered_batches(dataset, Config().infer.batch_size, runtime)),
                accelerator=accelerator,
                channels_last=runtime.channels_last,
                on_batch=lambda count, note: bar.advance(count * accelerator.num_processes),
            )
            if not len(rows):
                raise UserError(f"{root}: none of the pictures could be read")
            for position, of_one in zip(order, probs, strict=True):
                answers[position][rows] = of_one[:, : answers[position].shape[1]]
    bad.report("answer")
    return answers


def _add_answers(table: pd.DataFrame, task: _Task, probs: Probs) -> None:
    """The run's class of each picture and its probability; blank where it could not be read."""
    read = ~np.isnan(probs[:, 0])
    names = np.array([*task.class_names, ""], dtype=object)
    table[task.run] = names[np.where(read, np.nan_to_num(probs).argmax(axis=1), -1)]
    table[f"p_{task.run}"] = probs.max(axis=1)


def _write(path: Path, table: pd.DataFrame) -> None:
    with announcing(path, len(table)):
        write_frame(path, table)
