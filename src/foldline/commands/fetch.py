import click

from foldline.options import Settings, takes_settings


@click.command("fetch")
@takes_settings()
def command(settings: Settings) -> None:
    """Get a run's checkpoints back from Weights & Biases."""
    from foldline.tracking.fetch import run_fetch

    run_fetch(settings.load())
