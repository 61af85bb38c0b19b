"""`foldline show`."""

from pathlib import Path

import click

from foldline.config import RUNS_DIR
from foldline.errors import UserError
from foldline.options import takes_settings


@click.command("show")
@takes_settings("[RUN | key=value]...")
def command(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Print the resolved configuration, or a run."""
    runs = [word for word in overrides if "=" not in word]
    if not runs:
        from foldline.config.recipe import dump_config, load_config

        click.echo(dump_config(load_config(path, overrides)), nl=False)
        return
    if len(overrides) > 1 or path is not None:
        raise UserError(
            f"show: {runs[0]} is taken for a run, which is shown alone; settings are key=value"
        )
    from foldline.reporting.show_run import run_show
    from foldline.runs.listing import find_run_path

    run_show(find_run_path(runs[0], RUNS_DIR))
