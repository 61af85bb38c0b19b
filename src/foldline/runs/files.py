"""What the small files of a run say, each through one model; absent is None, damage is raised."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from foldline.command_line import format_command
from foldline.metrics.scores import Scores
from foldline.records import Count, Figure, Record, Share, load_record

_Text = Annotated[str, Field(min_length=1)]


class Environment(Record):
    """`environment.json`; older versions wrote down neither scoring seal, folds nor identity."""

    seal: _Text
    scoring_seal: _Text | None = None
    num_folds: Annotated[int, Field(ge=1, le=10**6)] | None = None
    identity: _Text | None = None
    device: str = "?"
    git_revision: str | None = None
    git_changes: bool = False


class ScoresRecord(Record):
    """The scores of a whole set of answers."""

    macro_f1: Share
    accuracy: Share
    log_loss: Annotated[Figure, Field(ge=0)]

    def build_scores(self) -> Scores:
        """Return them as they are computed."""
        return Scores(self.macro_f1, self.accuracy, self.log_loss)


class OutOfFoldRecord(ScoresRecord):
    """Scores of the folds joined, with the 95 % interval of macro-F1 by person."""

    macro_f1_interval: tuple[Share, Share]


class RunScores(Record):
    """`scores.json`: each finished fold, and all of them joined."""

    folds: Annotated[dict[Count, ScoresRecord], Field(min_length=1)]
    out_of_fold: OutOfFoldRecord
    pictures: Annotated[Count, Field(ge=1)]

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        low, high = self.out_of_fold.macro_f1_interval
        if low > high:
            raise ValueError("out_of_fold.macro_f1_interval: expected the lower bound first")
        return self


class TruthRecord(Record):
    """Scores against the true answers of the test pictures."""

    macro_f1: Share


class SubmissionRecord(Record):
    """`submission.json`: what made `submission.csv`."""

    submission_sha256: str | None = None
    rows: Count | None = None
    checkpoints: list[object] | None = None
    flip: bool = False
    unread: tuple[str, ...] = ()
    truth: TruthRecord | None = None
    overridden: tuple[str, ...] = ()


def load_environment(path: Path) -> Environment | None:
    """Read `environment.json`. Raises `UserError` for a damaged one."""
    return load_record(path, Environment, remedy="put it back, or take another run name")


def load_scores(path: Path) -> RunScores | None:
    """Read `scores.json`. Raises `UserError` for a damaged one."""
    return load_record(path, RunScores, remedy=_make_again("train", path))


def load_submission_record(path: Path) -> SubmissionRecord | None:
    """Read `submission.json`. Raises `UserError` for a damaged one."""
    return load_record(path, SubmissionRecord, remedy=_make_again("infer", path))


def _make_again(stage: str, path: Path) -> str:
    """What makes the file of a run anew, with the run's own settings."""
    return f"make it again: {format_command(stage, config=path.with_name('config.yaml'))}"
