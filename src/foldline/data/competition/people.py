"""Compare the competition's own list of people with their folders."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from foldline.errors import UserError
from foldline.tables import read_table
from foldline.text import compute_name_key, count_and_name

COLUMNS = ("gender", "age", "path")


class _Person(NamedTuple):
    gender: str
    age: str
    path: str


def compare_people(path: Path, folders: Collection[str]) -> list[str]:
    """Compare the list at `path` (`id,gender,race,age,path`) with the people's folders.

    Return a line for each way in which they differ. The folders are trusted; the list only serves
    to check them.
    """
    if not path.is_file():
        return [f"{path} is missing; the people's folders were not compared with it"]
    try:
        table = read_table(path)
    except UserError as error:
        return [f"{error.faults[0]}; the folders were not compared with it"]
    places = [place for name in COLUMNS if (place := table.find_column(name)) is not None]
    if not table.rows or len(places) < len(COLUMNS):
        return [f"{path} lacks {', '.join(COLUMNS)}; the folders were not compared with it"]
    rows = [_Person(*(compute_name_key(row[place]) for place in places)) for row in table.rows]
    return _describe(path.name, rows, folders)


def _describe(name: str, rows: Sequence[_Person], folders: Collection[str]) -> list[str]:
    listed = {row.path: row for row in rows}
    there = set(map(compute_name_key, folders))
    differences = {
        f"people in {name} without pictures": sorted(listed.keys() - there),
        f"people's folders that are not in {name}": sorted(there - listed.keys()),
        f"people of another gender or age in {name} than in their folder's name": sorted(
            folder for folder in listed.keys() & there if _contradicts(listed[folder])
        ),
        f"people that are twice in {name}": sorted(
            path for path, count in Counter(row.path for row in rows).items() if count > 1
        ),
    }
    return [f"{what}: {count_and_name(who)}" for what, who in differences.items() if who]


def _contradicts(row: _Person) -> bool:
    pieces = row.path.split("_")
    return (pieces[1:2], pieces[-1:]) != ([row.gender], [row.age])
