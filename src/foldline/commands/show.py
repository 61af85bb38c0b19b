import click

from foldline.errors import UserError
from foldline.options import Settings, takes_settings


@click.command("show")
@takes_settings("[RUN | key=value]...")
def command(settings: Settings) -> None:
    """Print the resolved configuration, or a run."""
    runs = [word for word in settings.overrides if "=" not in word]
    if not runs:
        from foldline.config.recipe import dump_config

        click.echo(dump_config(settings.load()), nl=False)
        return
    if len(settings.overrides) > 1 or settings.path is not None:
        raise UserError(
            f"show: {runs[0]} is taken for a run, which is shown alone; settings are key=value"
        )
    from foldline.reporting.show_run import run_show
    from foldline.runs.listing import find_run_path

    run_show(find_run_path(runs[0]))
