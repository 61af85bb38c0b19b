"""`foldline infer`."""

from pathlib import Path

import click

from foldline.options import takes_settings


@click.command("infer")
@click.option("--force", is_flag=True, help="write it even if the gate stops it")
@takes_settings()
def command(path: Path | None, overrides: tuple[str, ...], force: bool) -> None:
    """Average the folds into submission.csv.

    Without --config, run=NAME is answered by the settings it was trained with.
    """
    from foldline.inference.test_set import run_infer
    from foldline.runs.settings import load_run_config

    run_infer(load_run_config(path, overrides), force=force)
