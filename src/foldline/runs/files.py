"""The small files of a run, each read through one model: absent is None, damage is raised."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from foldline.command_line import format_command
from foldline.config.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.config.recipe import flatten_settings
from foldline.metrics.metric import METRICS, Metric
from foldline.records import INNER, LARGEST_FIGURE, Count, Figure, Record, load_record

_Text = Annotated[str, Field(min_length=1)]


def select_scores(given: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores among other values, by metric.

    Raises a pydantic error naming the first score that is out of its metric's range.
    """
    scores = {key: given[key] for key in METRICS if key in given}
    for key, score in scores.items():
        _check_score(key, score, METRICS[key])
    return scores


def check_figure(key: str, figure: Any) -> None:
    """Raise a pydantic error if `figure` is not a number that a run may record."""
    if not isinstance(figure, int | float):
        raise PydanticCustomError(INNER, f"{key}: expected a number")
    if not abs(figure) <= LARGEST_FIGURE:
        raise PydanticCustomError(INNER, f"{key}: expected a finite number")


def _check_score(key: str, score: Any, metric: Metric) -> None:
    check_figure(key, score)
    if not metric.is_possible(score):
        low, high = metric.range
        raise PydanticCustomError(INNER, f"{key}: expected a number from {low:g} to {high:g}")


def _select_joined(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scores among other values, and the intervals that go with them."""
    selected: dict[str, Any] = select_scores(given)
    for metric in METRICS.values():
        if (key := metric.interval_key) not in given:
            continue
        interval = given[key]
        if not isinstance(interval, list | tuple) or len(interval) != 2:
            raise PydanticCustomError(INNER, f"{key}: expected two numbers")
        for place, bound in enumerate(interval):
            _check_score(f"{key}.{place}", bound, metric)
        if interval[0] > interval[1]:
            raise PydanticCustomError(INNER, f"{key}: expected the lower bound first")
        selected[key] = tuple(interval)
    return selected


Scores = Annotated[dict[str, Any], AfterValidator(select_scores)]


def load_settings(path: Path) -> dict[str, Any]:
    """Return the settings in a `config.yaml` of any version, by dotted key; none if damaged."""
    try:
        values = load_plain_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, PlainYamlError):
        return {}
    return flatten_settings(values) if isinstance(values, dict) else {}


class RunFile(Record):
    """A file of a run; `remedy` ends the message about a damaged one."""

    remedy: ClassVar[str]

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read it; return None if it is not there. Raises `UserError` if it is damaged."""
        commands = {
            stage: format_command(stage, config=path.with_name("config.yaml"))
            for stage in ("train", "infer")
        }
        return load_record(path, cls, remedy=cls.remedy.format(**commands))


class Environment(RunFile):
    """`environment.json`; older versions recorded no scoring seal, number of folds or identity."""

    remedy = "put it back, or take another run name"

    seal: _Text
    scoring_seal: _Text | None = None
    num_folds: Annotated[int, Field(ge=1, le=10**6)] | None = None
    identity: _Text | None = None
    device: str = "?"
    git_revision: str | None = None
    git_changes: bool = False


class RunScores(RunFile):
    """`scores.json`: of each finished fold and of all joined; older versions recorded no metric.

    `out_of_fold` also has the 95 % interval of the metric by person, as `<metric>_interval`.
    """

    remedy = "make it again: {train}"

    metric: str = "macro_f1"
    folds: Annotated[dict[Count, Scores], Field(min_length=1)]
    out_of_fold: Annotated[dict[str, Any], AfterValidator(_select_joined)]
    pictures: Annotated[Count, Field(ge=1)]

    @property
    def joined(self) -> dict[str, float]:
        """The scores of the folds joined."""
        return {key: value for key, value in self.out_of_fold.items() if key in METRICS}

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the metric."""
        low, high = self.out_of_fold[METRICS[self.metric].interval_key]
        return low, high

    @model_validator(mode="after")
    def _check_metric(self) -> Self:
        parts = {f"folds.{fold}": scores for fold, scores in self.folds.items()}
        parts["out_of_fold"] = self.out_of_fold
        for where, scores in parts.items():
            if self.metric not in scores:
                raise ValueError(f"{where}.{self.metric}: missing")
        if (key := f"{self.metric}_interval") not in self.out_of_fold:
            raise ValueError(f"out_of_fold.{key}: missing")
        return self


class Member(Record):
    """A run in an average, with its weight; only the proportions of weights count."""

    run: _Text
    weight: Annotated[Figure, Field(gt=0)]


class Members(RunFile):
    """`members.json`: the runs that a run averages instead of having folds of its own."""

    remedy = "put it back, or average the runs again"

    members: Annotated[tuple[Member, ...], Field(min_length=1)]

    def describe(self) -> str:
        """Return the names with the shares: `0.75 a + 0.25 b`."""
        whole = sum(member.weight for member in self.members)
        return " + ".join(f"{member.weight / whole:.3g} {member.run}" for member in self.members)


class SubmissionRecord(RunFile):
    """`submission.json`: what made `submission.csv`."""

    remedy = "make it again: {infer}"

    submission_sha256: str | None = None
    rows: Count | None = None
    checkpoints: list[object] | None = None
    flip: bool = False
    unread: tuple[str, ...] = ()
    histogram: dict[str, Count] = Field({})
    truth: Scores | None = None
    overridden: tuple[str, ...] = ()
