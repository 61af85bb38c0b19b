"""`foldline advise`."""

from pathlib import Path

import click

from foldline.options import takes_settings


@click.command("advise")
@takes_settings()
def command(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Say which part of the network to train, and why."""
    from foldline.advising.advise import run_advise
    from foldline.config.recipe import load_config

    run_advise(load_config(path, overrides))
