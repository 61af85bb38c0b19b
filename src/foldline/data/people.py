"""The competition's own list of people, compared with the folders that are there."""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from foldline.text import count_and_name

COLUMNS = ("gender", "age", "path")


def compare_people(path: Path, folders: Collection[str]) -> list[str]:
    """Compare the list at `path` (`id,gender,race,age,path`) with the people's folders.

    Gives one line for each way in which they differ; none if they agree. The folders are believed,
    the list only checks them.
    """
    if not path.is_file():
        return [f"{path} is missing; the people's folders were not compared with it"]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        return [f"{path} cannot be read ({error}); the folders were not compared with it"]
    if not rows or any(row.get(column) is None for row in rows for column in COLUMNS):
        return [f"{path} lacks {', '.join(COLUMNS)}; the folders were not compared with it"]
    return _describe(path.name, rows, folders)


def _describe(name: str, rows: Sequence[Mapping[str, str]], folders: Collection[str]) -> list[str]:
    listed = {row["path"]: row for row in rows}
    differences = {
        f"people in {name} without pictures": sorted(listed.keys() - set(folders)),
        f"people's folders that are not in {name}": sorted(set(folders) - listed.keys()),
        f"people of another gender or age in {name} than in their folder's name": sorted(
            folder for folder in listed.keys() & set(folders) if _contradicts(listed[folder])
        ),
        f"people that are twice in {name}": sorted(_repeated(row["path"] for row in rows)),
    }
    return [f"{what}: {count_and_name(who)}" for what, who in differences.items() if who]


def _contradicts(row: Mapping[str, str]) -> bool:
    pieces = row["path"].split("_")
    return (pieces[1:2], pieces[-1:]) != ([row["gender"]], [row["age"]])


def _repeated(names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
