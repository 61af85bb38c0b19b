"""What runs left behind: their scores, out-of-fold answers and submissions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from foldline import console
from foldline.config import name_data
from foldline.config.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.errors import UserError
from foldline.files import compute_sha256
from foldline.metrics.counts import Labels, Probs
from foldline.runs.files import (
    SubmissionRecord,
    load_environment,
    load_scores,
    load_submission_record,
)
from foldline.runs.out_of_fold import OutOfFold, load_out_of_fold, read_probs
from foldline.runs.submission import load_submission
from foldline.tables import read_table

RUNS = Path("outputs/runs")

Read = TypeVar("Read")


@dataclass(frozen=True)
class Result:
    """The folder of one run, read as far as it is there: what is damaged is warned of, once."""

    path: Path
    _warned: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def submission(self) -> Path:
        return self.path / "submission.csv"

    @cached_property
    def papers(self) -> SubmissionRecord | None:
        """`submission.json`, if there is one."""
        return self._read(lambda: load_submission_record(self.path / "submission.json"))

    @property
    def unread(self) -> tuple[str, ...]:
        """The ids of test pictures that nobody could look at."""
        return self.papers.unread if self.papers else ()

    @property
    def is_overridden(self) -> bool:
        """Whether the gate stopped the submission and was overridden."""
        return bool(self.papers and self.papers.overridden)

    @cached_property
    def seal(self) -> str | None:
        environment = self._read(lambda: load_environment(self.path / "environment.json"))
        return environment.seal if environment else None

    @cached_property
    def macro_f1(self) -> float | None:
        """Out of fold, of the folds joined."""
        scores = self._read(lambda: load_scores(self.path / "scores.json"))
        return scores.joined.get("macro_f1") if scores else None

    @cached_property
    def sha256(self) -> str | None:
        """Of `submission.csv` as it is now."""
        if not self.submission.is_file():
            return None
        return compute_sha256(self.submission.read_bytes())

    @property
    def is_as_written(self) -> bool:
        """Whether `submission.csv` still is what infer wrote."""
        written = self.papers.submission_sha256 if self.papers else None
        return self.sha256 is not None and self.sha256 == written

    @cached_property
    def data_name(self) -> str:
        """What the data go by that the run was trained on."""
        try:
            config = load_plain_yaml((self.path / "config.yaml").read_text(encoding="utf-8"))
            data = config["data"]
            return str(name_data(data.get("name"), Path(data["root"])))
        except (OSError, ValueError, PlainYamlError, KeyError, TypeError, AttributeError):
            return "unknown data"

    def load_out_of_fold(self) -> OutOfFold | None:
        """None where there is none, or none that can be read."""
        path = self.path / "oof.csv"
        return self._read(lambda: load_out_of_fold(path)) if path.exists() else None

    def load_answers(self) -> dict[str, str] | None:
        """The answer of every id in `submission.csv`; None for a file that cannot be read."""
        given = self._read(lambda: load_submission(self.submission))
        return dict(zip(given.ids, given.answers, strict=True)) if given else None

    def _read(self, load: Callable[[], Read | None]) -> Read | None:
        try:
            return load()
        except UserError as error:
            if error.faults[0] not in self._warned:
                self._warned.add(error.faults[0])
                console.warn(f"{error.faults[0]}; until then {self.name} does without it")
            return None


def list_results() -> list[Result]:
    """Every run under `outputs/runs`, by name."""
    return [Result(path) for path in sorted(RUNS.glob("*")) if path.is_dir()]


def find_reference(seal: str, *, besides: Path | None) -> Iterator[Result]:
    """Runs on the table sealed `seal` with an untouched submission, best out-of-fold score first.

    Left out are the run in the folder `besides` and submissions that the gate was overridden for.
    """
    other = [
        one
        for one in list_results()
        if one.seal == seal
        and one.macro_f1 is not None
        and one.is_as_written
        and not one.is_overridden
        and (besides is None or one.path.resolve() != besides.resolve())
    ]
    yield from sorted(other, key=lambda one: (-(one.macro_f1 or 0.0), one.name))


def find_owner(path: Path) -> Result | None:
    """The run whose submission the file `path` is: by its folder, else by its bytes."""
    beside = Result(path.parent)
    if beside.papers:
        return beside
    sha256 = compute_sha256(path.read_bytes())
    for one in list_results():
        if one.papers and one.papers.submission_sha256 == sha256:
            return one
    return None


def load_probs(path: Path, ids: list[str]) -> Probs | None:
    """The probabilities in `probs.csv`, in the order of `ids`; None where not all are there.

    A damaged file is warned of.
    """
    if not path.exists():
        return None
    try:
        table = read_table(path)
        probs = read_probs(path, table, first=1) if table.rows else None
    except UserError as error:
        console.warn(error.faults[0])
        return None
    place = {row[0]: number for number, row in enumerate(table.rows)}
    if probs is None or len(place) != len(probs) or place.keys() != set(ids):
        return None
    return probs[[place[one] for one in ids]]


def number_answers(answers: list[str], values: tuple[int | str, ...]) -> Labels:
    """The class of each answer; every one must be among `values`."""
    number = {str(value): position for position, value in enumerate(values)}
    return np.array([number[answer] for answer in answers], dtype=np.int64)
