import click

from foldline.options import run_name


@click.command("score")
@click.argument("run", type=run_name)
@click.argument("score")
@click.option("--private", is_flag=True, help="of the private leaderboard")
def command(run: str, score: str, private: bool) -> None:
    """Record what the leaderboard says of a run.

    SCORE is the number shown there, in the range of the metric of the run.
    """
    from foldline.reporting.leaderboard import run_score

    run_score(run, score, private=private)
