"""What is known of a run from its small files: read by `runs`, `show` and `compare`."""

import difflib
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldline.command_line import format_command
from foldline.config import Config
from foldline.errors import UserError
from foldline.recipe import load_config
from foldline.scoring.metrics import Scores
from foldline.stages.runs import RunFolder
from foldline.tracking.metrics_log import load_metrics

_SCORES = ("macro_f1", "accuracy", "log_loss")
# what a file raises that holds something else than it should
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class FoldSummary:
    """A fold that was begun: `scores` are those of `best_epoch`, None before the first epoch."""

    fold: int
    is_finished: bool
    epochs: int
    best_epoch: int | None
    scores: Scores | None
    seconds: float


@dataclass(frozen=True)
class OutOfFoldScores:
    """Scores of `folds` joined, with the 95 % interval of macro-F1 by person."""

    scores: Scores
    low: float
    high: float
    folds: tuple[int, ...]
    pictures: int


@dataclass(frozen=True)
class RunSummary:
    """One run. `num_folds` and `scoring_seal` are None where an older version did not record them.

    `submission` is what `submission.json` says, None where there is no submission.
    """

    folder: RunFolder
    config: Config
    environment: dict[str, Any]
    folds: tuple[FoldSummary, ...]
    out_of_fold: OutOfFoldScores | None
    submission: dict[str, Any] | None

    @property
    def name(self) -> str:
        return self.folder.path.name

    @property
    def seal(self) -> str:
        return str(self.environment["seal"])

    @property
    def scoring_seal(self) -> str | None:
        return self.environment.get("scoring_seal")

    @property
    def num_folds(self) -> int | None:
        return self.environment.get("num_folds")

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
        """Mean and standard deviation of macro-F1 over the scored folds; None for less than two."""
        scored = self.out_of_fold.folds if self.out_of_fold else ()
        values = [
            each.scores.macro_f1 for each in self.folds if each.scores and each.fold in scored
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
    if name.strip("/") and path.is_dir():
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

    Raises `UserError` that names the file which is missing or cannot be understood.
    """
    folder = RunFolder(path)
    for needed in (folder.config, folder.environment):
        if not needed.is_file():
            raise UserError(f"{path}: not a run, as it has no {needed.name}")
    out_of_fold, by_fold = _load_scores(folder.scores)
    return RunSummary(
        folder=folder,
        config=_load_config(folder.config),
        environment=folder.load_environment(),
        folds=tuple(_load_fold(folder, fold, by_fold.get(fold)) for fold in _list_folds(path)),
        out_of_fold=out_of_fold,
        submission=_load_json(path / "submission.json") if folder.submission.is_file() else None,
    )


def _load_fold(folder: RunFolder, fold: int, scores: Scores | None) -> FoldSummary:
    files = folder.fold(fold)
    history = load_metrics(files.metrics) if files.metrics.is_file() else []
    try:
        best = [row for row in history if row["is_best"]]
        return FoldSummary(
            fold=fold,
            is_finished=files.is_finished,
            epochs=len(history),
            best_epoch=int(best[-1]["epoch"]) if best else None,
            scores=scores or (_read_scores(best[-1]) if best else None),
            seconds=math.fsum(row["seconds"] for row in history),
        )
    except _MALFORMED:
        raise UserError(f"{files.metrics}: not a log of metrics of this version") from None


def _load_scores(path: Path) -> tuple[OutOfFoldScores | None, dict[int, Scores]]:
    """The joined scores and those of each fold; nothing where no fold was finished."""
    values = _load_json(path)
    if values is None:
        return None, {}
    try:
        by_fold = {int(fold): _read_scores(each) for fold, each in values["folds"].items()}
        low, high = values["out_of_fold"]["macro_f1_interval"]
        joined = OutOfFoldScores(
            scores=_read_scores(values["out_of_fold"]),
            low=float(low),
            high=float(high),
            folds=tuple(sorted(by_fold)),
            pictures=int(values["pictures"]),
        )
    except _MALFORMED:
        raise UserError(f"{path}: not of this version of foldline; train the run again") from None
    return joined, by_fold


def _read_scores(values: Mapping[str, Any]) -> Scores:
    return Scores(**{key: float(values[key]) for key in _SCORES})


def _load_json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise UserError(
            f"{path}: cannot be read; delete it and run the command that makes it again"
        )
    return value


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
    return sorted(int(name) for name in names if name.isdecimal())


def _rank(run: RunSummary) -> tuple[float, str]:
    return (-run.out_of_fold.scores.macro_f1 if run.out_of_fold else math.inf, run.name)
