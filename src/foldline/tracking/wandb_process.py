"""The process in which wandb lives: reads what to mirror, a line of JSON each, from its input.

Says on its output, a line of JSON each, how it stands: `online` or `offline` once begun, then
`done` or `failed` with the reason. Nothing else may be written there.
"""

import contextlib
import fcntl
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

# seconds until an address that does not answer is given up, and the run is kept on disk instead
_INIT_TIMEOUT = 10
_THUMBNAIL = (128, 128)  # pixels, at the most
_FAILED = 1

Say = Callable[..., None]


def mirror(messages: Iterable[str], say: Say) -> None:
    """Do what `messages` ask for, from `start` on; a run without a last `finish` counts as failed.

    Raises whatever wandb raises.
    """
    verbs: dict[str, Callable[..., None]] = {
        "log": _log,
        "summarize": _summarize,
        "use": _use,
        "save": _save,
    }
    run: Any = None
    lock: Any = None
    failed = True
    for line in messages:
        message = json.loads(line)
        verb = message.pop("do")
        if verb == "start":
            lock = _lock(message["settings"])
            run = _start(**message, say=say)
        elif verb == "finish":
            failed = message["failed"]
        else:
            verbs[verb](run, **message)
    if run is not None:
        run.finish(exit_code=_FAILED if failed else 0)
        if not run.settings._offline:
            _mark_uploaded(Path(run.settings.sync_file))
        say("done")
    if lock is not None:
        os.close(lock)


def _lock(settings: Mapping[str, Any]) -> int | None:
    """Hold, until this process ends, what tells `foldline sync` that the run is still written."""
    directory = Path(settings["dir"], "wandb")
    directory.mkdir(parents=True, exist_ok=True)
    handle = os.open(directory / f"{settings['id']}.lock", os.O_CREAT | os.O_RDWR)
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def _start(mode: Any, settings: dict[str, Any], best: dict[str, str], say: Say) -> Any:
    # copies of small files wait here to be uploaded, and not in the user's home
    os.environ.setdefault("WANDB_DATA_DIR", str(Path(settings["dir"], "wandb", "staging")))
    import wandb

    logged_in = mode == "offline" or wandb.login(prompt=False, verify=False)
    if mode == "online" and not logged_in:
        raise RuntimeError("not logged in; run wandb login, or set track.mode=offline")
    if mode == "auto":
        mode = os.environ.get("WANDB_MODE") or ("online" if logged_in else "offline")
    try:
        run = _init(mode, settings)
        say(mode)
    except wandb.errors.CommError:
        if mode == "offline":
            raise
        run = _init("offline", settings)
        say("offline", f"{run.settings.base_url} does not answer; kept on disk for: make sync")
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
        stop_fn=_ignore_stop,
        x_stats_pid=os.getppid(),  # of the training, not of this mirror
        x_disable_stats=settings["job_type"] != "train",
        x_transaction_log_flush_interval=1.0,
    )
    return wandb.init(mode=mode, resume="allow", settings=quiet, **settings)


def _ignore_stop() -> None:
    """Do nothing: a button in the browser does not end the training."""


def _log(run: Any, row: dict[str, Any], step: int) -> None:
    run.log({key: _build(value) for key, value in row.items()}, step=step)


def _summarize(run: Any, summary: dict[str, Any]) -> None:
    run.summary.update({key: _build(value) for key, value in summary.items()})


def _use(run: Any, artifact: dict[str, Any]) -> None:
    built = _build_artifact(artifact)
    if not run.settings._offline:
        run.use_artifact(built, aliases=artifact["aliases"])
    else:
        # what use_artifact does with an artifact of one's own, but for its refusal when offline
        run._log_artifact(built, aliases=list(artifact["aliases"]), use_after_commit=True)


def _save(run: Any, artifact: dict[str, Any]) -> None:
    run.log_artifact(_build_artifact(artifact), aliases=list(artifact["aliases"]))


def _build_artifact(artifact: dict[str, Any]) -> Any:
    """The same files under the same names have the same digest: W&B keeps them as one version."""
    import wandb

    built = wandb.Artifact(artifact["name"], artifact["kind"], metadata=artifact["metadata"])
    for name, path in artifact["files"].items():
        policy: Any = "immutable" if name in artifact["settled"] else "mutable"
        built.add_file(path, name=name, policy=policy, skip_cache=True)
    return built


def _build(value: Any) -> Any:
    """The wandb object that a dictionary with one of the keys of `media` stands for."""
    import wandb

    if not isinstance(value, dict):
        return value
    if "picture" in value:
        return wandb.Image(value["picture"], caption=value["caption"])
    if "thumbnail" in value:
        return _build_thumbnail(value["thumbnail"])
    if "columns" in value:
        rows: Any = [[_build(cell) for cell in row] for row in value["rows"]]
        return wandb.Table(columns=value["columns"], data=rows)
    return wandb.plot.confusion_matrix(
        y_true=value["labels"], preds=value["answers"], class_names=value["classes"]
    )


def _build_thumbnail(path: str) -> Any:
    import wandb
    from PIL import Image

    with Image.open(path) as picture:
        picture.thumbnail(_THUMBNAIL)
        return wandb.Image(picture.convert("RGB"))


def _mark_uploaded(path: Path) -> None:
    """As `wandb sync` marks what it has uploaded."""
    path.with_suffix(".wandb.synced").touch()


def main() -> None:
    """Mirror what comes from standard input, and leave without waiting for anything."""
    # wandb, and the programs it starts, may print what they like
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.environ["WANDB_SILENT"] = "true"
    os.nice(10)  # the training goes first

    def say(state: str, reason: str | None = None) -> None:
        output.write(json.dumps({"state": state, "reason": reason}) + "\n")
        output.flush()

    try:
        mirror(sys.stdin, say)
    except BaseException as error:  # noqa: BLE001 - whatever wandb does, training goes on
        reason = " ".join(str(error).split())
        say("failed", f"{type(error).__name__}: {reason}; training goes on without it")
    finally:
        os._exit(0)  # wandb's own exit may wait for a server that does not answer


if __name__ == "__main__":
    main()
