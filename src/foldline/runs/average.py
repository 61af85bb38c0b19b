"""Average runs into a run without folds of its own, which every reader takes."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from foldline.command_line import format_command
from foldline.config.plain_yaml import dump_plain_yaml
from foldline.config.recipe import load_config
from foldline.errors import UserError
from foldline.files import compute_seal, write_json, write_text
from foldline.runs.files import Members
from foldline.runs.listing import check_scoring_seals, find_run_path
from foldline.runs.out_of_fold import OutOfFold, average_probs, save_out_of_fold, score_out_of_fold
from foldline.runs.paths import RunFolder
from foldline.runs.record import RunRecord
from foldline.runs.submission import SubmissionProbs, save_probs

# what the members share; how each was trained is in its own folder
_SHARED = ("run", "metric", "data", "folds")


def average_runs(name: str, members: Members) -> RunRecord:
    """Write the run `name`: the weighted mean of what `members` answered, out of fold and to test.

    Its metric, its data and its seal are those of the first member. `submission.csv` is left to
    whoever asks the gate. The same members give the same bytes; a folder is whole or not there.
    Raises `UserError` for a name that is taken, for members that were not scored on the same
    pictures, people, labels and folds, and for damaged or missing answers.
    """
    records = [RunRecord.load(find_run_path(member.run)) for member in members.members]
    weights = [member.weight for member in members.members]
    first, shown = records[0], json.dumps(name, ensure_ascii=False)
    for record in records:
        record.require()
    config = load_config(first.folder.config, [f"run={shown}"])
    if config.run_dir.exists():
        raise UserError(f"{config.run_dir}: there is such a run already; take another name")
    check_scoring_seals(records, to="average")
    out_of_fold = _average_out_of_fold(records, weights)
    probs = _average_probs(records, weights)
    folder = RunFolder(config.run_dir.with_name(f".{name}.average"))
    shutil.rmtree(folder.path, ignore_errors=True)
    shared = {key: config.model_dump(mode="json")[key] for key in _SHARED}
    write_text(folder.config, dump_plain_yaml(shared))
    write_json(folder.members, members.model_dump(mode="json"))
    save_out_of_fold(folder.oof, out_of_fold)
    save_probs(folder.probs, probs)
    scores = {"seal": first.seal, **score_out_of_fold(out_of_fold, first.metric)}
    write_json(folder.scores, scores)
    write_json(folder.environment, _describe_environment(first, folder))
    folder.path.rename(config.run_dir)
    return RunRecord.load(config.run_dir)


def _describe_environment(first: RunRecord, folder: RunFolder) -> dict[str, object]:
    answers = (path.read_bytes() for path in (folder.oof, folder.probs))
    return {
        "seal": first.seal,
        "scoring_seal": first.scoring_seal,
        "num_folds": first.num_folds,
        "identity": compute_seal(*answers)[:12],
    }


def _average_out_of_fold(records: Sequence[RunRecord], weights: Sequence[float]) -> OutOfFold:
    parts = []
    for record in records:
        if record.out_of_fold is None:
            hint = f"make it with: {format_command('train', config=record.folder.config)}"
            raise _describe_missing(record, record.folder.oof, hint)
        parts.append(record.out_of_fold)
    try:
        return OutOfFold.average(parts, weights)
    except ValueError as error:
        names = ", ".join(record.name for record in records)
        raise UserError(f"{names}: cannot be averaged: {error}") from None


def _average_probs(records: Sequence[RunRecord], weights: Sequence[float]) -> SubmissionProbs:
    found, parts = [], []
    for record in records:
        probs = record.probs
        if probs is None:
            hint = f"make it with: {format_command('infer', config=record.folder.config)}"
            raise _describe_missing(record, record.folder.probs, hint)
        found.append(probs)
        selected = probs.select(found[0].ids)
        if selected is None or list(probs.class_names) != list(found[0].class_names):
            raise UserError(
                f"{record.folder.probs}: not of the test pictures and classes of "
                f"{records[0].folder.probs}; infer both again"
            )
        parts.append(selected)
    first = found[0]
    return SubmissionProbs(
        first.id_column, first.ids, first.class_names, average_probs(parts, weights)
    )


def _describe_missing(record: RunRecord, path: Path, hint: str) -> UserError:
    damage = [problem for problem in record.problems if problem.startswith(f"{path}: ")]
    return UserError(*(damage or [f"{path}: missing; {hint}"]))
