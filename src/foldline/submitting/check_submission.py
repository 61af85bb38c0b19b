"""Say whether a submission file may be submitted, before anyone sees its score."""

from collections.abc import Sequence
from pathlib import Path

from foldline import console
from foldline.command_line import remember
from foldline.config import Config
from foldline.config.recipe import load_config
from foldline.data.prepared import SUMMARY, load_prepared
from foldline.errors import UserError
from foldline.runs.listing import find_owner
from foldline.runs.submission import load_submission
from foldline.runs.table_settings import check_sample_file
from foldline.submitting.gatekeeper import inspect, judge


def load_submission_config(file: Path, path: Path | None, overrides: Sequence[str]) -> Config:
    """Return the settings that `file` is checked by, with `overrides` over them.

    They are those of the recipe `path`, else of the run whose submission it is, by its folder or
    its bytes. Raises `UserError` if neither says which competition is meant.
    """
    if not file.is_file():
        raise UserError(f"{file}: no such file; expected a submission to check")
    owner = find_owner(file) if path is None else None
    beside = (file.parent, *([owner.path] if owner else []))
    own = [one for one in (folder / "config.yaml" for folder in beside) if one.is_file()]
    recipe = path or (own[0] if own else None)
    remember(recipe, overrides)
    config = load_config(recipe, overrides)
    if not (path or own or overrides or (config.prepared_dir / SUMMARY).is_file()):
        raise UserError(
            f"{file}: the submission of no run here, and {config.prepared_dir} is not prepared; "
            "say which competition it is for: --config FILE"
        )
    return config


def run_check_submission(config: Config, path: Path) -> None:
    """Compare the file `path` with the sample file and with the answers of runs.

    Raises `UserError` with a line for each fault.
    """
    prepared = load_prepared(config.prepared_dir)
    check_sample_file(prepared)
    if prepared.test.empty:
        raise UserError(f"{config.prepared_dir}/test.csv: no test pictures; see data.test_dir")
    given = load_submission(path)
    owner = find_owner(path)
    if owner and owner.seal != prepared.seal:
        console.warn(f"{path}: {owner.name} was trained on another table; not compared with it")
        owner = None
    findings = inspect(given, prepared, owner=owner)
    if owner and not owner.is_as_written and path.resolve() == owner.folder.submission.resolve():
        console.warn(f"{path}: changed since infer wrote it")
    judge(path, findings, force=False)
    console.log(f"{path}: {len(given.ids)} rows, nothing that stops it")
