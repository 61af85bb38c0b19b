from pathlib import Path

import click

from foldline.options import typed_path


@click.command("answer")
@click.argument("pictures", type=typed_path)
@click.argument("names", nargs=-1, metavar="RUN...")
def command(pictures: Path, names: tuple[str, ...]) -> None:
    """Answer a folder of pictures by one run or several.

    Runs whose backbones are the same compute it once for all their heads.
    """
    from foldline.inference.folder import run_answer
    from foldline.runs.listing import find_run_path

    run_answer(pictures, [find_run_path(name) for name in names])
