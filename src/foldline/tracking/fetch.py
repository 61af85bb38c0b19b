"""`foldline fetch`: get back a run that another machine has trained and uploaded."""

import os
import shutil
from pathlib import Path
from typing import Any

from foldline import console
from foldline.command_line import format_command
from foldline.config import Config
from foldline.errors import UserError, describe_error
from foldline.runs.paths import RunFolder
from foldline.tracking.artifacts import name_artifact
from foldline.tracking.sync import log_in


def run_fetch(config: Config) -> None:
    """Write `outputs/runs/<run>/`, ready for `infer`: settings, scores and checkpoints.

    Raise `UserError`, and leave nothing behind, if the folder exists or something does not arrive.
    """
    run = RunFolder(config.run_dir)
    if run.path.exists():
        raise UserError(f"{run.path}: is there already; move it away to fetch it again")
    arriving = RunFolder(run.path.with_name(f".{run.path.name}.fetch"))
    place: dict[str, Any] = {"entity": config.track.entity, "project": config.track.project}
    try:
        name = name_artifact(config.run, "run")
        metadata = download_artifact(**place, name=name, alias="latest", directory=arriving.path)
        try:
            folds, alias = [int(fold) for fold in metadata["folds"]], str(metadata["alias"])
        except (KeyError, TypeError, ValueError):
            raise UserError(
                f"{name}: not a run that foldline has uploaded; see track.project"
            ) from None
        with console.progress(f"fetching {config.run}", len(folds)) as bar:
            for fold in folds:
                name = name_artifact(config.run, "fold", fold)
                directory = arriving.fold(fold).path
                download_artifact(**place, name=name, alias=alias, directory=directory)
                bar.advance()
        arriving.path.rename(run.path)
    finally:
        shutil.rmtree(arriving.path, ignore_errors=True)
    following = format_command("infer", config=run.config)
    console.log(f"written: {run.path}, folds {', '.join(map(str, folds))}; next: {following}")


def download_artifact(
    *, entity: str | None, project: str, name: str, alias: str, directory: Path
) -> dict[str, Any]:
    """Write the files of a version into `directory`, checked by digest; return its metadata.

    Raise `UserError` if nobody is logged in or the artifact does not exist or does not arrive.
    """
    log_in()
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    path = "/".join(filter(None, [entity, project, f"{name}:{alias}"]))
    try:
        artifact = wandb.Api().artifact(path)
        artifact.download(root=str(directory), skip_cache=True)
    except (wandb.errors.Error, OSError, ValueError) as error:
        reason = describe_error(error)[:200]
        raise UserError(f"{path}: cannot be fetched from Weights & Biases: {reason}") from None
    return dict(artifact.metadata)
