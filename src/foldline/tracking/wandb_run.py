"""Weights & Biases as a mirror of what is on disk: never able to stop or delay the training.

Everything that touches wandb happens on one background thread. When that thread fails, the mirror
goes dark and says so once; when it hangs, the training ends without it.
"""

import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

# how long the end of a fold waits for wandb, in seconds
_PATIENCE = 5.0


class WandbRun:
    """One W&B run: a fold of training, or an inference.

    `mode` is `auto` (online where logged in, else offline), `online`, `offline` or `disabled`.
    `identity` makes an interrupted run go on as the same W&B run. `report` is called at most once,
    with the reason, when wandb cannot be used.
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
        tags: Sequence[str],
        directory: Path,
        report: Callable[[str], None],
    ) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._dark = mode == "disabled"
        self._tasks: queue.SimpleQueue[Callable[[Any], None] | None] = queue.SimpleQueue()
        if self._dark:
            return
        settings = {
            "project": project,
            "group": group,
            "job_type": job_type,
            "name": name,
            "id": identity,
            "config": dict(config),
            "tags": list(tags),
            "dir": str(directory),
        }
        self._thread = threading.Thread(target=self._work, args=(mode, settings), daemon=True)
        self._thread.start()

    def log(self, row: Mapping[str, Any], *, step: int) -> None:
        """Mirror the figures of one epoch."""
        values = dict(row)
        self._put(lambda run: run.log(values, step=step))

    def summarize(self, summary: Mapping[str, Any]) -> None:
        """Mirror figures of the whole run."""
        values = dict(summary)
        self._put(lambda run: run.summary.update(values))

    def finish(self) -> None:
        """Say goodbye; waits at most five seconds."""
        if self._dark:
            return
        self._tasks.put(None)
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            self._go_dark(f"no answer within {_PATIENCE:.0f} s")

    def _put(self, task: Callable[[Any], None]) -> None:
        if not self._dark:
            self._tasks.put(task)

    def _go_dark(self, reason: str) -> None:
        with self._lock:
            was_dark, self._dark = self._dark, True
        if not was_dark:
            self._report(f"Weights & Biases: {reason}; training goes on without it")

    def _work(self, mode: str, settings: dict[str, Any]) -> None:
        try:
            run = _start(mode, settings)
            while (task := self._tasks.get()) is not None:
                task(run)
            run.finish()
        except BaseException as error:  # noqa: BLE001 - whatever wandb does, training goes on
            self._go_dark(f"{type(error).__name__}: {' '.join(str(error).split())[:150]}")


def _start(mode: Any, settings: dict[str, Any]) -> Any:
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    logged_in = mode == "offline" or wandb.login(prompt=False, verify=False)
    if mode == "online" and not logged_in:
        raise RuntimeError("not logged in; run wandb login, or set track.mode=offline")
    if mode == "auto":
        mode = os.environ.get("WANDB_MODE") or ("online" if logged_in else "offline")
    quiet = wandb.Settings(silent=True, console="off", x_disable_stats=True, init_timeout=30)
    Path(settings["dir"]).mkdir(parents=True, exist_ok=True)
    return wandb.init(mode=mode, resume="allow", reinit="create_new", settings=quiet, **settings)
