"""One run on Weights & Biases, a mirror of what is on disk: it can neither stop nor delay a stage.

wandb itself lives in a process of its own (`wandb_process`), one for each run: whatever it does to
its interpreter, waits for at its exit or dies of stays there. A thread here feeds that process.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# how `wandb agent` tells what it starts which run it means: for one run only, not for its folds
_OF_A_SWEEP = ("WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH")
_REASON_LENGTH = 200
# what it means that the end came too soon for a process in this state
_EXPLAINED = {
    "starting": "not begun when the command ended; kept on disk: make sync",
    "online": "not all was uploaded when the command ended; kept on disk: make sync",
    "offline": "still writing to disk when the command ended",
    "done": "still there when the command ended",
    "failed": "still there when the command ended",
}


@dataclass(frozen=True)
class Artifact:
    """Versioned files: `files` maps the name in the artifact to the path on disk.

    Those among them that will not change any more, named in `settled`, are not copied meanwhile.
    """

    name: str
    kind: str
    files: Mapping[str, Path]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    aliases: Sequence[str] = ()
    settled: Sequence[str] = ()


class WandbRun:
    """One W&B run: a fold, a cross-validation, or an inference.

    `mode` is `auto` (online where logged in, else offline), `online`, `offline` or `disabled`.
    `identity` makes an interrupted run go on as the same W&B run. `sweeps` lets the run be the one
    that a sweep's agent has announced. `best` says of a metric whether `max` or `min` is kept.
    `report` is called at most once, with the reason, when wandb cannot be used as was asked.
    """

    def __init__(
        self,
        *,
        mode: str,
        project: str,
        group: str,
        job_type: str,
        name: str,
        identity: str,
        config: Mapping[str, Any],
        directory: Path,
        report: Callable[[str], None],
        entity: str | None = None,
        tags: Sequence[str] = (),
        notes: str | None = None,
        best: Mapping[str, str] | None = None,
        sweeps: bool = False,
    ) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._dark = mode == "disabled"
        self._state = "starting"  # then what the process says: online, offline, done or failed
        self._closed = False
        self._process: subprocess.Popen[str] | None = None
        self._threads: list[threading.Thread] = []
        self._messages: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        if self._dark:
            return
        self._put(
            "start",
            mode=mode,
            best=dict(best or {}),
            settings={
                "project": project,
                "entity": entity,
                "group": group,
                "job_type": job_type,
                "name": name,
                "id": identity,
                "config": dict(config),
                "tags": list(tags),
                "notes": notes,
                "dir": str(directory.resolve()),
            },
        )
        self._start(sweeps)

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is mirrored, any more or at all."""
        return self._dark

    def log(self, row: Mapping[str, Any], *, step: int) -> None:
        """Mirror the figures of one moment; `step` must not fall."""
        self._put("log", row=dict(row), step=step)

    def summarize(self, summary: Mapping[str, Any]) -> None:
        """Mirror figures of the whole run."""
        self._put("summarize", summary=dict(summary))

    def use(self, artifact: Artifact) -> None:
        """Name files that the run reads."""
        self._put("use", artifact=asdict(artifact))

    def save(self, artifact: Artifact) -> None:
        """Keep files that the run has made, as a new version where they differ."""
        self._put("save", artifact=asdict(artifact))

    def finish(self, *, failed: bool = False) -> None:
        """Say that nothing more will come; does not wait. A run that failed is marked so."""
        if not self._closed:
            self._put("finish", failed=failed)
            self._closed = True
            self._messages.put(None)

    def wait(self, until: float) -> None:
        """Wait for what was said to arrive, not longer than until `time.monotonic()` is `until`.

        What has not been uploaded by then is written to disk, where this process need not wait.
        """
        self.finish()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if self._process is not None and any(thread.is_alive() for thread in self._threads):
            self._process.terminate()
            self._go_dark(_EXPLAINED[self._state])

    def _put(self, verb: str, **message: Any) -> None:
        if self._dark or self._closed:
            return
        try:
            self._messages.put(json.dumps({"do": verb, **message}, default=_to_plain) + "\n")
        except (TypeError, ValueError) as error:
            self._go_dark(_describe(error))

    def _start(self, sweeps: bool) -> None:
        environment = {
            key: value for key, value in os.environ.items() if sweeps or key not in _OF_A_SWEEP
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
            self._go_dark(_describe(error))
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
            with contextlib.suppress(OSError):
                process.stdin.close()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            self._state = said["state"] or self._state
            if said["reason"]:
                self._go_dark(said["reason"], dark=said["state"] == "failed")
        process.stdout.close()
        code = process.wait()
        if self._state not in ("done", "failed"):
            self._go_dark(f"its process ended with {code}")
        self._messages.put(None)  # the other thread has nobody to write to

    def _go_dark(self, reason: str, *, dark: bool = True) -> None:
        with self._lock:
            silent, self._dark = self._dark, self._dark or dark
        if not silent:
            self._report(f"Weights & Biases: {reason[:_REASON_LENGTH]}")


def wait_for_runs(runs: Iterable[WandbRun], patience: float) -> None:
    """Let all `runs` arrive, `patience` seconds for all of them together."""
    until = time.monotonic() + patience
    for run in runs:
        run.wait(until)


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _to_plain(value: Any) -> Any:
    """Paths as text, numbers of numpy as numbers."""
    if isinstance(value, Path):
        return str(value.resolve())
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be mirrored")
