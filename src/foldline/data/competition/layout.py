"""The folders of a competition: which ones are needed, and what lies in each of them."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from foldline.data.competition.scan import UNREADABLE_FOLDER, Scan, list_folders, scan_pictures
from foldline.data.competition.schemes import Scheme
from foldline.errors import UserError
from foldline.files import is_folder
from foldline.text import compute_name_key, count_and_name, count_of, leads_outside, name_some

# common names of a validation folder, in lower case
_VALIDATION_FOLDERS = frozenset({"val", "valid", "validation", "dev"})


def require_competition(root: Path, train_dir: str, test_dir: str, valid_dir: str | None) -> None:
    """Raise `UserError` if there is no competition at `root`, or its folders are others."""
    require_inside("data.train_dir", train_dir)
    require_inside("data.test_dir", test_dir)
    if is_folder(root / train_dir):
        if valid_dir is not None:
            require_folder("data.valid_dir", root, valid_dir)
            if (root / valid_dir).samefile(root / train_dir):
                raise UserError(f"data.valid_dir: {valid_dir} is the training folder itself")
        return
    if os.path.lexists(root) and (problem := _explain_absence(root)):
        raise UserError(f"data.root: {root}: {problem}")
    if not list_folders(root):
        raise UserError(
            f"no competition at {root}; put it there, or run `make demo` for the drawn sample"
        )
    raise UserError(
        f"{root / train_dir}: {_explain_absence(root / train_dir)}; {root} holds "
        f"{_name_folders(root)}; set data.scheme or data.train_dir"
    )


def require_inside(key: str, folder: str) -> None:
    """Raise `UserError` naming `key` unless `folder` is relative and without `..`."""
    if leads_outside(folder):
        raise UserError(f"{key}: {folder}: expected a folder relative to data.root and inside it")


def require_folder(key: str, root: Path, folder: str) -> None:
    """Raise `UserError` naming `key` unless there is a `folder` under `root`."""
    require_inside(key, folder)
    if problem := _explain_absence(root / folder):
        raise UserError(f"{key}: {root / folder}: {problem}; {root} holds {_name_folders(root)}")


def scan_folders(
    root: Path, train_dir: str, valid_dir: str | None, test_dir: str
) -> tuple[dict[str, Scan], Scan]:
    """Scan each folder of labelled pictures, training first, and the test folder.

    If one folder lies in another, its pictures belong to the inner one alone.
    """
    labelled = [train_dir] if valid_dir is None else [train_dir, valid_dir]

    def scan(folder: str) -> Scan:
        others = [other for other in (*labelled, test_dir) if other != folder]
        return scan_pictures(root, folder, exclude=others)

    test = scan(test_dir) if is_folder(root / test_dir) else Scan()
    return {folder: scan(folder) for folder in labelled}, test


def describe_layout(
    root: Path,
    scheme: Scheme,
    scans: Mapping[str, Scan],
    test_scan: Scan,
    class_names: Sequence[str],
    *,
    test_dir: str,
) -> list[str]:
    """Return warnings about folders that are not read, or not as they may have been meant.

    `scans` has the labelled folders, training first.
    """
    lines = _describe_unreadable([*scans.values(), test_scan])
    lines += _describe_empty_folders(root, scheme, scans, ignored=[test_dir])
    lines += _describe_alike_classes(class_names)
    if len(scans) == 1:
        lines += _describe_validation_folders(root, next(iter(scans)), test_dir)
    return lines


def list_used(scan: Scan, folder: str) -> set[str]:
    """Return the folders in `folder` that hold pictures at any depth."""
    depth = len(PurePosixPath(folder).parts)
    return {path.split("/")[depth] for path in scan.paths if path.count("/") > depth}


def _describe_unreadable(scans: Sequence[Scan]) -> list[str]:
    """Return a line on the folders that cannot be read, whose classes may be missing."""
    found = [
        f"{item.path}: {item.detail}"
        for scan in scans
        for item in scan.rejected
        if item.reason == UNREADABLE_FOLDER
    ]
    return [f"folders that cannot be read: {count_and_name(found)}"] if found else []


def _describe_empty_folders(
    root: Path, scheme: Scheme, scans: Mapping[str, Scan], *, ignored: Sequence[str]
) -> list[str]:
    """Return a line on the folders that would be classes if they held a picture."""
    if not scheme.classes_are_folders:
        return []
    empty = []
    for folder, scan in scans.items():
        names = set(list_folders(root / folder)) - list_used(scan, folder)
        # a folder that holds the test or validation folder is not a class
        others = map(PurePosixPath, (*scans, *ignored))
        unread = {str(path) for other in others for path in (other, *other.parents)}
        unread |= {item.path for item in scan.rejected}
        paths = (str(PurePosixPath(folder, name)) for name in sorted(names))
        empty += [path for path in paths if path not in unread]
    if not empty:
        return []
    return [f"folders without a picture, which make no class: {count_and_name(empty)}"]


def _describe_alike_classes(class_names: Sequence[str]) -> list[str]:
    """Return a line for each set of classes whose names differ only in case."""
    alike: dict[str, list[str]] = {}
    for name in class_names:
        alike.setdefault(compute_name_key(name).casefold(), []).append(name)
    return [
        f"{' and '.join(names)} are {len(names)} classes, by upper and lower case alone; give them "
        "one name if they are one"
        for names in alike.values()
        if len(names) > 1
    ]


def _describe_validation_folders(root: Path, train_dir: str, test_dir: str) -> list[str]:
    """Return a line for each folder by the training folder that is named like a validation one."""
    train, test = PurePosixPath(train_dir), PurePosixPath(test_dir)
    lines = []
    for place in dict.fromkeys((PurePosixPath(), train.parent)):
        for name in list_folders(root / place):
            folder = place / name
            holds_other = train.is_relative_to(folder) or test.is_relative_to(folder)
            if name.casefold() not in _VALIDATION_FOLDERS or holds_other:
                continue
            if num_pictures := len(scan_pictures(root, str(folder)).paths):
                is_read = folder.is_relative_to(train)
                lines.append(
                    f"{root / folder}: {count_of(num_pictures, 'picture')} in it, "
                    f"{'trained on' if is_read else 'not used'}; to score on them set "
                    f"folds.kind=given {shlex.quote(f'data.valid_dir={folder}')}"
                )
    return lines


def _explain_absence(folder: Path) -> str | None:
    """Return why `folder` cannot be used, or None if it can."""
    try:
        folder.stat()
        os.listdir(folder)  # noqa: PTH208 - only asks whether it can be read
    except NotADirectoryError:
        return "a file; expected a folder" if os.path.isfile(folder) else "no such folder"  # noqa: PTH113
    except (FileNotFoundError, ValueError):  # the latter for a NUL in the name
        leads_nowhere = os.path.islink(folder)  # noqa: PTH114
        return "a link that leads nowhere" if leads_nowhere else "no such folder"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def _name_folders(root: Path) -> str:
    return name_some(f"{name}/" for name in list_folders(root)) or "no folder"
