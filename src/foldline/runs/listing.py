"""Find runs: by name, by score, by what they answered."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from foldline import console
from foldline.command_line import format_command
from foldline.config import RUNS
from foldline.errors import UserError
from foldline.files import compute_sha256, is_folder
from foldline.metrics.metric import METRICS
from foldline.runs.record import RunRecord


@dataclass(frozen=True)
class RunList:
    """`runs`: best first, those without a score last; `broken`: what is wrong with the others."""

    runs: tuple[RunRecord, ...]
    broken: tuple[str, ...]


def find_run_path(name: str, root: Path = RUNS) -> Path:
    """Return the folder of a run given by name or by path.

    Raises `UserError`, with the nearest name, where there is none.
    """
    path = Path(name) if "/" in name.rstrip("/") else root / name.rstrip("/")
    if name.strip("/") and is_folder(path):
        return path
    near = difflib.get_close_matches(name, [one.name for one in list_records(root)], n=1)
    hint = f"did you mean {near[0]}?" if near else f"{format_command('runs')} lists those there are"
    raise UserError(f"{path}: no such run; {hint}")


def list_records(root: Path = RUNS) -> list[RunRecord]:
    """Return a record of every folder under `root`, by name, whatever is in it."""
    paths = sorted(path for path in root.glob("*") if path.is_dir() and path.name[0] != ".")
    return [RunRecord.load(path) for path in paths]


def list_runs(root: Path) -> RunList:
    """Return every run under `root`; a folder that is none, or is broken, is named and no error."""
    runs, broken = [], []
    for record in list_records(root):
        try:
            record.require()
            runs.append(record)
        except UserError as error:
            broken.append(error.faults[0])
    return RunList(tuple(sorted(runs, key=rank)), tuple(broken))


def rank(run: RunRecord) -> tuple[int, float, str]:
    """Return a sort key: the best run first; runs that are ranked by one metric together."""
    return (list(METRICS).index(run.metric.key), run.metric.rank(run.score), run.name)


def find_references(seal: str, *, besides: Path | None) -> list[RunRecord]:
    """Return the other runs on the table sealed `seal`, best out-of-fold score first.

    Left out are the run in the folder `besides`, those whose submission is not as it was written,
    those that the gate was overridden for, and those that are damaged, which are warned of.
    """
    own = besides and besides.resolve()
    records = [one for one in list_records() if one.path.resolve() != own]
    found = [
        one
        for one in records
        if one.seal == seal and one.score is not None and one.is_as_written
        if not one.is_overridden
    ]
    warn_of_problems(one for one in records if one not in found)
    return sorted(found, key=rank)


def find_owner(path: Path) -> RunRecord | None:
    """Return the run whose submission the file `path` is: by its folder, else by its bytes."""
    beside = RunRecord.load(path.parent)
    if beside.submission:
        return beside
    sha256 = compute_sha256(path.read_bytes())
    for one in list_records():
        if one.submission and one.submission.submission_sha256 == sha256:
            return one
    return None


def check_scoring_seals(runs: Sequence[RunRecord], *, to: str) -> None:
    """Raise `UserError` for runs that were not scored on the same labels and folds.

    `to` is what they are wanted for, such as compare.
    """
    first, *others = runs
    unknown = [
        f"{run.folder.environment}: no scoring seal, as it was begun by an older version; train it "
        f"again under another name to {to} it"
        for run in runs
        if run.scoring_seal is None
    ]
    other_table = [
        f"{first.path} is scored on the table {str(first.scoring_seal)[:12]}, {run.path} on "
        f"{str(run.scoring_seal)[:12]}: other pictures, people, labels or folds; only runs on the "
        f"same ones can be {to}d"
        for run in others
        if run.scoring_seal != first.scoring_seal
    ]
    if faults := unknown or other_table:
        raise UserError(*faults)


def warn_of_problems(records: Iterable[RunRecord]) -> None:
    """Warn of all damage of `records`, where a command can do without what is damaged."""
    for record in records:
        for problem in record.problems:
            console.warn(f"{problem}; until then {record.name} does without it")
