"""What is known of one run: the only reader of a run's folder."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from foldline.command_line import format_command
from foldline.config import Config
from foldline.config.data import name_data
from foldline.config.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.config.recipe import flatten_settings, load_config
from foldline.errors import UserError
from foldline.files import compute_sha256
from foldline.metrics.metric import METRICS, Metric
from foldline.runs.files import (
    Environment,
    Members,
    RunScores,
    SubmissionRecord,
    load_environment,
    load_members,
    load_scores,
    load_submission_record,
)
from foldline.runs.fold_record import FoldRecord
from foldline.runs.metrics_log import load_metrics
from foldline.runs.out_of_fold import OutOfFold, load_out_of_fold
from foldline.runs.paths import RunFolder
from foldline.runs.submission import Submission, SubmissionProbs, load_probs, load_submission

Read = TypeVar("Read")


@dataclass(frozen=True)
class RunRecord:
    """What the folder of a run holds; a file is read when it is first asked for, and never again.

    What is absent is None. What is damaged is None too, and a line in `problems`; nothing here
    raises but `require`, and the command decides whether to stop or to warn. A run with `members`
    is an average of others: it has scores for each fold, but neither networks nor epochs.
    """

    folder: RunFolder
    _damage: dict[Path, UserError] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def load(cls, path: Path) -> "RunRecord":
        """Return the record of the run in the folder `path`, which may be anything or nothing."""
        return cls(RunFolder(path))

    @property
    def name(self) -> str:
        return self.folder.path.name

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def problems(self) -> tuple[str, ...]:
        """A line for each damaged file among those that were asked for."""
        return tuple(error.faults[0] for error in self._damage.values())

    def require(self) -> tuple[Config, Environment]:
        """Ask for all small files, and return what every run has.

        Raises `UserError` where `config.yaml` or `environment.json` is missing or damaged.
        """
        config, environment = self.config, self.environment
        for path in (self.folder.config, self.folder.environment):
            if not path.exists():
                raise UserError(f"{self.path}: not a run, as it has no {path.name}")
            if path in self._damage:
                raise self._damage[path]
        assert config is not None
        assert environment is not None
        _ = self.scores, self.members, self.folds, self.submission
        return config, environment

    @cached_property
    def config(self) -> Config | None:
        return self._read(self.folder.config, _load_config)

    @cached_property
    def environment(self) -> Environment | None:
        return self._read(self.folder.environment, load_environment)

    @cached_property
    def scores(self) -> RunScores | None:
        """The scores of the finished folds, and of all of them joined."""
        return self._read(self.folder.scores, load_scores)

    @cached_property
    def members(self) -> Members | None:
        """The runs that it averages; None for one that was trained."""
        return self._read(self.folder.members, load_members)

    @cached_property
    def submission(self) -> SubmissionRecord | None:
        """What made `submission.csv`."""
        return self._read(self.folder.submission_record, load_submission_record)

    @cached_property
    def folds(self) -> tuple[FoldRecord, ...]:
        """The folds that were begun."""
        scored = self.scores.folds if self.scores else {}
        if self.members:
            return tuple(FoldRecord(fold, True, scored[fold]) for fold in sorted(scored))
        histories = {
            fold: self._read(self.folder.fold(fold).metrics, load_metrics) or ()
            for fold in self.folder.list_folds()
        }
        return tuple(
            FoldRecord(fold, self.folder.fold(fold).is_finished, scored.get(fold), history)
            for fold, history in histories.items()
        )

    @cached_property
    def out_of_fold(self) -> OutOfFold | None:
        """The answers in `oof.csv`, in the order of the prepared table."""
        return self._read(self.folder.oof, load_out_of_fold)

    @cached_property
    def out_of_fold_by_fold(self) -> OutOfFold | None:
        """The answers of all finished folds, joined yet or not, fold after fold."""
        if self.members:
            whole = self.out_of_fold
            if whole is None:
                return None
            return OutOfFold(whole.table.sort_values("fold", kind="stable", ignore_index=True))
        parts = []
        for fold in self.finished:
            part = self._read(self.folder.fold(fold).oof, partial(load_out_of_fold, fold=fold))
            if part is None:
                return None
            parts.append(part)
        if len({tuple(part.class_names) for part in parts}) > 1:
            error = UserError(f"{self.path}: its folds have other classes; train it again")
            self._damage[self.path] = error
            return None
        return OutOfFold(pd.concat([part.table for part in parts], ignore_index=True))

    @cached_property
    def probs(self) -> SubmissionProbs | None:
        """The probabilities of the test pictures, in `probs.csv`."""
        return self._read(self.folder.probs, load_probs)

    @cached_property
    def answers(self) -> Submission | None:
        """What `submission.csv` says."""
        return self._read(self.folder.submission, load_submission)

    @cached_property
    def sha256(self) -> str | None:
        """Of `submission.csv` as it is now."""
        if not self.has_submission:
            return None
        return compute_sha256(self.folder.submission.read_bytes())

    @property
    def has_submission(self) -> bool:
        return self.folder.submission.is_file()

    @property
    def is_as_written(self) -> bool:
        """Whether `submission.csv` still is the file that `submission.json` is about."""
        written = self.submission.submission_sha256 if self.submission else None
        return self.sha256 is not None and self.sha256 == written

    @property
    def is_overridden(self) -> bool:
        """Whether the gate stopped the submission and was overridden."""
        return bool(self.submission and self.submission.overridden)

    @property
    def unread(self) -> tuple[str, ...]:
        """The ids of test pictures that nobody could look at."""
        return self.submission.unread if self.submission else ()

    @property
    def metric(self) -> Metric:
        """What the run is ranked and compared by; the default one where no file says."""
        chosen = self.scores or self.config or Config()
        return METRICS[chosen.metric]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics, the run's own first."""
        return (self.metric, *(each for each in METRICS.values() if each is not self.metric))

    @property
    def score(self) -> float | None:
        """By the run's metric, out of fold, of the folds joined."""
        return self.scores.joined.get(self.metric.key) if self.scores else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of `score` by person."""
        return self.scores.interval if self.scores else None

    def compute_spread(self, metric: Metric) -> tuple[float, float] | None:
        """Return mean and standard deviation of `metric` over the scored folds, if two or more."""
        scored = self.scores.folds.values() if self.scores else ()
        values = [of_fold[metric.key] for of_fold in scored if metric.key in of_fold]
        return (statistics.mean(values), statistics.stdev(values)) if len(values) > 1 else None

    @property
    def seal(self) -> str | None:
        return self.environment.seal if self.environment else None

    @property
    def scoring_seal(self) -> str | None:
        return self.environment.scoring_seal if self.environment else None

    @property
    def num_folds(self) -> int | None:
        """Of the prepared table; an older version did not record it."""
        return self.environment.num_folds if self.environment else None

    @property
    def finished(self) -> tuple[int, ...]:
        """The folds that are trained to the end, or that all members have."""
        return tuple(fold.fold for fold in self.folds if fold.is_finished)

    @property
    def is_finished(self) -> bool:
        """Whether every fold is trained to the end, as far as can be known."""
        if self.members:
            return True
        return len(self.finished) == (self.num_folds or max(1, len(self.folds)))

    @property
    def seconds(self) -> float:
        """Of training and validation, all folds together."""
        return sum(fold.seconds for fold in self.folds)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings by dotted key, such as `train.optimizer.lr`.

        All of them, with today's defaults for those that an older version did not have; only
        those that `config.yaml` names for an average, and for a file of another version.
        """
        if self.config and not self.members:
            return flatten_settings(self.config.model_dump(mode="json"))
        return self._written_settings

    @property
    def data_name(self) -> str:
        """What the data go by that the run was made for."""
        name, root = (self._written_settings.get(f"data.{key}") for key in ("name", "root"))
        return name_data(name, Path(root)) if isinstance(root, str) else "unknown data"

    def describe_folds(self) -> str:
        """Return how many folds are finished: `2 of 5`."""
        return f"{len(self.finished)} of {self.num_folds or '?'}"

    @property
    def next_command(self) -> str | None:
        """What takes the run on: train what is not finished, then answer the test pictures."""
        if self.members:
            return None
        if self.is_finished:
            return format_command("infer", config=self.folder.config)
        limited = self.config is not None and self.config.train.folds is not None
        settings = ["train.folds=null"] if limited else []
        return format_command("train", config=self.folder.config, settings=settings)

    @cached_property
    def _written_settings(self) -> dict[str, Any]:
        """What `config.yaml` names, whatever version wrote it."""
        try:
            values = load_plain_yaml(self.folder.config.read_text(encoding="utf-8"))
        except (OSError, ValueError, PlainYamlError):
            return {}
        return flatten_settings(values) if isinstance(values, dict) else {}

    def _read(self, path: Path, load: Callable[[Path], Read | None]) -> Read | None:
        if not path.exists():
            return None
        try:
            return load(path)
        except UserError as error:
            self._damage.setdefault(path, error)
            return None


def _load_config(path: Path) -> Config:
    try:
        return load_config(path)
    except UserError as error:
        raise UserError(f"{path}: of another version of foldline", *error.faults) from None
