"""What runs left behind: their scores, out-of-fold answers and submissions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foldline.config import name_data
from foldline.errors import UserError
from foldline.files import compute_sha256
from foldline.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.scoring.metrics import Labels, Probs
from foldline.scoring.out_of_fold import OutOfFold, load_out_of_fold
from foldline.scoring.submission import load_submission

RUNS = Path("outputs/runs")


@dataclass(frozen=True)
class Result:
    """The folder of one run, read as far as it is there."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def submission(self) -> Path:
        return self.path / "submission.csv"

    @cached_property
    def papers(self) -> dict[str, Any]:
        """`submission.json`, or nothing."""
        return _load_json(self.path / "submission.json")

    @cached_property
    def seal(self) -> str | None:
        seal = _load_json(self.path / "environment.json").get("seal")
        return str(seal) if seal else None

    @cached_property
    def macro_f1(self) -> float | None:
        """Out of fold, of the folds joined."""
        try:
            return float(_load_json(self.path / "scores.json")["out_of_fold"]["macro_f1"])
        except (KeyError, TypeError, ValueError):
            return None

    @cached_property
    def sha256(self) -> str | None:
        """Of `submission.csv` as it is now."""
        if not self.submission.is_file():
            return None
        return compute_sha256(self.submission.read_bytes())

    @property
    def is_as_written(self) -> bool:
        """Whether `submission.csv` still is what infer wrote."""
        return self.sha256 is not None and self.sha256 == self.papers.get("submission_sha256")

    @cached_property
    def data_name(self) -> str:
        """What the data go by that the run was trained on."""
        try:
            config = load_plain_yaml((self.path / "config.yaml").read_text(encoding="utf-8"))
            data = config["data"]
            return name_data(data.get("name"), Path(data["root"]))
        except (OSError, UnicodeDecodeError, PlainYamlError, KeyError, TypeError, AttributeError):
            return "unknown data"

    def load_out_of_fold(self) -> OutOfFold | None:
        """None where there is none, or none that can be read."""
        try:
            return load_out_of_fold(self.path / "oof.csv")
        except UserError:
            return None

    def load_answers(self) -> dict[str, str] | None:
        """The answer of every id in `submission.csv`; None for a file that cannot be read."""
        try:
            given = load_submission(self.submission)
        except UserError:
            return None
        return dict(zip(given.ids, given.answers, strict=True))


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
        and not one.papers.get("overridden")
        and (besides is None or one.path.resolve() != besides.resolve())
    ]
    yield from sorted(other, key=lambda one: (-(one.macro_f1 or 0.0), one.name))


def find_owner(path: Path) -> Result | None:
    """The run whose submission the file `path` is: by its folder, else by its bytes."""
    beside = Result(path.parent)
    if beside.papers:
        return beside
    sha256 = compute_sha256(path.read_bytes())
    owners = [one for one in list_results() if one.papers.get("submission_sha256") == sha256]
    return owners[0] if owners else None


def load_probs(path: Path, ids: list[str]) -> Probs | None:
    """The probabilities in `probs.csv`, in the order of `ids`; None where not all are there."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table = table.set_index(table.columns[0])
        if not table.index.is_unique or set(table.index) != set(ids):
            return None
        return table.loc[ids].to_numpy().astype(np.float64)
    except (OSError, ValueError, IndexError):
        return None


def number_answers(answers: list[str], values: tuple[int | str, ...]) -> Labels:
    """The class of each answer; every one must be among `values`."""
    number = {str(value): position for position, value in enumerate(values)}
    return np.array([number[answer] for answer in answers], dtype=np.int64)


def _load_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
