"""What of an inference is mirrored to Weights & Biases: what it read, and the submission."""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.runs.paths import RunFolder
from foldline.tracking.artifacts import pack_fold, pack_submission
from foldline.tracking.begin import SayOnce, begin_run, never_stopping
from foldline.tracking.upload import USER_PREFIX
from foldline.tracking.wandb_run import WandbRun, wait_for_runs


@contextmanager
def mirror_infer(
    config: Config, prepared: Prepared, run: RunFolder, folds: Sequence[int], *, active: bool
) -> Iterator[None]:
    """A W&B run of one inference; when the block ends, the submission on disk goes along."""
    name = f"{config.run}-infer"
    # each is a run of its own
    identity = f"{USER_PREFIX}{secrets.token_hex(6)}"
    track = begin_run(
        config,
        prepared,
        run,
        job_type="infer",
        name=name,
        identity=identity,
        extra={},
        active=active,
        report=SayOnce(),
    )
    with never_stopping():
        if not track.is_disabled and config.track.checkpoints:
            for fold in folds:
                track.use(pack_fold(config, prepared, run, fold))
    failed = True
    try:
        yield
        failed = False
        with never_stopping():
            _end_infer(track, run)
    finally:
        track.finish(failed=failed)
        wait_for_runs([track], config.track.patience)


def _end_infer(track: WandbRun, run: RunFolder) -> None:
    if track.is_disabled:
        return
    papers = json.loads((run.path / "submission.json").read_text(encoding="utf-8"))
    truth = papers.get("truth") or {}
    histogram = papers.get("histogram") or {}
    track.summarize(
        {f"truth_{key}": value for key, value in truth.items()}
        | {f"answers.{name}": count for name, count in histogram.items()}
        | {"unread": len(papers.get("unread") or ())}
    )
    track.save(pack_submission(run, {"truth": truth or None, "flip": papers.get("flip")}))
