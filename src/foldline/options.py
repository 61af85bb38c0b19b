"""Options and arguments that several commands share."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from foldline.command_line import choose, remember, split_settings
from foldline.config import Config
from foldline.config.values import expand_home
from foldline.errors import UserError
from foldline.spelling import find_typed


def typed_path(text: str) -> Path:
    """Return the path as it is spelled on disk, with a leading ~ expanded."""
    try:
        return Path(find_typed(expand_home(text)))
    except ValueError as error:
        raise UserError(str(error)) from None


def run_name(text: str) -> str:
    """Return the name of a run, which may be given as its folder, as shells complete it."""
    if name := Path(text).name:
        return name
    listing = choose(make="runs", foldline="runs")
    raise UserError(f"RUN: expected the name of a run; {listing} lists those there are")


@dataclass(frozen=True)
class Settings:
    """What a command was given: the recipe `path` and the `key=value` to put on top of it."""

    path: Path | None
    overrides: tuple[str, ...]

    def load(self) -> Config:
        """Return the configuration."""
        from foldline.config.recipe import load_config

        return load_config(self.path, self.overrides)

    def load_of_run(self) -> Config:
        """Return the configuration; without a recipe, that of the run that the overrides name."""
        from foldline.runs.settings import load_run_config

        return load_run_config(self.path, self.overrides)


def takes_settings(words: str = "[key=value]...") -> Callable[[Callable[..., None]], Any]:
    """Add --config, --set and `words` to a command, and call it with its `settings`."""

    def decorate(command: Callable[..., None]) -> Any:
        @click.option("--config", type=typed_path, metavar="PATH", help="a recipe under configs/")
        @click.option(
            "--set",
            "text",
            default="",
            help="settings in one text: 'train.epochs=5 train.folds=[0, 2]'",
        )
        @click.argument("overrides", nargs=-1, metavar=words)
        @functools.wraps(command)
        def call(config: Path | None, text: str, overrides: Sequence[str], **rest: Any) -> None:
            settings = Settings(config, (*split_settings(text), *overrides))
            remember(settings.path, settings.overrides)
            try:
                command(settings=settings, **rest)
            finally:
                remember()

        return call

    return decorate
