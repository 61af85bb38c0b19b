import click

from foldline.options import Settings, takes_settings


@click.command("evaluate")
@takes_settings()
def command(settings: Settings) -> None:
    """Score every kept checkpoint and name the best.

    Without --config, run=NAME is scored by the settings it was trained with.
    """
    from foldline.inference.evaluation import run_evaluate

    run_evaluate(settings.load_of_run())
