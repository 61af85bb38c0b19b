"""`foldline fetch`."""

from pathlib import Path

import click

from foldline.options import takes_settings


@click.command("fetch")
@takes_settings()
def command(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Get a run's checkpoints back from Weights & Biases."""
    from foldline.config.recipe import load_config
    from foldline.tracking.fetch import run_fetch

    run_fetch(load_config(path, overrides))
