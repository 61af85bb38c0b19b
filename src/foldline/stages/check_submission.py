"""Say of a submission file whether it may be submitted, before anyone sees its score."""

from pathlib import Path

from foldline import console
from foldline.config import Config
from foldline.data.prepared import load_prepared
from foldline.errors import UserError
from foldline.scoring.submission import load_submission
from foldline.stages.gatekeeper import inspect, judge
from foldline.stages.results import find_owner, load_probs


def run_check_submission(config: Config, path: Path) -> None:
    """Compare the file `path` with the sample file and with all that runs left behind.

    Raises `UserError` with a line for each fault.
    """
    prepared = load_prepared(config.prepared_dir)
    if prepared.test.empty:
        raise UserError(f"{config.prepared_dir}/test.csv: no test pictures; see data.test_dir")
    given = load_submission(path)
    owner = find_owner(path)
    if owner and owner.seal != prepared.seal:
        console.warn(f"{path}: {owner.name} was trained on another table; not compared with it")
        owner = None
    probs = None
    if owner:
        probs = load_probs(owner.path / "probs.csv", prepared.test["id"].astype(str).tolist())
    findings = inspect(
        given,
        prepared,
        owner=owner,
        probs=probs,
        unread=owner.unread if owner else (),
    )
    if owner and not owner.is_as_written and path.resolve() == owner.submission.resolve():
        console.warn(f"{path}: changed since infer wrote it")
    judge(path, findings, force=False)
    console.say(f"{path}: {len(given.ids)} rows, nothing that stops it")
