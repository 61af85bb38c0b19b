import click


@click.command("leaderboard")
@click.option("--public-share", default=0.5, help="of the test rows; default: 0.5")
def command(public_share: float) -> None:
    """Compare runs with the leaderboard, propose two."""
    from foldline.reporting.leaderboard import run_leaderboard

    run_leaderboard(public_share=public_share)
