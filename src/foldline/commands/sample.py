from pathlib import Path

import click

from foldline.options import Settings, takes_settings


@click.command("sample")
@takes_settings()
def command(settings: Settings) -> None:
    """Draw the sample competition under inputs/sample.

    A recipe or data.root may name another folder.
    """
    from foldline.preparing.sample import run_sample

    config = settings.load()
    # without either, data.root is where the real competition lies
    is_told = settings.path or any(
        item.startswith(("data.root=", "data=")) for item in settings.overrides
    )
    run_sample(config.sample, config.data.root if is_told else Path("inputs/sample"))
