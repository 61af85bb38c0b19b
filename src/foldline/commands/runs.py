import click


@click.command("runs")
def command() -> None:
    """List all runs under outputs/runs, the best first."""
    from foldline.config import RUNS
    from foldline.reporting.run_list import run_list

    run_list(RUNS)
