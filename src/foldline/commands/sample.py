"""`foldline sample`."""

from pathlib import Path

import click

from foldline.options import takes_settings


@click.command("sample")
@takes_settings()
def command(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Draw the sample competition under inputs/sample.

    A recipe or data.root may name another folder.
    """
    from foldline.config.recipe import load_config
    from foldline.preparing.sample import run_sample

    config = load_config(path, overrides)
    # without either, data.root is where the real competition lies
    is_told = path or any(item.startswith(("data.root=", "data=")) for item in overrides)
    run_sample(config.sample, config.data.root if is_told else Path("inputs/sample"))
