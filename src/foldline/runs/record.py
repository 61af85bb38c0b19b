"""The record of a run: the only reader of its folder."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from foldline.command_line import format_command
from foldline.config import Config
from foldline.config.data import name_data
from foldline.config.recipe import flatten_settings, load_recorded_config
from foldline.errors import UserError
from foldline.files import compute_sha256
from foldline.metrics.metric import METRICS, Metric
from foldline.runs.files import Environment, Members, RunScores, SubmissionRecord, load_settings
from foldline.runs.metrics_log import FoldRecord, load_metrics
from foldline.runs.paths import RunFolder

# pandas is only loaded where rows are read, so that a list of runs is there at once
if TYPE_CHECKING:
    from foldline.runs.out_of_fold import OutOfFold
    from foldline.runs.submission import Submission, SubmissionProbs

Read = TypeVar("Read")


@dataclass(frozen=True)
class RunRecord:
    """The content of a run's folder; each file is read once, when it is first asked for.

    What is absent is None. What is damaged is None too, and a line in `problems`; only `require`
    raises, and the command decides whether to stop or to warn. A run with `members` is an average
    of others: it has scores for each fold, but neither networks nor epochs.
    """

    folder: RunFolder
    _damage: dict[Path, UserError] = field(default_factory=dict, init=False, compare=False)

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
        """A line for each damaged file among those read so far."""
        return tuple(error.faults[0] for error in self._damage.values())

    def require(self) -> tuple[Config, Environment]:
        """Read all small files, and return the two that every run has.

        Raises `UserError` where `config.yaml` or `environment.json` is missing or damaged.
        """
        for path in (self.folder.config, self.folder.environment):
            if not path.exists():
                raise UserError(f"{self.path}: not a run, as it has no {path.name}")
        config, environment = self.config, self.environment
        if config is None or environment is None:
            raise self._damage.get(self.folder.config) or self._damage[self.folder.environment]
        _ = self.scores, self.members, self.folds, self.submission
        return config, environment

    @cached_property
    def config(self) -> Config | None:
        return self._read(self.folder.config, load_recorded_config)

    @cached_property
    def environment(self) -> Environment | None:
        return self._read(self.folder.environment, Environment.load)

    @cached_property
    def scores(self) -> RunScores | None:
        """The scores of the finished folds, and of all of them joined."""
        return self._read(self.folder.scores, RunScores.load)

    @cached_property
    def members(self) -> Members | None:
        """The runs that it averages; None for one that was trained."""
        return self._read(self.folder.members, Members.load)

    @cached_property
    def submission(self) -> SubmissionRecord | None:
        """How `submission.csv` was made."""
        return self._read(self.folder.submission_record, SubmissionRecord.load)

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
    def out_of_fold(self) -> "OutOfFold | None":
        """The answers in `oof.csv`, in the order of the prepared table."""
        from foldline.runs.out_of_fold import load_out_of_fold

        return self._read(self.folder.oof, load_out_of_fold)

    @cached_property
    def out_of_fold_by_fold(self) -> "OutOfFold | None":
        """The answers of all finished folds, joined yet or not, fold after fold."""
        if self.members:
            return self.out_of_fold and self.out_of_fold.sort_by_fold()
        if not self.finished:
            return None
        from foldline.runs.out_of_fold import load_folds

        return self._read(self.path, lambda _: load_folds(self.folder, self.finished))

    @cached_property
    def probs(self) -> "SubmissionProbs | None":
        """The probabilities of the test pictures, in `probs.csv`."""
        from foldline.runs.submission import load_probs

        return self._read(self.folder.probs, load_probs)

    @cached_property
    def answers(self) -> "Submission | None":
        """The ids and answers in `submission.csv`."""
        from foldline.runs.submission import load_submission

        return self._read(self.folder.submission, load_submission)

    @property
    def has_submission(self) -> bool:
        return self.folder.submission.is_file()

    @cached_property
    def sha256(self) -> str | None:
        """The SHA-256 of `submission.csv` as it is now."""
        return compute_sha256(self.folder.submission.read_bytes()) if self.has_submission else None

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
    def metric(self) -> Metric:
        """What the run is ranked and compared by; the default one where no file names one."""
        return METRICS[(self.scores or self.config or Config()).metric]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics, the run's own first."""
        return (self.metric, *(each for each in METRICS.values() if each is not self.metric))

    @property
    def score(self) -> float | None:
        """The score of the joined folds by the run's metric."""
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
        """The number of folds of the prepared table; None if an older version began the run."""
        return self.environment.num_folds if self.environment else None

    @property
    def finished(self) -> tuple[int, ...]:
        """The folds that are trained to the end, or that all members have."""
        return tuple(fold.fold for fold in self.folds if fold.is_finished)

    @property
    def is_finished(self) -> bool:
        """Whether every fold is trained to the end, as far as can be known."""
        num_folds = self.num_folds or max(1, len(self.folds))
        return bool(self.members) or len(self.finished) == num_folds

    @property
    def seconds(self) -> float:
        """How long all folds were trained and validated."""
        return sum(fold.seconds for fold in self.folds)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings by dotted key, such as `train.optimizer.lr`, with today's defaults.

        Only those that `config.yaml` names for an average, and for a file of another version.
        """
        if self.config and not self.members:
            return flatten_settings(self.config.model_dump(mode="json"))
        return self._written_settings

    @property
    def data_name(self) -> str:
        """The name of the competition's data."""
        name, root = (self._written_settings.get(f"data.{key}") for key in ("name", "root"))
        return name_data(name, Path(root)) if isinstance(root, str) else "unknown data"

    def describe_folds(self) -> str:
        """Return how many folds are finished: `2 of 5`."""
        return f"{len(self.finished)} of {self.num_folds or '?'}"

    @property
    def next_command(self) -> str | None:
        """The command that goes on: train what is not finished, then answer the test pictures."""
        if self.members:
            return None
        if self.is_finished:
            return format_command("infer", config=self.folder.config)
        settings = ["train.folds=null"] if self.config and self.config.train.folds else []
        return format_command("train", config=self.folder.config, settings=settings)

    @cached_property
    def _written_settings(self) -> dict[str, Any]:
        """The settings in `config.yaml`, whatever version wrote it."""
        return load_settings(self.folder.config)

    def _read(self, path: Path, load: Callable[[Path], Read | None]) -> Read | None:
        if not path.exists():
            return None
        try:
            return load(path)
        except UserError as error:
            self._damage.setdefault(path, error)
            return None
