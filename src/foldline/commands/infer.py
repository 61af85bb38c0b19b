import click

from foldline.options import Settings, takes_settings


@click.command("infer")
@click.option("--force", is_flag=True, help="write it even if the gate stops it")
@takes_settings()
def command(settings: Settings, force: bool) -> None:
    """Average the folds into submission.csv.

    Without --config, run=NAME is answered by the settings it was trained with.
    """
    from foldline.inference.test_set import run_infer

    run_infer(settings.load_of_run(), force=force)
