"""Compare the competition's own list of people with their folders."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from foldline.errors import UserError
from foldline.tables import read_table
from foldline.text import compute_name_key, count_and_name

COLUMNS = ("gender", "age", "path")


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
    rows = [[compute_name_key(row[place]) for place in places] for row in table.rows]
    listed = {folder: [gender, age] for gender, age, folder in rows}
    there = set(map(compute_name_key, folders))
    differences = {
        f"people in {path.name} without pictures": listed.keys() - there,
        f"people's folders that are not in {path.name}": there - listed.keys(),
        f"people of another gender or age in {path.name} than in their folder's name": {
            folder
            for folder in listed.keys() & there
            if (parts := folder.split("_"))[1:2] + parts[-1:] != listed[folder]
        },
        f"people that are twice in {path.name}": {
            folder for folder, count in Counter(row[-1] for row in rows).items() if count > 1
        },
    }
    return [f"{what}: {count_and_name(sorted(who))}" for what, who in differences.items() if who]
