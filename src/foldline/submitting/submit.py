"""Submit a run through Kaggle's client, after the gate, and write down that it was done."""

import re

from foldline import console
from foldline.command_line import choose, format_command, remember
from foldline.config.recipe import load_config
from foldline.data.prepared import load_prepared
from foldline.errors import UserError
from foldline.runs.begin import check_seal
from foldline.runs.leaderboard import Event, append_event, load_events, tell_time
from foldline.runs.paths import RunFolder
from foldline.runs.results import RUNS, Result, load_probs
from foldline.runs.settings import require_table
from foldline.runs.submission import load_submission
from foldline.runs.summary import find_run_path
from foldline.submitting.gatekeeper import inspect, judge
from foldline.submitting.kaggle_client import find_client, submit_file


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
    _require_untouched(result)
    _refuse_again(result, competition, force=force)
    client = find_client()
    _check(result, force=force)
    score = result.macro_f1
    if not message:
        message = name if score is None else f"{name}, out of fold {score:.4f}"
    with console.progress("submit", 1) as bar:
        said = submit_file(client, result.submission, competition=competition, message=message)
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
    score_it = choose(make=f"score RUN={name} SCORE=…", foldline=f"score {name} …")
    console.say(f"when it is scored: {score_it}")


def _require_untouched(result: Result) -> None:
    if not result.submission.is_file():
        raise UserError(f"{result.submission}: no such file; make it with: {_name_infer(result)}")
    if not result.is_as_written:
        raise UserError(
            f"{result.submission}: not the file that submission.json is about; "
            f"make it again with: {_name_infer(result)}"
        )


def _name_infer(result: Result) -> str:
    return format_command("infer", config=RunFolder(result.path).config)


def _refuse_again(result: Result, competition: str, *, force: bool) -> None:
    for event in load_events():
        same = event.event == "submit" and event.sha256 == result.sha256
        if same and event.competition == competition and not force:
            raise UserError(
                f"{result.submission}: the same answers were submitted to {competition} as "
                f"{event.run} at {event.time}; they would score the same (--force submits again)"
            )


def _check(result: Result, *, force: bool) -> None:
    run = RunFolder(result.path)
    remember(run.config)  # what made its data, should they be missing
    config = load_config(run.config)
    require_table(config, run)
    prepared = load_prepared(config.prepared_dir)
    check_seal(run, prepared, config)
    ids = prepared.test["id"].astype(str).tolist()
    findings = inspect(
        load_submission(result.submission),
        prepared,
        owner=result,
        probs=load_probs(result.path / "probs.csv", ids),
        unread=result.unread,
    )
    hint = f"{result.submission}: not submitted; `--force` submits it all the same"
    judge(result.submission, findings, force=force, hint=hint)
