import click

from foldline.options import Settings, takes_settings


@click.command("train")
@takes_settings()
def command(settings: Settings) -> None:
    """Train every fold; go on where it was stopped."""
    from foldline.training.run import run_train

    run_train(settings.load())
