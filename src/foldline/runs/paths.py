"""Where the files of a run lie: `outputs/runs/<run>/`, one configuration on one sealed table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldline.errors import UserError
from foldline.files import compute_seal
from foldline.runs.files import Environment, load_environment


@dataclass(frozen=True)
class FoldFolder:
    """The files of one fold, which is finished once `oof` exists; `last` is small from then on."""

    path: Path

    @property
    def best(self) -> Path:
        return self.path / "best.pt"

    @property
    def last(self) -> Path:
        return self.path / "last.pt"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def oof(self) -> Path:
        return self.path / "oof.csv"

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

    def fold(self, fold: int) -> FoldFolder:
        return FoldFolder(self.path / f"fold_{fold}")

    def list_folds(self) -> Sequence[int]:
        """Return the folds that have a folder, in order."""
        folders = (each for each in self.path.glob("fold_*") if each.is_dir())
        names = (each.name.removeprefix("fold_") for each in folders)
        return sorted(int(name) for name in names if re.fullmatch("0|[1-9][0-9]{0,5}", name))

    @property
    def config(self) -> Path:
        return self.path / "config.yaml"

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def oof(self) -> Path:
        return self.path / "oof.csv"

    @property
    def scores(self) -> Path:
        return self.path / "scores.json"

    @property
    def members(self) -> Path:
        """What it averages; only a run without folds of its own has it."""
        return self.path / "members.json"

    @property
    def submission(self) -> Path:
        return self.path / "submission.csv"

    @property
    def probs(self) -> Path:
        return self.path / "probs.csv"

    @property
    def submission_record(self) -> Path:
        return self.path / "submission.json"

    @property
    def lock(self) -> Path:
        """Held while the run is begun, and while its folds are joined."""
        return self.path / ".run.lock"

    def load_environment(self) -> Environment:
        """Read `environment.json`. Raises `UserError` if it is missing or damaged."""
        environment = load_environment(self.environment)
        if environment is None:
            raise UserError(f"{self.environment}: missing; put it back, or take another run name")
        return environment

    def load_identity(self) -> str:
        """Return what tells it apart from another run of its name, whatever version began it."""
        environment = self.load_environment()
        instead = compute_seal(self.path.name.encode(), environment.seal.encode())[:12]
        return environment.identity or instead
