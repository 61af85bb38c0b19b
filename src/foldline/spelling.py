"""The spelling that names have on disk, where people and tables write them otherwise."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from foldline.errors import UserError
from foldline.files import is_folder
from foldline.text import compute_name_key, compute_path_key, count_and_name


def find_on_disk(root: Path, path: str) -> str:
    """Return `path`, relative to `root`, as it is spelled on disk.

    What is there as it is written, and what is not there at all, is returned as it is. Raises
    `UserError` where a part of the path could mean two entries of its folder.
    """
    found: list[str] = []
    for part in PurePosixPath(path).parts:
        place = root.joinpath(*found)
        if not os.path.exists(place / part):  # noqa: PTH110 - raises for no name whatever
            key = compute_name_key(part)
            entries = sorted(os.listdir(place)) if is_folder(place) else []  # noqa: PTH208
            alike = [entry for entry in entries if compute_name_key(entry) == key]
            if len(alike) > 1:
                raise UserError(
                    f"{place / part}: {len(alike)} entries of {place} have this name, spelled in "
                    "different ways; rename all but one"
                )
            if not alike:
                return path
            found.append(alike[0])
        else:
            found.append(part)
    return path if tuple(found) == PurePosixPath(path).parts else "/".join(found)


def find_typed(path: str) -> str:
    """Return a path that a person has typed as it is spelled on disk; as `find_on_disk` does."""
    if path.isascii():
        return path
    typed = PurePosixPath(path)
    return str(
        Path(typed.anchor) / find_on_disk(Path(typed.anchor), str(typed.relative_to(typed.anchor)))
    )


def describe_spellings(paths: Iterable[str]) -> list[str]:
    """A line on the files and folders that have one name in several spellings, if there are any.

    `paths` are relative to the data root, as they are spelled on disk.
    """
    listed = list(paths)
    if all(compute_path_key(path) == path for path in listed):
        return []
    spellings: dict[str, set[str]] = {}
    for path in listed:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            # of one folder alone: what lies in two folders of one name is named by these
            inner = "/".join([*parts[: depth - 1], compute_name_key(parts[depth - 1])])
            spellings.setdefault(inner, set()).add(parts[depth - 1])
    doubled = sorted(compute_path_key(path) for path, names in spellings.items() if len(names) > 1)
    if not doubled:
        return []
    return [
        "names that are there in several spellings (composed or decomposed letters, blanks) and "
        f"count as one: {count_and_name(doubled)}"
    ]
