"""Pictures that are one file on disk: a link and its target, two links, two hard links."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from foldline.data.competition.labels import Picture
from foldline.data.competition.scan import Rejected
from foldline.errors import UserError
from foldline.text import shorten_faults

_File = tuple[int, int, int]


def drop_same_files(
    root: Path,
    pictures: Sequence[Picture],
    inodes: Mapping[str, int],
    class_names: Sequence[str],
) -> tuple[list[Picture], list[Rejected]]:
    """Keep every file once, under the first of its paths; return the pictures and what was dropped.

    `inodes` has the number of each picture's file on its disk. Raise `UserError` with a line for
    each pair of folders that share a file if one is for training and one for validation, or if the
    file would belong to two classes.
    """
    # files with the same number are one file if they are on one disk
    numbers = Counter(inodes[picture.path] for picture in pictures)
    suspects = {inode for inode, count in numbers.items() if count > 1}
    if not suspects:
        return list(pictures), []
    first_of: dict[_File, Picture] = {}
    kept, dropped = [], []
    shared: dict[tuple[str, str], list[str]] = {}
    for picture in sorted(pictures, key=lambda picture: picture.path):
        file = _identify(root / picture.path) if inodes[picture.path] in suspects else None
        first = first_of.setdefault(file, picture) if file else picture
        if first is picture:
            kept.append(picture)
        elif fault := _explain_conflict(root, first, picture, class_names):
            folders = (first.path.rpartition("/")[0], picture.path.rpartition("/")[0])
            shared.setdefault(folders, []).append(fault)
        else:
            dropped.append(Rejected(picture.path, "same file", f"is {first.path}"))
    if shared:
        raise UserError(*shorten_faults([_count(faults) for faults in shared.values()]))
    return kept, dropped


def _explain_conflict(
    root: Path, first: Picture, second: Picture, class_names: Sequence[str]
) -> str | None:
    if first.label != second.label:
        places = f"the classes {class_names[first.label]} and {class_names[second.label]}"
    elif first.is_given_valid != second.is_given_valid:
        places = "the training and the validation folder"
    else:
        return None
    return f"{root / first.path} and {second.path} are one file, in {places}; remove one of the two"


def _count(faults: Sequence[str]) -> str:
    more = f" (and {len(faults) - 1} more in the same two folders)" if len(faults) > 1 else ""
    return faults[0] + more


def _identify(path: Path) -> _File | None:
    """Return what identifies the file, or None if it is gone by now."""
    try:
        status = path.stat()
    except OSError:
        return None
    # the size too, as some network disks give two files the same number
    return status.st_dev, status.st_ino, status.st_size
