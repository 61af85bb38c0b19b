"""`outputs/runs/<run>/`: one configuration on one sealed table."""

import platform
import subprocess
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from foldline.command_line import repeat
from foldline.config import Config
from foldline.config.faults import show_value
from foldline.config.recipe import dump_config, load_config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.files import compute_seal, write_json, write_text
from foldline.runs.files import Environment, load_environment

# what a run is made of beside its table, which the seal stands for: of `data` only how pictures
# are looked at, of `train` all but what changes neither weights nor scores
_DATA_KEYS = ("image_size", "crop")
_FREE_TRAIN_KEYS = ("folds", "workers")

_LIBRARIES = ("foldline", "torch", "torchvision", "albumentations", "accelerate", "numpy", "pillow")


@dataclass(frozen=True)
class FoldFolder:
    """The files of one fold; it is finished once `oof` is there, and `last` is small then."""

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
        """Whether it needs no weights to start from: it goes on, or is finished."""
        return self.last.is_file() or self.is_finished


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    def fold(self, fold: int) -> FoldFolder:
        return FoldFolder(self.path / f"fold_{fold}")

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
    def submission(self) -> Path:
        return self.path / "submission.csv"

    @property
    def lock(self) -> Path:
        """Held while the run is begun, and while its folds are joined."""
        return self.path / ".run.lock"

    @property
    def submission_record(self) -> Path:
        return self.path / "submission.json"

    def load_environment(self) -> Environment:
        """Read `environment.json`. Raises `UserError` where it is missing or damaged."""
        environment = load_environment(self.environment)
        if environment is None:
            raise UserError(f"{self.environment}: missing; put it back, or take another run name")
        return environment

    def load_identity(self) -> str:
        """What tells it apart from another run of its name; an older version wrote none down."""
        environment = self.load_environment()
        instead = compute_seal(self.path.name.encode(), environment.seal.encode())[:12]
        return environment.identity or instead


def choose_folds(key: str, chosen: Sequence[int] | None, num_folds: int) -> list[int]:
    """The folds of `key`, or all. Raises `UserError` for one that the table does not have."""
    for fold in chosen or ():
        if fold >= num_folds:
            raise UserError(f"{key}: there is no fold {fold}; expected 0 to {num_folds - 1}")
    return sorted(set(chosen)) if chosen else list(range(num_folds))


def find_run(config: Config, prepared: Prepared) -> RunFolder | None:
    """The folder of `config.run` where the same configuration has begun it; None for a new one.

    Raises `UserError` when another configuration or another table began it.
    """
    run = RunFolder(config.run_dir)
    if run.environment.is_file() and run.config.is_file():
        check_seal(run, prepared, config)
        differing = list(_list_differences(_load_config(run.config), config))
        if differing:
            raise UserError(
                f"{run.path} was trained with another configuration; take another name "
                f"(run={config.run}-2) or the old values:",
                *differing,
            )
        return run
    if run.path.exists() and any(run.path.glob("fold_*")):
        raise UserError(
            f"{run.path} holds folds but not both config.yaml and environment.json; "
            f"take another name (run={config.run}-2) or move that folder away"
        )
    return None


def require_run(config: Config, prepared: Prepared) -> RunFolder:
    """The folder of `config.run`, trained on this table. Raises `UserError` where it is not."""
    run = RunFolder(config.run_dir)
    if not run.environment.is_file():
        raise UserError(f"{run.path}: no such run; make it with: {repeat('train')}")
    check_seal(run, prepared, config)
    return run


def begin_run(config: Config, prepared: Prepared, device: str) -> RunFolder:
    """Make the folder of a new run."""
    run = RunFolder(config.run_dir)
    write_text(run.config, dump_config(config))
    write_json(run.environment, _describe_environment(prepared, device, config.model.source))
    return run


def _load_config(path: Path) -> Config:
    try:
        return load_config(path)
    except UserError as error:
        raise UserError(
            f"{path}: of another version of foldline; take another run name", *error.faults
        ) from None


def check_seal(run: RunFolder, prepared: Prepared, config: Config) -> None:
    """Raise `UserError` when the run was made on another table than the one prepared now."""
    seal = run.load_environment().seal
    if seal != prepared.seal:
        own = _find_table(run)
        if own not in (None, config.prepared_dir):
            raise UserError(
                f"{run.path} was trained on {own}, not on {config.prepared_dir}; take its own "
                f"settings, CONFIG={run.config}, or another name (run={config.run}-2)"
            )
        raise UserError(
            f"{run.path} was trained on the table sealed {seal[:12]}, but {config.prepared_dir} "
            f"is now sealed {prepared.seal[:12]}; prepare with the settings in {run.config}, "
            f"or take another name (run={config.run}-2)"
        )


def _find_table(run: RunFolder) -> Path | None:
    """The prepared table that the run's own configuration means, where that can be read."""
    try:
        return load_config(run.config).prepared_dir
    except UserError:
        return None


def _list_differences(old: Config, new: Config) -> Iterable[str]:
    before, after = flatten_settings(_shaping(old)), flatten_settings(_shaping(new))
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield f"{key}: {show_value(before.get(key))} there, {show_value(after.get(key))} here"


def _shaping(config: Config) -> dict[str, Any]:
    values = config.model_dump(mode="json")
    return {
        "seed": values["seed"],
        "data": {key: values["data"][key] for key in _DATA_KEYS},
        "model": values["model"],
        "train": {k: v for k, v in values["train"].items() if k not in _FREE_TRAIN_KEYS},
    }


def flatten_settings(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by their dotted keys, such as `train.augment[0].name`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= flatten_settings(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            for position, each in enumerate(value):
                flat |= flatten_settings(each, f"{prefix}{key}[{position}].")
        else:
            flat[prefix + key] = value
    return flat


def _describe_environment(prepared: Prepared, device: str, source: str) -> dict[str, Any]:
    libraries = dict.fromkeys([*_LIBRARIES, source])
    return {
        "seal": prepared.seal,
        "scoring_seal": prepared.scoring_seal,
        "num_folds": prepared.num_folds,
        "identity": uuid.uuid4().hex[:12],
        "device": device,
        "git_revision": _ask_git("rev-parse", "HEAD"),
        "git_changes": bool(_ask_git("status", "--porcelain", "--untracked-files=no")),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: version(name) for name in libraries},
    }


def _ask_git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
