"""Track one inference: the checkpoints that it reads, and the submission."""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from foldline.config import Config
from foldline.data.prepared import Prepared
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
    record = json.loads(run.submission_record.read_text(encoding="utf-8"))
    truth = record.get("truth") or {}
    histogram = record.get("histogram") or {}
    tracker.summarize(
        {f"truth_{key}": value for key, value in truth.items()}
        | {f"answers.{name}": count for name, count in histogram.items()}
        | {"unread": len(record.get("unread") or ())}
    )
    tracker.save_files(pack_submission(run, {"truth": truth or None, "flip": record.get("flip")}))
