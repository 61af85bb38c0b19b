"""Read the true answers of the test pictures, where they are known."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from foldline.data.competition.scan import scan_pictures
from foldline.data.competition.test_set import match_ids
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.files import is_folder
from foldline.tables import read_table
from foldline.text import compute_name_key, count_and_name, count_of, name_some


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer as it is written, its place in the file, and the group beside it."""

    answer: str
    where: str
    group: str | None = None


def load_truth(path: Path, prepared: Prepared) -> pd.DataFrame:
    """Return `label`, `id` (and `group`, if the file has it) of each test row, in submission order.

    `path` is a table with the submission's columns, or a folder with the test pictures in one
    folder a class. Names may be in any spelling; an answer is what the submission says for a class,
    or the name of the class. Raises `UserError` naming what is missing, doubled or no class.
    """
    try:
        in_folders = is_folder(path)
        if not os.path.exists(path):  # noqa: PTH110 - raises for no name whatever
            raise UserError(f"{path}: no such file or folder")
        given = _read_folder(path, prepared) if in_folders else _read_file(path, prepared)
        ids = prepared.test["id"].astype(str).tolist()
        if absent := [one for one in ids if one not in given]:
            raise UserError(
                f"{path}: no answer for {count_of(len(absent), 'id')}, such as {absent[0]}"
            )
        labels = _number(path, [given[one] for one in ids], prepared, names_first=in_folders)
    except UserError as error:
        raise UserError(*(f"infer.truth: {fault}" for fault in error.faults)) from None
    truth = pd.DataFrame({"id": ids, "label": labels})
    if all(given[one].group is not None for one in ids):
        truth["group"] = [given[one].group for one in ids]
    return truth


def _read_file(path: Path, prepared: Prepared) -> dict[str, _Given]:
    """Return what the table says of each test id, by its exact spelling or else by any."""
    table = read_table(path)
    id_place, value_place = map(table.find_column, prepared.submission_columns)
    if id_place is None or value_place is None:
        expected, found = ",".join(prepared.submission_columns), ",".join(table.columns)
        raise UserError(f"{path}: expected the columns {expected}; found {found}")
    group_place = table.find_column("group")
    exact: dict[str, list[int]] = {}
    by_key: dict[str, list[int]] = {}
    for number, row in enumerate(table.rows):
        exact.setdefault(row[id_place], []).append(number)
        by_key.setdefault(compute_name_key(row[id_place]), []).append(number)
    given = {}
    for one in prepared.test["id"].astype(str):
        numbers = exact.get(one) or by_key.get(compute_name_key(one), [])
        if len(numbers) > 1:
            lines = " and ".join(str(table.lines[number]) for number in numbers[:2])
            raise UserError(f"{path}: {one!r} comes more than once, in lines {lines}")
        for number in numbers:
            row = table.rows[number]
            group = None if group_place is None else row[group_place]
            given[one] = _Given(row[value_place], f"line {table.lines[number]}", group)
    return given


def _read_folder(path: Path, prepared: Prepared) -> dict[str, _Given]:
    """Return the folder of each test picture; one that is not there is looked for by its id."""
    depth = len(PurePosixPath(prepared.settings.get("data.test_dir") or ".").parts)
    ids, paths = prepared.test["id"].astype(str).tolist(), prepared.test["path"].tolist()
    names = [
        str(PurePosixPath(*PurePosixPath(picture).parts[depth:])) if picture else one
        for one, picture in zip(ids, paths, strict=True)
    ]
    found = match_ids(names, scan_pictures(path, ".").paths, ".").paths
    if bare := [picture for picture in found if picture and "/" not in picture]:
        raise UserError(f"{path / bare[0]}: expected a picture inside the folder of its class")
    return {
        one: _Given(picture.partition("/")[0], picture)
        for one, picture in zip(ids, found, strict=True)
        if picture
    }


def _number(
    path: Path, given: Sequence[_Given], prepared: Prepared, *, names_first: bool
) -> list[int]:
    """Return the class of each answer: all are what a submission says, or all are class names."""
    values = {compute_name_key(str(v)): n for n, v in enumerate(prepared.submission_values)}
    names = {compute_name_key(name): n for n, name in enumerate(prepared.class_names)}
    keys = [compute_name_key(one.answer) for one in given]
    ways: list[Mapping[str, int]] = [names, values] if names_first else [values, names]
    way = max(ways, key=lambda way: sum(key in way for key in keys))  # the first of equals
    wrong = [one for one, key in zip(given, keys, strict=True) if key not in way]
    if wrong:
        listed = count_and_name([f"{one.answer!r} in {one.where}" for one in wrong])
        raise UserError(f"{path}: answers that are no class: {listed}; expected {name_some(way)}")
    return [way[key] for key in keys]
