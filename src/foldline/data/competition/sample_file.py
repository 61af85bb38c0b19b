"""Find and read the competition's sample submission, whatever its name is."""

import os
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from foldline.data.competition.test_set import match_ids
from foldline.errors import UserError
from foldline.spelling import find_on_disk
from foldline.tables import Table, read_table
from foldline.text import compute_name_key, leads_outside, name_some, shorten_faults

# larger tables are not looked into: an id is a path at most, and answers are short
MAX_BYTES_A_PICTURE = 10_000


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A sample submission: two column names, ids and placeholder answers, as they are written."""

    columns: tuple[str, str]
    ids: Sequence[str]
    answers: Sequence[str]


@dataclass(frozen=True, slots=True)
class FoundSample:
    """The sample file and its path, if there is one, and warnings about files that might be it."""

    sample: SampleFile | None = None
    path: Path | None = None
    warnings: Sequence[str] = ()


def load_sample_file(path: Path) -> SampleFile:
    """Read a sample submission: a header and a row for each test picture, two columns.

    Raise `UserError` for another number of columns, and for each row without an id or with one
    that stands above already.
    """
    return _read_sample(path, read_table(path))


def find_sample_file(root: Path, names: Sequence[str], chosen: str | None) -> FoundSample:
    """Return the `chosen` sample file under `root`, else the first of `names` that is there.

    Raise `UserError` if the chosen one lies outside the root or does not exist.
    """
    if chosen is not None:
        if leads_outside(chosen):
            raise UserError(
                f"data.sample_file: {chosen}: expected a file relative to data.root and inside it"
            )
        path = root / find_on_disk(root, chosen)
        if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for odd names
            raise UserError(
                f"data.sample_file: {path}: no such file; name it relative to data.root"
            )
        return FoundSample(load_sample_file(path), path)
    there = next((path for name in names if (path := root / name).is_file()), None)
    return FoundSample(load_sample_file(there), there) if there else FoundSample()


def search_sample_file(
    root: Path,
    paths: Sequence[str],
    test_dir: str,
    *,
    train_paths: Sequence[str],
    class_names: Sequence[str],
) -> FoundSample:
    """Look for a table in `root` whose first column holds the ids of all test pictures.

    If exactly one also has a sample's answers, it is taken, with a warning that says so. Several
    such tables, and those that list only some of the pictures, are merely named.
    """
    whole: list[tuple[Path, SampleFile]] = []
    named: list[Path] = []
    tables = _list_tables(root, max_bytes=MAX_BYTES_A_PICTURE * len(paths))
    trained_on = {name for path in train_paths for name in _list_names(path)} if tables else set()
    for path in tables:
        try:
            table = read_table(path)
            test = match_ids([row[0] for row in table.rows], paths, test_dir)
        except UserError:
            continue  # a table of something else
        found = sum(map(bool, test.paths))
        num_trained_on = sum(row[0] in trained_on for row in table.rows)
        if not found or 2 * found < len(table.rows) or found < num_trained_on:
            continue
        sample = None
        if found == len(table.rows) and not test.num_extra:
            sample = _take_sample(path, table, class_names)
        if sample:
            whole.append((path, sample))
        else:
            named.append(path)
    if len(whole) == 1:
        path, sample = whole[0]
        line = f"{path} lists the test pictures and is taken for the sample file; to say so, set"
        return FoundSample(sample, path, [f"{line} {_format_setting(path.name)}"])
    if maybe := [path.name for path in (*(path for path, _ in whole), *named)]:
        return FoundSample(
            warnings=[
                f"no sample file, but tables in {root} list test pictures: {name_some(maybe)}; "
                f"if one is the sample file, name it: {_format_setting(maybe[0])}"
            ]
        )
    return FoundSample()


def _format_setting(name: str) -> str:
    return shlex.quote(f"data.sample_file={name}")


def _list_tables(root: Path, *, max_bytes: int) -> list[Path]:
    """Return the tables in `root` that are small enough to list nothing but test pictures."""
    return sorted(
        path
        for path in root.glob("[!.]*.[cC][sS][vV]")
        if os.path.isfile(path) and path.stat().st_size <= max_bytes  # noqa: PTH113 - see above
    )


def _read_sample(path: Path, table: Table) -> SampleFile:
    if len(table.columns) != 2:
        found = ",".join(table.columns)
        raise UserError(f"{path}: expected two columns, id and answer; found {found!r}")
    if not table.rows:
        raise UserError(
            f"{path}: expected a header and a row for each test picture; found only "
            f"{','.join(table.columns)!r}"
        )
    faults = []
    first_line: dict[str, int] = {}
    for number, row in zip(table.lines, table.rows, strict=True):
        if not row[0].strip():
            faults.append(f"{path}: line {number}: expected id and answer, found {','.join(row)!r}")
        elif (first := first_line.setdefault(row[0], number)) != number:
            faults.append(f"{path}: line {number}: id {row[0]} stands in line {first} already")
    if faults:
        raise UserError(*shorten_faults(faults))
    ids, answers = zip(*table.rows, strict=True)
    return SampleFile((table.columns[0], table.columns[1]), list(ids), list(answers))


def _take_sample(path: Path, table: Table, class_names: Collection[str]) -> SampleFile | None:
    """Return the table as a sample file if its answers are classes, or all the same."""
    try:
        sample = _read_sample(path, table)
    except UserError:
        return None
    answers = {compute_name_key(answer) for answer in sample.answers}
    numbers = {str(rank) for rank in range(len(class_names))}
    known = {*class_names, *numbers, *(n.lstrip("0") for n in class_names if n.isdecimal()), ""}
    return sample if len(answers) == 1 or answers <= known else None


def _list_names(path: str) -> tuple[str, str]:
    return PurePosixPath(path).name, PurePosixPath(path).stem
