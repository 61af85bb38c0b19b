"""The folders of a competition: which there must be, and what lies in each of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from foldline.data.scan import Scan, scan_pictures
from foldline.data.schemes import Scheme
from foldline.errors import UserError
from foldline.text import count_and_name, name_some

NOTHING = Scan([], {}, [])


def require_competition(root: Path, train_dir: str, valid_dir: str | None) -> None:
    """Raise `UserError` if there is no competition at `root`, or one laid out otherwise."""
    if (root / train_dir).is_dir():
        if valid_dir is not None:
            require_folder("data.valid_dir", root, valid_dir)
            if PurePosixPath(valid_dir) == PurePosixPath(train_dir):
                raise UserError(f"data.valid_dir: {valid_dir} is the training folder itself")
        return
    folders = _list_folders(root)
    if not folders:
        raise UserError(
            f"no competition at {root}; put it there, or run `make demo` for the drawn sample"
        )
    raise UserError(
        f"{root / train_dir}: no such folder; {root} holds {name_some(folders)}; "
        "set data.scheme or data.train_dir"
    )


def require_folder(key: str, root: Path, folder: str) -> None:
    """Raise `UserError` naming `key` unless there is a `folder` under `root`."""
    if PurePosixPath(folder).is_absolute() or ".." in PurePosixPath(folder).parts:
        raise UserError(f"{key}: {folder}: expected a folder relative to data.root and inside it")
    if not (root / folder).is_dir():
        raise UserError(
            f"{key}: {root / folder}: no such folder; {root} holds {name_some(_list_folders(root))}"
        )


def scan_folders(
    root: Path, train_dir: str, valid_dir: str | None, test_dir: str
) -> tuple[dict[str, Scan], Scan]:
    """What lies in each folder of labelled pictures, training first, and in the test folder.

    Where one folder lies in another its pictures belong to the inner one alone.
    """
    labelled = [train_dir] if valid_dir is None else [train_dir, valid_dir]
    scans = {
        folder: scan_pictures(
            root, folder, exclude=[other for other in (*labelled, test_dir) if other != folder]
        )
        for folder in labelled
    }
    return scans, scan_pictures(root, test_dir) if (root / test_dir).is_dir() else NOTHING


def describe_empty_folders(
    root: Path, scheme: Scheme, scans: Mapping[str, Scan], *, ignored: Sequence[str]
) -> list[str]:
    """A line on the folders that would be classes if there were a picture in them."""
    if not scheme.classes_are_folders:
        return []
    others = [PurePosixPath(folder) for folder in (*scans, *ignored)]
    empty = []
    for folder, scan in scans.items():
        names = {entry.rstrip("/") for entry in _list_folders(root / folder)}
        for name in sorted(names - list_used(scan, folder)):
            path = PurePosixPath(folder, name)
            # one that holds the test or validation folder is none of the classes
            if not any(other.is_relative_to(path) for other in others):
                empty.append(str(path))
    if not empty:
        return []
    return [f"folders without a picture, which make no class: {count_and_name(empty)}"]


def list_used(scan: Scan, folder: str) -> set[str]:
    """The folders right below `folder` that hold pictures, at any depth."""
    depth = len(PurePosixPath(folder).parts)
    return {path.split("/")[depth] for path in scan.paths if path.count("/") > depth}


def _list_folders(folder: Path) -> list[str]:
    """The folders in `folder` that are not hidden, as `name/`."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return [f"{e.name}/" for e in entries if e.is_dir() and not e.name.startswith(".")]
