"""`foldline evaluate`."""

from pathlib import Path

import click

from foldline.options import takes_settings


@click.command("evaluate")
@takes_settings()
def command(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Score every kept checkpoint and name the best.

    Without --config, run=NAME is scored by the settings it was trained with.
    """
    from foldline.inference.evaluation import run_evaluate
    from foldline.runs.settings import load_run_config

    run_evaluate(load_run_config(path, overrides))
