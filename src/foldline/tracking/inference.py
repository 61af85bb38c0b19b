"""Track one inference: the checkpoints that it reads, and the submission."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.runs.files import SubmissionRecord
from foldline.runs.paths import RunFolder
from foldline.tracking.artifacts import pack_fold, pack_submission
from foldline.tracking.open import open_trackers
from foldline.tracking.tracker import NoTracker, Tracker, finishing, warning_only


@contextmanager
def track_inference(
    config: Config, prepared: Prepared, run: RunFolder, folds: Sequence[int], *, active: bool
) -> Iterator[None]:
    """Track what the block does with `folds`, then the submission that it has written."""
    with open_trackers(config, prepared, run, active=active) as trackers:
        # no inference continues another
        identity = f"infer-{secrets.token_hex(6)}"
        tracker = trackers.begin("infer", f"{config.run}-infer", identity)
        if isinstance(tracker, NoTracker):
            yield
            return
        with finishing(tracker.finish):
            with warning_only():
                for fold in folds if config.track.checkpoints else ():
                    tracker.save_files(pack_fold(config, prepared, run, fold), used=True)
            yield
            with warning_only():
                _track_submission(tracker, run)


def _track_submission(tracker: Tracker, run: RunFolder) -> None:
    record = SubmissionRecord.load(run.submission_record)
    if record is None:
        return
    tracker.summarize(
        {f"truth_{key}": value for key, value in (record.truth or {}).items()}
        | {f"answers.{name}": count for name, count in record.histogram.items()}
        | {"unread": len(record.unread)}
    )
    tracker.save_files(pack_submission(run, {"truth": record.truth, "flip": record.flip}))
