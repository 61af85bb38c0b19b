import click

from foldline.options import Settings, takes_settings


@click.command("prepare")
@takes_settings()
def command(settings: Settings) -> None:
    """Read labels, check the pictures, assign the folds."""
    from foldline.preparing.prepare import run_prepare

    run_prepare(settings.load())
