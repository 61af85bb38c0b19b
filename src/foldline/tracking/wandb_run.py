"""One run on Weights & Biases, of what lies on disk anyway: it can neither stop nor delay a stage.

wandb itself lives in a process of its own (`wandb_process`), one for each run: whatever it does to
its interpreter, waits for at its exit or dies of stays there. A thread here feeds that process.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from foldline import console
from foldline.config.tracking import Track
from foldline.errors import describe_fully
from foldline.metrics.metric import METRICS
from foldline.tracking.tracker import Artifact, Part

# how `wandb agent` tells the command that it starts which W&B run is the trial: one of them only
_OF_A_SWEEP = ("WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH")
_TRIAL = "cross-validation"
# which value W&B keeps beside the run; of a metric the best
_KEPT = {
    "train_loss": "min",
    "train_accuracy": "max",
    "images_per_second": "mean",
    "seconds": "mean",
    "score": "last",
}
_REASON_LENGTH = 200
# what it means that the end came too soon for a process in this state
_EXPLAINED = {
    "starting": "not begun when the command ended; kept on disk: make sync",
    "online": "not all was uploaded when the command ended; kept on disk: make sync",
    "offline": "still writing to disk when the command ended",
}


class WandbRun:
    """One W&B run: the tracker of a fold, a cross-validation, or an inference.

    `report` is called at most once, with the reason, when wandb cannot be used as `track` asks.
    """

    def __init__(self, part: Part, track: Track, report: Callable[[str], None]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self.is_disabled = False  # once W&B has failed, and nothing is sent any more
        self._state = "starting"  # then what the process says: online, offline, done or failed
        self._is_finished = False
        self._process: subprocess.Popen[str] | None = None
        self._threads: list[threading.Thread] = []
        self._messages: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._put(
            "start",
            mode=track.mode,
            best=_list_kept(),
            settings={
                "project": track.project,
                "entity": track.entity,
                "group": part.run,
                "job_type": part.job_type,
                "name": part.name,
                "id": part.identity,
                "config": dict(part.settings),
                "tags": list(track.tags),
                "notes": track.notes,
                "dir": str(part.directory.resolve()),
            },
        )
        self._start(is_trial=part.job_type == _TRIAL)

    def log(self, row: Mapping[str, Any], *, step: int) -> None:
        """Send the figures of one moment, unless a command before has sent this `step`."""
        self._put("log", row=dict(row), step=step)

    def summarize(self, summary: Mapping[str, Any]) -> None:
        """Send figures of the whole run."""
        self._put("summarize", summary=dict(summary))

    def save_files(self, artifact: Artifact, *, used: bool = False) -> None:
        """Keep files that the run has made or has `used`, as a new version where they differ."""
        self._put("save_files", artifact=asdict(artifact), used=used)

    def finish(self, *, failed: bool = False) -> None:
        """Say that nothing more will come, without waiting. Mark a run that `failed`."""
        if not self._is_finished:
            self._put("finish", failed=failed)
            self._is_finished = True
            self._messages.put(None)

    def wait(self, until: float) -> None:
        """Wait for what was sent to arrive, until `time.monotonic()` is `until` at the latest.

        What has not been uploaded by then is kept on disk, by a process that nobody waits for.
        """
        self.finish()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if self._process is not None and any(thread.is_alive() for thread in self._threads):
            self._process.terminate()
            self._give_up(_EXPLAINED.get(self._state, "still there when the command ended"))

    def _put(self, verb: str, **message: Any) -> None:
        if self.is_disabled or self._is_finished:
            return
        try:
            self._messages.put(json.dumps({"do": verb, **message}, default=_to_plain) + "\n")
        except (TypeError, ValueError) as error:
            self._give_up(describe_fully(error))

    def _start(self, *, is_trial: bool) -> None:
        environment = {
            key: value for key, value in os.environ.items() if is_trial or key not in _OF_A_SWEEP
        }
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "foldline.tracking.wandb_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for the training, which then says how it ended
            )
        except OSError as error:
            self._give_up(describe_fully(error))
            return
        for work in (self._write, self._read):
            self._threads.append(threading.Thread(target=work, args=(self._process,), daemon=True))
            self._threads[-1].start()

    def _write(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        try:
            while (message := self._messages.get()) is not None:
                process.stdin.write(message)
                process.stdin.flush()
        except OSError:
            pass  # it has gone; the other thread says why
        finally:
            with suppress(OSError):
                process.stdin.close()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            self._state = said["state"] or self._state
            if said["reason"]:
                self._give_up(said["reason"], disable=said["state"] == "failed")
        process.stdout.close()
        code = process.wait()
        if self._state not in ("done", "failed"):
            self._give_up(f"its process ended with {code}")
        self._messages.put(None)  # the other thread has nobody to write to

    def _give_up(self, reason: str, *, disable: bool = True) -> None:
        with self._lock:
            is_known, self.is_disabled = self.is_disabled, self.is_disabled or disable
        if not is_known:
            self._report(f"Weights & Biases: {reason[:_REASON_LENGTH]}")


@contextmanager
def open_wandb(track: Track) -> Iterator[Callable[[Part], WandbRun]]:
    """Yield what begins W&B runs; after the block wait `track.patience` seconds for all of them."""
    runs: list[WandbRun] = []
    lock, reported = threading.Lock(), set[str]()

    def report(reason: str) -> None:
        with lock:  # each reason once, however many runs have it
            if reason not in reported:
                reported.add(reason)
                console.warn(reason)

    def begin(part: Part) -> WandbRun:
        runs.append(WandbRun(part, track, report))
        return runs[-1]

    try:
        yield begin
    finally:
        wait_for_runs(runs, track.patience)


def wait_for_runs(runs: Iterable[WandbRun], patience: float) -> None:
    """Wait for all `runs` to arrive, `patience` seconds for all of them together."""
    until = time.monotonic() + patience
    for run in runs:
        run.wait(until)


def _list_kept() -> dict[str, str]:
    best = {key: "max" if one.greater_is_better else "min" for key, one in METRICS.items()}
    return best | _KEPT


def _to_plain(value: Any) -> Any:
    """Return paths as text and numbers of numpy as numbers."""
    if isinstance(value, Path):
        return str(value.resolve())
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be tracked")
