"""Getting an artifact back from Weights & Biases."""

import os
from pathlib import Path
from typing import Any

from foldline.errors import UserError
from foldline.tracking.upload import log_in


def download_artifact(
    *, entity: str | None, project: str, name: str, alias: str, directory: Path
) -> dict[str, Any]:
    """Write the files of a version into `directory`, each checked by its digest; its metadata.

    Raises `UserError` where nobody is logged in, the artifact is not there or does not arrive.
    """
    log_in()
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    path = "/".join(filter(None, [entity, project, f"{name}:{alias}"]))
    try:
        artifact = wandb.Api().artifact(path)
        artifact.download(root=str(directory), skip_cache=True)
    except (wandb.errors.Error, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: cannot be fetched from Weights & Biases: {reason}") from None
    return dict(artifact.metadata)
