from pathlib import Path

import click

from foldline.options import Settings, takes_settings, typed_path


@click.command("sweep")
@click.option(
    "--sweep", type=typed_path, metavar="PATH", required=True, help="under configs/sweeps"
)
@takes_settings()
def command(sweep: Path, settings: Settings) -> None:
    """Train every combination of a grid; name the winner.

    The same command started several times shares the work.
    """
    from foldline.training.sweep import run_sweep

    run_sweep(sweep, settings.path, settings.overrides)
