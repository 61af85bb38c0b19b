"""The process in which wandb lives: it reads what to track from its input, a line of JSON each.

It writes its state to its output, a line of JSON each: `online` or `offline` once begun, then
`done`, or `failed` with the reason; a reason alone is a fault after which it goes on.
"""

import contextlib
import fcntl
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from foldline.errors import describe_fully
from foldline.files import write_text
from foldline.tracking.wandb_objects import build_artifact, build_value

# seconds until an address that does not answer is given up, and the run is kept on disk instead
_INIT_TIMEOUT = 10
# seconds between writes to disk; and until this process ends once it is told to hurry
_FLUSH, _LAST_SECONDS = 1.0, 60
_FAILED = 1

Report = Callable[..., None]


class Patience:
    """Whether there is time to wait for a server; none is left after SIGTERM."""

    def __init__(self) -> None:
        self.is_over = False
        self._is_waiting = False

    def end(self) -> None:
        """Wait for no server any more."""
        self.is_over = True
        if self._is_waiting:
            raise PatienceOverError

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Leave the block with `PatienceOverError` when patience is over."""
        if self.is_over:
            raise PatienceOverError
        self._is_waiting = True
        try:
            yield
        finally:
            self._is_waiting = False


class PatienceOverError(BaseException):
    """Nobody waits any more. Not an `Exception`, which wandb might take for one of its own."""


class NoServerError(Exception):
    """The server has not taken the run; the message says which server, and why."""


class _Rows:
    """The rows of one run, each logged once however many commands come to it.

    The command after one that was killed trains its last epoch again; what had been logged of that
    epoch stays. The last step logged lies beside what wandb keeps on disk.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._path = Path(settings["dir"], "wandb", f"{settings['id']}.step")
        self._last: int | None = None

    def log(self, run: Any, row: dict[str, Any], step: int) -> None:
        # read anew each time: the process of the command that was killed may not have ended yet
        if step <= self._load():
            return
        run.log({key: build_value(value) for key, value in row.items()}, step=step)
        self.settle()  # wandb has written a row once the next one has come
        self._last = step

    def settle(self) -> None:
        """Write down that the rows so far need not be logged again."""
        if self._last is not None:
            write_text(self._path, f"{self._last}\n")

    def _load(self) -> int:
        try:
            return int(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return -1


def track(messages: Iterable[str], report: Report, patience: Patience) -> None:
    """Do what `messages` ask for, from `start` on; a run without a last `finish` has failed.

    Raise whatever wandb raises.
    """
    run: Any = None
    rows: _Rows | None = None
    failed = True
    lines = iter(messages)
    for line in lines:
        message = json.loads(line)
        verb = message.pop("do")
        if verb == "start":
            _lock(message["settings"])
            rows = _Rows(message["settings"])
            try:
                run = _start(**message, report=report, patience=patience)
            except NoServerError as error:
                report("offline", f"kept on disk: make sync; {error}")
                offline = json.dumps({"do": verb, **message, "mode": "offline"}) + "\n"
                track_elsewhere(itertools.chain([offline], lines), report)
                return
        elif verb == "finish":
            failed = message["failed"]
        elif verb == "log":
            assert rows is not None, "nothing is begun"
            rows.log(run, **message)
        elif verb == "summarize":
            run.summary.update(message["summary"])
        else:
            try:
                _save_files(run, **message)
            except Exception as error:  # noqa: BLE001 - the figures that follow matter more
                report(None, f"{message['artifact']['name']} not kept: {describe_fully(error)}")
    if run is not None and rows is not None:
        rows.settle()
        _finish(run, failed, patience)
    report("done")


def track_elsewhere(messages: Iterable[str], report: Report) -> None:
    """Track in another process, as wandb in this one will not begin the same run a second time."""
    environment = dict(os.environ)
    environment.pop("WANDB_SERVICE", None)  # nor will the service that wandb has started here
    with subprocess.Popen(
        [sys.executable, "-m", "foldline.tracking.wandb_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):  # it has ended, and its output says why
            for line in messages:
                process.stdin.write(line)
                process.stdin.flush()
        with contextlib.suppress(OSError):
            process.stdin.close()
        for line in process.stdout:
            report(**json.loads(line))


def _lock(settings: Mapping[str, Any]) -> None:
    """Tell `foldline sync`, until this process ends, that the run is still being written."""
    directory = Path(settings["dir"], "wandb")
    directory.mkdir(parents=True, exist_ok=True)
    handle = os.open(directory / f"{settings['id']}.lock", os.O_CREAT | os.O_RDWR)
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_SH)


def _start(
    mode: Any, settings: dict[str, Any], best: dict[str, str], report: Report, patience: Patience
) -> Any:
    # copies of small files wait here to be uploaded, and not in the user's home
    os.environ.setdefault("WANDB_DATA_DIR", str(Path(settings["dir"], "wandb", "staging")))
    import wandb

    logged_in = mode == "offline" or wandb.login(prompt=False, verify=False)
    if mode == "online" and not logged_in:
        raise RuntimeError("not logged in; run wandb login, or set track.mode=offline")
    if mode == "auto":
        mode = os.environ.get("WANDB_MODE") or ("online" if logged_in else "offline")
    try:
        with patience.waiting() if mode == "online" else contextlib.nullcontext():
            run = _init(mode, settings)
        report(mode)
    except (wandb.errors.CommError, PatienceOverError) as error:
        why = "no answer yet" if isinstance(error, PatienceOverError) else describe_fully(error)
        raise NoServerError(f"{wandb.setup().settings.base_url}: {why}") from None
    run.define_metric("epoch")
    run.define_metric("*", step_metric="epoch")
    for metric, goal in best.items():
        run.define_metric(metric, step_metric="epoch", summary=goal)
    return run


def _init(mode: Any, settings: dict[str, Any]) -> Any:
    import wandb

    quiet = wandb.Settings(
        silent=True,
        console="off",
        disable_job_creation=True,
        init_timeout=_INIT_TIMEOUT,
        stop_fn=lambda: None,  # a button in the browser does not end the training
        x_stats_pid=os.getppid(),  # of the training, not of this process
        x_disable_stats=settings["job_type"] != "train",
        x_transaction_log_flush_interval=_FLUSH,
    )
    return wandb.init(mode=mode, resume="allow", settings=quiet, reinit="create_new", **settings)


def _save_files(run: Any, artifact: dict[str, Any], used: bool) -> None:
    built, aliases = build_artifact(artifact), list(artifact["aliases"])
    if used:
        # as run.use_artifact, which refuses when offline and waits for the upload when online
        run._log_artifact(built, aliases=aliases, is_user_created=True, use_after_commit=True)
    else:
        run.log_artifact(built, aliases=aliases)


def _finish(run: Any, failed: bool, patience: Patience) -> None:
    """Upload what is left; if patience ends first, it stays on disk for `wandb sync`."""
    exit_code = _FAILED if failed else 0
    if run.settings._offline:
        _close(run, exit_code)
        return
    try:
        with patience.waiting():
            _close(run, exit_code)
        # as `wandb sync` marks what it has uploaded
        Path(run.settings.sync_file).with_suffix(".wandb.synced").touch()
    except PatienceOverError:
        time.sleep(2 * _FLUSH)


def _close(run: Any, exit_code: int) -> None:
    """Finish the run and wait for wandb's own process, which writes to disk until it has ended."""
    import wandb

    run.finish(exit_code=exit_code)
    wandb.teardown(exit_code)


def main() -> None:
    """Track what comes from standard input, and leave without waiting for anything."""
    # wandb, and the programs it starts, may print what they like
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.environ["WANDB_SILENT"] = "true"
    os.nice(10)  # the training goes first
    patience = Patience()

    def hurry(*_: object) -> None:
        signal.alarm(_LAST_SECONDS)  # in case something hangs
        patience.end()

    signal.signal(signal.SIGTERM, hurry)

    def report(state: str | None, reason: str | None = None) -> None:
        with contextlib.suppress(OSError):  # the reader has gone
            output.write(json.dumps({"state": state, "reason": reason}) + "\n")
            output.flush()

    def read() -> Iterator[str]:
        is_finished = False
        for line in sys.stdin:
            is_finished = json.loads(line)["do"] == "finish"
            yield line
        if not is_finished:
            hurry()  # the training was killed

    try:
        track(read(), report, patience)
    except BaseException as error:  # noqa: BLE001 - whatever wandb does, training goes on
        report("failed", f"{describe_fully(error)}; what is on disk stays")
    finally:
        os._exit(0)  # wandb's own exit may wait for a server that does not answer


if __name__ == "__main__":
    main()
