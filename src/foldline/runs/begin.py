"""Begin a run, or find the one that the same configuration has begun on the same table."""

import platform
import subprocess
import uuid
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from foldline.command_line import repeat
from foldline.config import Config
from foldline.config.faults import show_value
from foldline.config.recipe import dump_config, flatten_settings, load_config, load_recorded_config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.files import is_folder, write_json, write_text
from foldline.runs.paths import RunFolder

# the settings that make a run what it is, beside the table that the seal stands for: of `data` only
# how pictures are looked at, of `train` all but what changes neither weights nor scores
_DATA_KEYS = ("image_size", "crop")
_FREE_TRAIN_KEYS = ("folds", "workers")

_LIBRARIES = ("foldline", "torch", "torchvision", "albumentations", "accelerate", "numpy", "pillow")


def choose_folds(key: str, chosen: Sequence[int] | None, num_folds: int) -> list[int]:
    """Return the folds of `key`, or all. Raises `UserError` for a fold out of range."""
    for fold in chosen or ():
        if fold >= num_folds:
            raise UserError(f"{key}: there is no fold {fold}; expected 0 to {num_folds - 1}")
    return sorted(set(chosen)) if chosen else list(range(num_folds))


def find_run(config: Config, prepared: Prepared) -> RunFolder | None:
    """Return the folder of `config.run` where the same configuration has begun it, or None.

    Raises `UserError` when another configuration or another table began it, and for an average.
    """
    run = RunFolder(config.run_dir)
    _refuse_average(run)
    if run.environment.is_file() and run.config.is_file():
        check_seal(run, prepared, config)
        differing = list(_list_differences(load_recorded_config(run.config), config))
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
    """Return the folder of `config.run`, whose networks are to look at pictures.

    Raises `UserError` unless it was trained on this table, and for pictures that are not there.
    """
    run = RunFolder(config.run_dir)
    if not run.environment.is_file():
        raise UserError(f"{run.path}: no such run; make it with: {repeat('train')}")
    _refuse_average(run)
    check_seal(run, prepared, config)
    if not is_folder(config.data.root):
        raise UserError(f"{config.data.root}: the folder of pictures, data.root, is not there")
    return run


def _refuse_average(run: RunFolder) -> None:
    if run.members.exists():
        raise UserError(
            f"{run.path}: an average of other runs, without folds or networks of its own; take "
            "another name, or the runs that members.json names"
        )


def begin_run(config: Config, prepared: Prepared, device: str) -> RunFolder:
    """Create the folder of a new run with `config.yaml` and `environment.json`."""
    run = RunFolder(config.run_dir)
    write_text(run.config, dump_config(config))
    write_json(run.environment, _describe_environment(prepared, device, config.model.source))
    return run


def check_seal(run: RunFolder, prepared: Prepared, config: Config) -> None:
    """Raise `UserError` if the run was made on another table than the one prepared now."""
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
    """Return the prepared table that the run's own configuration names, where it can be read."""
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
