"""`foldline train`."""

from pathlib import Path

import click

from foldline.options import takes_settings


@click.command("train")
@takes_settings()
def command(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Train every fold; go on where it was stopped."""
    from foldline.config.recipe import load_config
    from foldline.training.run import run_train

    run_train(load_config(path, overrides))
