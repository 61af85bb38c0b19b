"""Where the files of a run lie: `outputs/runs/<run>/`, one configuration on one sealed table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldline.errors import UserError
from foldline.files import compute_seal
from foldline.runs.files import Environment


class _File:
    """A file of a folder, by its name there."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, folder: "FoldFolder | RunFolder", owner: type) -> Path:
        return folder.path / self.name


@dataclass(frozen=True)
class FoldFolder:
    """The files of one fold, which is finished once `oof` exists; `last` is small from then on."""

    path: Path

    best = _File("best.pt")
    last = _File("last.pt")
    metrics = _File("metrics.jsonl")
    oof = _File("oof.csv")

    @property
    def lock(self) -> Path:
        """Held by the process that trains the fold."""
        return self.path.with_name(f".{self.path.name}.lock")

    @property
    def is_finished(self) -> bool:
        return self.oof.is_file()

    @property
    def is_begun(self) -> bool:
        """Whether training has begun, so that it needs no weights to start from."""
        return self.last.is_file() or self.is_finished


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    config = _File("config.yaml")
    environment = _File("environment.json")
    oof = _File("oof.csv")
    scores = _File("scores.json")
    members = _File("members.json")  # the runs it averages, if it has no folds of its own
    submission = _File("submission.csv")
    submission_record = _File("submission.json")
    probs = _File("probs.csv")
    lock = _File(".run.lock")  # held while the run is begun, and while its folds are joined

    def fold(self, fold: int) -> FoldFolder:
        return FoldFolder(self.path / f"fold_{fold}")

    def list_folds(self) -> Sequence[int]:
        """Return the folds that have a folder, in order."""
        folders = (each for each in self.path.glob("fold_*") if each.is_dir())
        names = (each.name.removeprefix("fold_") for each in folders)
        return sorted(int(name) for name in names if re.fullmatch("0|[1-9][0-9]{0,5}", name))

    def load_environment(self) -> Environment:
        """Read `environment.json`. Raises `UserError` if it is missing or damaged."""
        environment = Environment.load(self.environment)
        if environment is None:
            raise UserError(f"{self.environment}: missing; put it back, or take another run name")
        return environment

    def load_identity(self) -> str:
        """Return what tells the run from others of its name, whatever version began it."""
        environment = self.load_environment()
        instead = compute_seal(self.path.name.encode(), environment.seal.encode())[:12]
        return environment.identity or instead
