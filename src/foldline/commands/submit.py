import click

from foldline.options import run_name


@click.command("submit")
@click.argument("run", type=run_name)
@click.option("--competition", required=True, help="its name in the address, such as dogs-vs-cats")
@click.option("--message", default="", help="default: the run and its out-of-fold score")
@click.option("--force", is_flag=True, help="even if the gate stops it, or a second time")
def command(run: str, competition: str, message: str, force: bool) -> None:
    """Submit a run through Kaggle's client."""
    from foldline.submitting.submit import run_submit

    run_submit(run, competition=competition, message=message, force=force)
