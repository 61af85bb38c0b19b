"""Options and arguments that several commands share."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from foldline.command_line import choose, remember, split_settings
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


def takes_settings(words: str = "[key=value]...") -> Callable[[Callable[..., None]], Any]:
    """Give a command --config, --set and `words`, and call it with `path` and `overrides`."""

    def decorate(command: Callable[..., None]) -> Any:
        @click.option(
            "--config", "path", type=typed_path, metavar="PATH", help="a recipe under configs/"
        )
        @click.option(
            "--set",
            "text",
            default="",
            help="settings in one text: 'train.epochs=5 train.folds=[0, 2]'",
        )
        @click.argument("overrides", nargs=-1, metavar=words)
        @functools.wraps(command)
        def call(path: Path | None, text: str, overrides: Sequence[str], **rest: Any) -> None:
            settings = (*split_settings(text), *overrides)
            remember(path, settings)
            try:
                command(path=path, overrides=settings, **rest)
            finally:
                remember()

        return call

    return decorate
