"""`foldline fetch`: a run that another machine has trained and uploaded, ready for `infer`."""

import shutil
from typing import Any

from foldline import console
from foldline.command_line import format_command
from foldline.config import Config
from foldline.errors import UserError
from foldline.runs.paths import RunFolder
from foldline.tracking.artifacts import name_artifact
from foldline.tracking.download import download_artifact


def run_fetch(config: Config) -> None:
    """Write `outputs/runs/<run>/` from the artifacts of the run: settings, scores, checkpoints.

    Raises `UserError` where the folder is there already, or something does not arrive; then
    nothing is left behind.
    """
    run = RunFolder(config.run_dir)
    if run.path.exists():
        raise UserError(f"{run.path}: is there already; move it away to fetch it again")
    arriving = RunFolder(run.path.with_name(f".{run.path.name}.fetch"))
    place: dict[str, Any] = {"entity": config.track.entity, "project": config.track.project}
    try:
        whole = name_artifact(config.run, "run")
        about = download_artifact(**place, name=whole, alias="latest", directory=arriving.path)
        try:
            folds, alias = [int(fold) for fold in about["folds"]], str(about["alias"])
        except (KeyError, TypeError, ValueError):
            raise UserError(
                f"{whole}: not a run that foldline has uploaded; see track.project"
            ) from None
        with console.progress(f"fetching {config.run}", len(folds)) as bar:
            for fold in folds:
                download_artifact(
                    **place,
                    name=name_artifact(config.run, "fold", fold),
                    alias=alias,
                    directory=arriving.fold(fold).path,
                )
                bar.advance()
        arriving.path.rename(run.path)
    finally:
        shutil.rmtree(arriving.path, ignore_errors=True)
    following = format_command("infer", config=run.config)
    console.say(f"written: {run.path}, folds {', '.join(map(str, folds))}; next: {following}")
