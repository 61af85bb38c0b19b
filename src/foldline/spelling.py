"""How names are spelled on disk, when people and tables spell them differently."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from foldline.errors import UserError
from foldline.files import is_folder
from foldline.text import compute_name_key, compute_path_key, count_and_name


def find_on_disk(root: Path, path: str) -> str:
    """Return `path`, relative to `root`, as it is spelled on disk.

    A path that exists as written, or not at all, is returned as it is. Raise `UserError` if a part
    of the path could mean two entries of its folder.
    """
    found: list[str] = []
    for part in PurePosixPath(path).parts:
        place = root.joinpath(*found)
        if not os.path.exists(place / part):  # noqa: PTH110 - Path.exists raises for odd names
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
    """Return a path that a person typed as it is spelled on disk; see `find_on_disk`."""
    if path.isascii():
        return path
    typed = PurePosixPath(path)
    return str(
        Path(typed.anchor) / find_on_disk(Path(typed.anchor), str(typed.relative_to(typed.anchor)))
    )


def describe_spellings(paths: Iterable[str]) -> list[str]:
    """Return a line on files and folders that have one name in several spellings, if any do.

    `paths` are relative to the data root, as they are spelled on disk.
    """
    listed = list(paths)
    if all(compute_path_key(path) == path for path in listed):
        return []
    spellings: dict[str, set[str]] = {}
    for path in listed:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            # only names within the same folder are compared: alike folders are listed themselves
            inner = "/".join([*parts[: depth - 1], compute_name_key(parts[depth - 1])])
            spellings.setdefault(inner, set()).add(parts[depth - 1])
    doubled = sorted(compute_path_key(path) for path, names in spellings.items() if len(names) > 1)
    if not doubled:
        return []
    return [
        "names in several spellings (composed or decomposed letters, blanks), which count as one: "
        f"{count_and_name(doubled)}"
    ]
