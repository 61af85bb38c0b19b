"""What is to be answered: the ids of the sample file, in its order, and the pictures they mean."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

from foldline.data.schemes import natural_key
from foldline.errors import UserError
from foldline.text import name_some, shorten_faults


@dataclass(frozen=True, slots=True)
class SampleFile:
    """The competition's example of a submission: its two columns, the ids, placeholder answers."""

    columns: tuple[str, str]
    ids: Sequence[str]
    answers: Sequence[str]


@dataclass(frozen=True, slots=True)
class TestSet:
    """The pictures to answer, one a row of the submission; an empty path: there is none.

    `num_extra` pictures lie in the test folder and no id means them.
    """

    # tells pytest that this is no test
    __test__ = False

    ids: Sequence[str]
    paths: Sequence[str]
    num_extra: int = 0


def load_sample_file(path: Path) -> SampleFile:
    """Read a sample submission: a header and one row a test picture, two columns.

    Raises `UserError` with a line for each of: another number of columns, an id twice, no id.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file)
    except ValueError:
        raise UserError(f"{path}: expected a header and rows of id and answer, as UTF-8") from None
    if len(header) != 2:
        raise UserError(f"{path}: expected two columns, id and answer; found {','.join(header)!r}")
    faults = []
    first_row: dict[str, int] = {}
    for number, row in enumerate(rows, start=2):
        if len(row) != 2 or not row[0]:
            faults.append(f"{path}: row {number}: expected id and answer, found {','.join(row)!r}")
        elif (first := first_row.setdefault(row[0], number)) != number:
            faults.append(f"{path}: row {number}: id {row[0]} stands in row {first} already")
    if faults:
        raise UserError(*shorten_faults(faults))
    return SampleFile((header[0], header[1]), [row[0] for row in rows], [row[1] for row in rows])


def match_ids(ids: Sequence[str], paths: Sequence[str], test_dir: str) -> TestSet:
    """Find the picture of every id: its path in `test_dir`, or its name, with or without extension.

    An id without a picture keeps its row with an empty path. Raises `UserError` where an id could
    mean two pictures.
    """
    by_name: dict[str, list[str]] = {}
    for path in paths:
        for name in _names(path, test_dir):
            by_name.setdefault(name, []).append(path)
    found = [by_name.get(identifier, []) for identifier in ids]
    faults = [
        f"id {identifier} may mean {pictures[0]} or {pictures[1]}; remove one of the two"
        for identifier, pictures in zip(ids, found, strict=True)
        if len(pictures) > 1
    ]
    if faults:
        raise UserError(*shorten_faults(faults))
    matched = [pictures[0] if pictures else "" for pictures in found]
    return TestSet(ids, matched, num_extra=len(set(paths) - set(matched)))


def name_ids(paths: Sequence[str], test_dir: str) -> TestSet:
    """Ids where there is no sample file: names without extension, 2 before 10.

    Where one name stands in several folders, all are paths in `test_dir` without extension. Raises
    `UserError` where two pictures would have the same id.
    """
    ids = {path: PurePosixPath(path).stem for path in paths}
    if len(set(ids.values())) < len(ids):
        ids = {path: str(_inner(path, test_dir).with_suffix("")) for path in paths}
    ordered = sorted(paths, key=lambda path: natural_key(ids[path]))
    faults = [
        f"{path} and {following}: both would have the id {ids[path]}; rename one, or give a "
        "sample_submission.csv whose ids have the extension"
        for path, following in pairwise(ordered)
        if ids[path] == ids[following]
    ]
    if faults:
        raise UserError(*shorten_faults(faults))
    return TestSet([ids[path] for path in ordered], ordered)


def choose_values(
    class_names: Sequence[str], sample: SampleFile | None, *, labels: str = "auto"
) -> tuple[int | str, ...]:
    """What a submission says for each class: `labels` are `names`, `numbers` from 0, or `auto`.

    `auto` is the name where the sample says names or the names are numbers themselves, else the
    number. A sample without any answer leaves it open.
    """
    by_name = labels == "names"
    if labels == "auto":
        answers = filter(None, sample.answers) if sample else ()
        named = all(name.isdecimal() for name in class_names)
        by_name = named or not all(map(_is_number, answers))
    return tuple(class_names) if by_name else tuple(range(len(class_names)))


def choose_columns(
    scheme_columns: tuple[str, str],
    sample: SampleFile | None,
    *,
    chosen: tuple[str, str] | None = None,
) -> tuple[str, str]:
    """The submission's two columns: the sample file's, else the `chosen` ones, else the scheme's.

    Raises `UserError` where the sample file has other columns than those chosen.
    """
    if sample and chosen and sample.columns != chosen:
        raise UserError(
            f"data.submission_columns: {','.join(chosen)}, but the competition's sample file has "
            f"{','.join(sample.columns)}; leave it null"
        )
    return sample.columns if sample else chosen or scheme_columns


def describe_foreign_answers(values: Sequence[int | str], sample: SampleFile | None) -> list[str]:
    """A line where the sample file answers with something that the submission will never say."""
    said = {str(value) for value in values}
    foreign = sorted({answer for answer in sample.answers if answer} - said) if sample else []
    if not foreign:
        return []
    return [
        f"the sample file answers with {name_some(map(repr, foreign))}, the submission will with "
        f"{name_some(repr(str(value)) for value in values)}; see data.submission_labels"
    ]


def _names(path: str, test_dir: str) -> set[str]:
    inner = _inner(path, test_dir)
    return {str(inner), str(inner.with_suffix("")), inner.name, inner.stem}


def _inner(path: str, test_dir: str) -> PurePosixPath:
    return PurePosixPath(path).relative_to(PurePosixPath(test_dir))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
