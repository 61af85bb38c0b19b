"""Submit a run through Kaggle's client, after the gate, and record it."""

import re

from foldline import console
from foldline.command_line import choose, format_command, remember
from foldline.config.recipe import load_config
from foldline.data.prepared import load_prepared
from foldline.errors import UserError
from foldline.runs.begin import check_seal
from foldline.runs.leaderboard import Event, append_event, format_now, load_events
from foldline.runs.listing import find_run_path
from foldline.runs.record import RunRecord
from foldline.runs.settings import require_table
from foldline.runs.submission import load_submission
from foldline.submitting.gatekeeper import inspect, judge
from foldline.submitting.kaggle_client import find_client, submit_file


def run_submit(name: str, *, competition: str, message: str, force: bool) -> None:
    """Check the submission of the run `name`, send it to `competition`, record it.

    Raises `UserError` if the file is not as infer wrote it, if the gate stops it or the same bytes
    were submitted before (neither with `force`), if there is no client or no credentials, and if
    the client fails.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", competition, re.IGNORECASE):
        raise UserError(
            f"--competition {competition}: expected the last part of the competition's address, "
            "such as dogs-vs-cats-redux-kernels-edition"
        )
    record = RunRecord.load(find_run_path(name))
    path = record.folder.submission
    _require_untouched(record)
    _refuse_again(record, competition, force=force)
    client = find_client()
    _check(record, force=force)
    score = record.score
    if not message:
        message = name if score is None else f"{name}, out of fold {score:.4f}"
    with console.progress("submit", 1) as bar:
        said = submit_file(client, path, competition=competition, message=message)
        bar.advance()
    append_event(
        Event(
            time=format_now(),
            event="submit",
            run=name,
            data=record.data_name,
            sha256=str(record.sha256),
            out_of_fold="" if score is None else repr(score),
            competition=competition,
            message=message,
        )
    )
    for line in said:
        console.log(f"kaggle: {line}")
    console.log(f"submitted: {path} to {competition}")
    score_it = choose(make=f"score RUN={name} SCORE=…", foldline=f"score {name} …")
    console.log(f"when it is scored: {score_it}")


def _require_untouched(record: RunRecord) -> None:
    path, infer = record.folder.submission, format_command("infer", config=record.folder.config)
    if not record.has_submission:
        raise UserError(f"{path}: no such file; make it with: {infer}")
    if not record.is_as_written:
        raise UserError(
            f"{path}: not the file that submission.json is about; make it again with: {infer}"
        )


def _refuse_again(record: RunRecord, competition: str, *, force: bool) -> None:
    for event in load_events():
        same = event.event == "submit" and event.sha256 == record.sha256
        if same and event.competition == competition and not force:
            raise UserError(
                f"{record.folder.submission}: the same answers were submitted to {competition} as "
                f"{event.run} at {event.time}; they would score the same (--force submits again)"
            )


def _check(record: RunRecord, *, force: bool) -> None:
    run = record.folder
    remember(run.config)  # what made its data, should they be missing
    config = load_config(run.config)
    require_table(config, run)
    prepared = load_prepared(config.prepared_dir)
    check_seal(run, prepared, config)
    findings = inspect(load_submission(run.submission), prepared, owner=record)
    hint = f"{run.submission}: not submitted; `--force` submits it all the same"
    judge(run.submission, findings, force=force, hint=hint)
