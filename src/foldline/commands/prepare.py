"""`foldline prepare`."""

from pathlib import Path

import click

from foldline.options import takes_settings


@click.command("prepare")
@takes_settings()
def command(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Read labels, check the pictures, assign the folds."""
    from foldline.config.recipe import load_config
    from foldline.preparing.prepare import run_prepare

    run_prepare(load_config(path, overrides))
