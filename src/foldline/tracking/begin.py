"""How a run on Weights & Biases begins, and that nothing about it may stop a stage."""

import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from foldline import console
from foldline.config import Config
from foldline.config.recipe import flatten_settings
from foldline.data.prepared import Prepared
from foldline.runs.paths import RunFolder
from foldline.tracking.artifacts import pack_table
from foldline.tracking.wandb_run import WandbRun

# which value of a metric W&B keeps beside the run
_KEPT = {
    "macro_f1": "max",
    "accuracy": "max",
    "log_loss": "min",
    "train_loss": "min",
    "train_accuracy": "max",
    "images_per_second": "mean",
    "seconds": "mean",
}


class SayOnce:
    """Warns of each reason once, however many runs give it."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, reason: str) -> None:
        if reason not in self._said:
            self._said.add(reason)
            console.warn(reason)


def begin_run(
    config: Config,
    prepared: Prepared,
    run: RunFolder,
    *,
    job_type: str,
    name: str,
    identity: str,
    extra: dict[str, Any],
    active: bool,
    report: Callable[[str], None],
    sweeps: bool = False,
) -> WandbRun:
    """Begin, or go on with, the W&B run of one part of `run`, and name the table that it reads."""
    track = WandbRun(
        mode=config.track.mode if active else "disabled",
        project=config.track.project,
        entity=config.track.entity,
        group=config.run,
        job_type=job_type,
        name=name,
        identity=identity,
        config=flatten_settings(config.model_dump(mode="json")) | {"seal": prepared.seal} | extra,
        tags=config.track.tags,
        notes=config.track.notes,
        best=_KEPT | {"score": "last"},
        directory=run.path,
        report=report,
        sweeps=sweeps,
    )
    with never_stopping():
        track.use(pack_table(config, prepared))
    return track


def measure_memory() -> dict[str, float]:
    """The most memory used so far, in MiB: of the GPU where there is one, else of this process."""
    import torch

    if torch.cuda.is_available():
        return {"cuda_peak_memory_mib": round(torch.cuda.max_memory_allocated() / 2**20, 1)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {"cpu_max_rss_mib": round(peak / unit, 1)}


@contextmanager
def never_stopping() -> Iterator[None]:
    """What goes wrong in the block is said, and the stage goes on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever the mirror meets, the stage goes on
        reason = " ".join(str(error).split())[:200]
        console.warn(f"Weights & Biases: {type(error).__name__}: {reason}; not mirrored")
