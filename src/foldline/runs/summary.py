"""What is known of a run from its small files: read by `runs`, `show` and `compare`."""

import difflib
import json
import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from foldline.command_line import format_command
from foldline.config import Config
from foldline.config.recipe import load_config
from foldline.errors import UserError
from foldline.files import is_folder
from foldline.metrics.metric import METRICS, Metric
from foldline.runs.files import (
    Environment,
    RunScores,
    SubmissionRecord,
    load_scores,
    load_submission_record,
)
from foldline.runs.metrics_log import Row, load_metrics
from foldline.runs.paths import RunFolder

Read = TypeVar("Read")


@dataclass(frozen=True)
class FoldSummary:
    """A fold that was begun: `scores` are those of `best_epoch`, None before the first epoch."""

    fold: int
    is_finished: bool
    epochs: int
    best_epoch: int | None
    scores: Mapping[str, float] | None
    seconds: float


@dataclass(frozen=True)
class JoinedScores:
    """Scores of `folds` joined, with the 95 % interval of the run's metric by person."""

    scores: Mapping[str, float]
    low: float
    high: float
    folds: tuple[int, ...]
    pictures: int


@dataclass(frozen=True)
class RunSummary:
    """One run. `num_folds` and `scoring_seal` are None where an older version did not record them.

    `submission` is what `submission.json` says, None where there is no submission. What is damaged
    is None, as if it were absent, and named in `problems`, a line each.
    """

    folder: RunFolder
    config: Config
    environment: Environment
    folds: tuple[FoldSummary, ...]
    out_of_fold: JoinedScores | None
    submission: SubmissionRecord | None
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.folder.path.name

    @property
    def metric(self) -> Metric:
        """What it is ranked and compared by."""
        return METRICS[self.config.metric]

    @property
    def seal(self) -> str:
        return self.environment.seal

    @property
    def scoring_seal(self) -> str | None:
        return self.environment.scoring_seal

    @property
    def num_folds(self) -> int | None:
        return self.environment.num_folds

    @property
    def finished(self) -> tuple[int, ...]:
        """The folds that are trained to the end."""
        return tuple(fold.fold for fold in self.folds if fold.is_finished)

    @property
    def is_finished(self) -> bool:
        """Whether every fold is trained to the end, as far as can be known."""
        return len(self.finished) == (self.num_folds or max(1, len(self.folds)))

    @property
    def seconds(self) -> float:
        """Of training and validation, all folds together."""
        return sum(fold.seconds for fold in self.folds)

    @property
    def spread(self) -> tuple[float, float] | None:
        """Mean and standard deviation of the metric over the scored folds, if two or more are."""
        scored = self.out_of_fold.folds if self.out_of_fold else ()
        key = self.config.metric
        values = [
            each.scores[key]
            for each in self.folds
            if each.scores and key in each.scores and each.fold in scored
        ]
        return (statistics.mean(values), statistics.stdev(values)) if len(values) > 1 else None

    def describe_folds(self) -> str:
        """How many folds are finished: `2 of 5`."""
        return f"{len(self.finished)} of {self.num_folds or '?'}"

    @property
    def next_command(self) -> str:
        """What takes the run on: train what is not finished, then answer the test pictures."""
        if self.is_finished:
            return format_command("infer", config=self.folder.config)
        all_folds = [] if self.config.train.folds is None else ["train.folds=null"]
        return format_command("train", config=self.folder.config, settings=all_folds)


@dataclass(frozen=True)
class RunList:
    """`runs`: best first, those without a score last; `broken`: what is wrong with the others."""

    runs: tuple[RunSummary, ...]
    broken: tuple[str, ...]


def show_setting(value: Any) -> str:
    """A value as it is written after `key=`."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def find_run_path(name: str, root: Path) -> Path:
    """The folder of a run given by name or by path.

    Raises `UserError`, with the nearest name, where there is none.
    """
    path = Path(name) if "/" in name.rstrip("/") else root / name.rstrip("/")
    if name.strip("/") and is_folder(path):
        return path
    names = [each.name for each in _list_folders(root)]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"{format_command('runs')} lists those there are"
    raise UserError(f"{path}: no such run; {hint}")


def list_runs(root: Path) -> RunList:
    """Every run under `root`; a folder that is none, or is broken, is named and no error."""
    runs, broken = [], []
    for path in _list_folders(root):
        try:
            runs.append(load_run(path))
        except UserError as error:
            broken.append(error.faults[0])
    return RunList(tuple(sorted(runs, key=_rank)), tuple(broken))


def load_run(path: Path) -> RunSummary:
    """Read the run in folder `path`, but for its networks and out-of-fold rows.

    Raises `UserError` where it is no run: `config.yaml` or `environment.json` is missing, or cannot
    be understood.
    """
    folder = RunFolder(path)
    for needed in (folder.config, folder.environment):
        if not needed.exists():
            raise UserError(f"{path}: not a run, as it has no {needed.name}")
    problems: list[str] = []

    def read(load: Callable[[], Read]) -> Read | None:
        try:
            return load()
        except UserError as error:
            problems.append(error.faults[0])
            return None

    config, environment = _load_config(folder.config), folder.load_environment()
    scores = read(lambda: load_scores(folder.scores))
    folds = [_load_fold(folder, fold, scores, read) for fold in _list_folds(path)]
    submission = None
    if folder.submission.is_file():
        submission = read(lambda: load_submission_record(folder.submission_record))
        submission = submission or SubmissionRecord()
    return RunSummary(
        folder=folder,
        config=config,
        environment=environment,
        folds=tuple(folds),
        out_of_fold=_join(scores) if scores else None,
        submission=submission,
        problems=tuple(problems),
    )


def _load_fold(
    folder: RunFolder,
    fold: int,
    scores: RunScores | None,
    read: Callable[[Callable[[], list[Row]]], list[Row] | None],
) -> FoldSummary:
    files = folder.fold(fold)
    scored = scores.folds.get(fold) if scores else None
    history = (read(lambda: load_metrics(files.metrics)) if files.metrics.exists() else None) or []
    best = [row for row in history if row["is_best"]]
    return FoldSummary(
        fold=fold,
        is_finished=files.is_finished,
        epochs=len(history),
        best_epoch=int(best[-1]["epoch"]) if best else None,
        scores=scored if scored else _read_scores(best[-1]) if best else None,
        seconds=math.fsum(row["seconds"] for row in history),
    )


def _read_scores(row: Row) -> dict[str, float]:
    return {key: float(row[key]) for key in METRICS if key in row}


def _join(scores: RunScores) -> JoinedScores:
    low, high = scores.interval
    return JoinedScores(
        scores=scores.joined,
        low=low,
        high=high,
        folds=tuple(sorted(scores.folds)),
        pictures=scores.pictures,
    )


def _load_config(path: Path) -> Config:
    try:
        return load_config(path)
    except UserError as error:
        raise UserError(f"{path}: of another version of foldline", *error.faults) from None


def _list_folders(root: Path) -> Sequence[Path]:
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")


def _list_folds(path: Path) -> Sequence[int]:
    names = (each.name.removeprefix("fold_") for each in path.glob("fold_*") if each.is_dir())
    return sorted(int(name) for name in names if re.fullmatch("0|[1-9][0-9]{0,5}", name))


def _rank(run: RunSummary) -> tuple[float, str]:
    score = run.out_of_fold.scores.get(run.config.metric) if run.out_of_fold else None
    return (run.metric.rank(score), run.name)
