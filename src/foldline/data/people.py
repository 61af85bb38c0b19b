"""The competition's own list of people, compared with the folders that are there."""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

COLUMNS = ("gender", "age", "path")
# of a long list of names only the first are printed
NUM_NAMED = 3


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


def name_some(names: Iterable[str], *, limit: int = NUM_NAMED) -> str:
    """`a, b, c and 4 more`."""
    listed = list(names)
    text = ", ".join(listed[:limit])
    return text if len(listed) <= limit else f"{text} and {len(listed) - limit} more"


def _describe(name: str, rows: Sequence[Mapping[str, str]], folders: Collection[str]) -> list[str]:
    listed = {row["path"]: row for row in rows}
    differences = {
        f"people that {name} lists and no folder has": sorted(listed.keys() - set(folders)),
        f"people's folders that {name} does not list": sorted(set(folders) - listed.keys()),
        f"people whose gender or age in {name} is not their folder's": sorted(
            folder for folder in listed.keys() & set(folders) if _contradicts(listed[folder])
        ),
        f"people that {name} lists twice": sorted(_repeated(row["path"] for row in rows)),
    }
    return [f"{len(who)} {what}: {name_some(who)}" for what, who in differences.items() if who]


def _contradicts(row: Mapping[str, str]) -> bool:
    _, gender, *_, age = row["path"].split("_")
    return (row["gender"], row["age"]) != (gender, age)


def _repeated(names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
