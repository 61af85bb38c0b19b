import click

from foldline.options import Settings, takes_settings


@click.command("report")
@takes_settings()
def command(settings: Settings) -> None:
    """Draw a run's pictures anew, and all runs on one page.

    Without --config, run=NAME is drawn by the settings it was trained with.
    """
    from foldline.reporting.report import run_report

    run_report(settings.path, settings.overrides)
