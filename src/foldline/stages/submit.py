"""Submit a run through Kaggle's client, after the gate, and write down that it was done."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from foldline import console
from foldline.data.prepared import load_prepared
from foldline.errors import UserError
from foldline.recipe import load_config
from foldline.scoring.submission import load_submission
from foldline.stages.board import Event, append_event, load_events, tell_time
from foldline.stages.gatekeeper import inspect, judge
from foldline.stages.results import RUNS, Result, load_probs
from foldline.stages.run_summary import find_run_path
from foldline.stages.runs import RunFolder, check_seal

# six: some versions of the client use it without asking for it
_INSTALL = ".venv/bin/uv pip install --constraint requirements.txt kaggle six"


def run_submit(name: str, *, competition: str, message: str, force: bool) -> None:
    """Check the submission of the run `name`, send it to `competition`, record it.

    Raises `UserError` where the file is not what infer wrote, the gate stops it, the same bytes
    were submitted before (both unless `force`), there is no client or no credentials, or the
    client fails.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", competition, re.IGNORECASE):
        raise UserError(
            f"--competition {competition}: expected the last part of the competition's address, "
            "such as dogs-vs-cats-redux-kernels-edition"
        )
    result = Result(find_run_path(name, RUNS))
    _require_untouched(result, name)
    _refuse_again(result, competition, force=force)
    client = _find_client()
    _check(result, force=force)
    score = result.macro_f1
    if not message:
        message = name if score is None else f"{name}, out of fold {score:.4f}"
    with console.progress("submit", 1) as bar:
        said = _call(client, result.submission, competition=competition, message=message)
        bar.advance()
    append_event(
        Event(
            time=tell_time(),
            event="submit",
            run=name,
            data=result.data_name,
            sha256=str(result.sha256),
            out_of_fold="" if score is None else repr(score),
            competition=competition,
            message=message,
        )
    )
    for line in said:
        console.say(f"kaggle: {line}")
    console.say(f"submitted: {result.submission} to {competition}")
    console.say(f"when it is scored: make score RUN={name} SCORE=…")


def _require_untouched(result: Result, name: str) -> None:
    if not result.submission.is_file():
        raise UserError(
            f"{result.submission}: no such file; make it with: make infer SET=run={name}"
        )
    if not result.is_as_written:
        raise UserError(
            f"{result.submission}: not the file that submission.json is about; "
            f"make it again with: make infer SET=run={name}"
        )


def _refuse_again(result: Result, competition: str, *, force: bool) -> None:
    for event in load_events():
        same = event.event == "submit" and event.sha256 == result.sha256
        if same and event.competition == competition and not force:
            raise UserError(
                f"{result.submission}: the same answers were submitted to {competition} as "
                f"{event.run} at {event.time}; they would score the same (--force submits again)"
            )


def _check(result: Result, *, force: bool) -> None:
    config = load_config(result.path / "config.yaml")
    prepared = load_prepared(config.prepared_dir)
    check_seal(RunFolder(result.path), prepared, config)
    ids = prepared.test["id"].astype(str).tolist()
    findings = inspect(
        load_submission(result.submission),
        prepared,
        owner=result,
        probs=load_probs(result.path / "probs.csv", ids),
        unread=result.unread,
    )
    way_round = f"{result.submission}: not submitted; `--force` submits it all the same"
    judge(result.submission, findings, force=force, way_round=way_round)


def _find_client() -> str:
    """Kaggle's command, with credentials in one of the places where it looks for them."""
    beside = Path(sys.executable).parent
    client = shutil.which("kaggle", path=f"{os.environ.get('PATH', '')}{os.pathsep}{beside}")
    if client is None:
        raise UserError(f"Kaggle's client is not installed; install it with: {_INSTALL}")
    folder = Path.home() / ".kaggle"
    files = [
        *(folder / name for name in ("access_token", "access_token.txt", "credentials.json")),
        *(place / "kaggle.json" for place in _list_config_folders(folder)),
    ]
    by_name = os.environ.get("KAGGLE_USERNAME") and os.environ.get("KAGGLE_KEY")
    by_token = os.environ.get("KAGGLE_API_TOKEN") or os.environ.get("KAGGLE_API_V1_TOKEN")
    if not (by_name or by_token or any(file.is_file() for file in files)):
        raise UserError(
            "no credentials for Kaggle: make a token at https://www.kaggle.com/settings, then "
            f"put it into {folder / 'access_token'} or KAGGLE_API_TOKEN "
            "(an older kaggle.json will do too)"
        )
    return client


def _list_config_folders(folder: Path) -> list[Path]:
    given = os.environ.get("KAGGLE_CONFIG_DIR")
    shared = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return [folder, Path(shared) / "kaggle", *([Path(given)] if given else [])]


def _call(client: str, path: Path, *, competition: str, message: str) -> list[str]:
    """What the client says, line by line. Raises `UserError` with its last line when it fails."""
    try:
        done = subprocess.run(
            # = keeps a message that begins with - from being taken for an option
            [
                *(client, "competitions", "submit", f"--competition={competition}"),
                *(f"--file={path}", f"--message={message}"),
            ],
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"PYTHONUTF8": "1"},
        )
    except OSError as error:
        raise UserError(
            f"{client}: cannot be started: {error.strerror}; install it again with: {_INSTALL}"
        ) from None
    said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    blamed = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    # an upload that broke off, or an unknown competition, is told in words and ends with 0; a token
    # that is refused with instructions over many lines
    refused = [line for line in said if line.startswith(("Could not", "Authentication required"))]
    if done.returncode or refused:
        why = (refused or blamed or said or [f"exit code {done.returncode}"])[-1]
        raise UserError(f"Kaggle's client could not submit {path}: {why}")
    return said
