import click


@click.command("compare")
@click.argument("names", nargs=-1, metavar="RUN RUN...")
def command(names: tuple[str, ...]) -> None:
    """Put runs side by side and say whether the gain is real.

    The gain is that of each later run over the earlier ones.
    """
    from foldline.reporting.compare import run_compare
    from foldline.runs.listing import find_run_path

    run_compare([find_run_path(name) for name in names])
