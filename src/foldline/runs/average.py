"""Average runs into a run without folds of its own, which every reader takes."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
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
from foldline.runs.record import Read, RunRecord
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
    environment = {
        "seal": first.seal,
        "scoring_seal": first.scoring_seal,
        "num_folds": first.num_folds,
        "identity": compute_seal(folder.oof.read_bytes(), folder.probs.read_bytes())[:12],
    }
    write_json(folder.environment, environment)
    folder.path.rename(config.run_dir)
    return RunRecord.load(config.run_dir)


def _average_out_of_fold(records: Sequence[RunRecord], weights: Sequence[float]) -> OutOfFold:
    parts = [_require(one, one.out_of_fold, one.folder.oof, "train") for one in records]
    try:
        return OutOfFold.average(parts, weights)
    except ValueError as error:
        names = ", ".join(record.name for record in records)
        raise UserError(f"{names}: cannot be averaged: {error}") from None


def _average_probs(records: Sequence[RunRecord], weights: Sequence[float]) -> SubmissionProbs:
    found = [_require(one, one.probs, one.folder.probs, "infer") for one in records]
    first, parts = found[0], []
    for record, probs in zip(records, found, strict=True):
        selected = probs.select(first.ids)
        if selected is None or probs.class_names != first.class_names:
            raise UserError(
                f"{record.folder.probs}: not of the test pictures and classes of "
                f"{records[0].folder.probs}; infer both again"
            )
        parts.append(selected)
    return replace(first, probs=average_probs(parts, weights))


def _require(record: RunRecord, content: Read | None, path: Path, stage: str) -> Read:
    """Return the `content` of `path`. Raises `UserError` where it is damaged or missing."""
    if content is not None:
        return content
    damage = [problem for problem in record.problems if problem.startswith(f"{path}: ")]
    command = format_command(stage, config=record.folder.config)
    raise UserError(*(damage or [f"{path}: missing; make it with: {command}"]))
