"""The settings of a command on a trained run: those it was trained with."""

import json
from collections.abc import Sequence
from pathlib import Path

from foldline.command_line import format_command, remember
from foldline.config import Config
from foldline.config.recipe import load_config
from foldline.data.prepared import SUMMARY
from foldline.errors import UserError
from foldline.runs.listing import find_run_path
from foldline.runs.paths import RunFolder


def names_run(overrides: Sequence[str]) -> bool:
    """Return whether the name of a run is among the settings."""
    return any(one.startswith("run=") for one in overrides)


def load_run_config(
    path: Path | None, overrides: Sequence[str], *, must_exist: bool = True
) -> Config:
    """Return the configuration of a command on a trained run.

    Without a recipe `path` the `overrides` are laid over the settings of the run itself, so that
    its name is enough whatever it was trained on. Raises `UserError` if a named run is not there,
    though it `must_exist`, and if its table is not prepared.
    """
    if path is not None:
        return load_config(path, overrides)
    # without the others, which may be right for the run and wrong for the defaults
    named = [one for one in overrides if one.startswith("run=")]
    run = RunFolder(load_config(None, named).run_dir)
    if not run.config.is_file():
        if must_exist and named:
            find_run_path(run.path.name, run.path.parent)
        return load_config(None, overrides)
    remember(run.config, overrides)
    name = json.dumps(run.path.name, ensure_ascii=False)
    config = load_config(run.config, [*overrides, f"run={name}"])
    require_table(config, run)
    return config


def require_table(config: Config, run: RunFolder) -> None:
    """Raise `UserError`, with the command that makes it, if the table of `run` is not there."""
    if not (config.prepared_dir / SUMMARY).is_file():
        raise UserError(
            f"{config.prepared_dir}: the table that {run.path} was trained on is not there; make "
            f"it with: {format_command('prepare', config=run.config)}"
        )
