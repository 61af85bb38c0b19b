import click

from foldline.options import Settings, takes_settings


@click.command("advise")
@takes_settings()
def command(settings: Settings) -> None:
    """Say which part of the network to train, and why."""
    from foldline.advising.advise import run_advise

    run_advise(settings.load())
