"""Find the pictures under a folder, and say what was passed over and why."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from foldline.data.picture_files import PICTURE_EXTENSIONS
from foldline.errors import UserError
from foldline.files import is_folder
from foldline.text import escape

NOTEBOOK_CHECKPOINTS = ".ipynb_checkpoints"
UNREADABLE_FOLDER = "unreadable folder"
# folders that systems put beside people's files, often with pictures in them; in any case
_SYSTEM_FOLDERS = frozenset(
    name.casefold()
    for name in (
        *("@eaDir", "@tmp", "#recycle", "#snapshot"),  # Synology
        *("@Recycle", "@Recently-Snapshot", "@__thumb"),  # QNAP
        *("$RECYCLE.BIN", "System Volume Information", "FOUND.000"),  # Windows
        *("__MACOSX", "Network Trash Folder", "Temporary Items"),  # macOS
        *("lost+found", "~snapshot"),  # ext file systems, NetApp
    )
)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that looks like a picture of the competition but is left out, and why."""

    path: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies under one folder.

    `paths` are relative to the data root, with forward slashes, sorted by their characters.
    `skipped` counts, by reason, the files that nobody misses; `rejected` names those one might.
    `inodes` has the number of each path's file on its disk: paths of one file share it.
    """

    paths: Sequence[str] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    rejected: Sequence[Rejected] = ()
    inodes: Mapping[str, int] = field(default_factory=dict)


class _Folder(NamedTuple):
    """A folder: `path` from the data root, `real` without links, `link_in` the link's folder."""

    path: str
    real: str
    link_in: str | None = None


def scan_pictures(root: Path, folder: str, *, exclude: Collection[str] = ()) -> Scan:
    """Find every picture under `root`/`folder`, at any depth.

    Links are followed wherever they lead. So that every walk ends, a link back to a folder that
    holds it is rejected, and so is one to a folder already read within the same folder of
    `folder`. Hidden files, system folders, notebook checkpoints and files of other kinds are
    counted. A name that is not UTF-8 is rejected. The folders in `exclude`, relative to `root`,
    are passed over.

    Raise `UserError` if `folder` is not a folder.
    """
    if not is_folder(root / folder):
        raise UserError(f"{root / folder}: no such folder")
    walk = _Walk(root, PurePosixPath(folder).as_posix(), exclude)
    walk.run()
    return Scan(
        paths=sorted(walk.inodes),
        skipped=dict(sorted(walk.skipped.items())),
        rejected=sorted(walk.rejected, key=lambda item: item.path),
        inodes=walk.inodes,
    )


def list_folders(folder: Path) -> list[str]:
    """Return the names of the folders in `folder` that may hold pictures; [] if unreadable."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names are enough
    except (OSError, ValueError):
        return []
    return [name for name in names if not _explain_skipping(name) and is_folder(folder / name)]


class _Walk:
    """One walk through a folder, and what was found on it."""

    def __init__(self, root: Path, start: str, exclude: Collection[str]) -> None:
        self.inodes: dict[str, int] = {}  # of each picture, by its path
        self.skipped: Counter[str] = Counter()
        self.rejected: list[Rejected] = []
        self._root = os.fspath(root)
        self._start = start
        self._excluded = {PurePosixPath(path).as_posix() for path in exclude}
        # where each folder was entered, by its top folder (see `_get_top`) and its real path
        self._entered: dict[tuple[str, str], str] = {}
        self._links: list[_Folder] = []

    def run(self) -> None:
        """Enter the folder itself first, then what its links lead to, then the links in there.

        What is found does not depend on the order in which the system lists a folder.
        """
        links = [_Folder(self._start, os.path.realpath(f"{self._root}/{self._start}"))]
        while links:
            self._links = []
            for link in sorted(links):
                self._enter_all(link)
            links = self._links

    def _enter_all(self, start: _Folder) -> None:
        waiting = [start]
        while waiting:
            folder = waiting.pop()
            if self._enter(folder):
                waiting += self._sort_entries(folder)

    def _enter(self, folder: _Folder) -> bool:
        """Remember a new folder and return True; reject one that was entered before."""
        top = self._get_top(folder.path)
        before = self._entered.get((top, folder.real)) or self._entered.get(("", folder.real))
        holds_link = folder.link_in is not None and _is_inside(folder.link_in, folder.real)
        if holds_link or (before is not None and _is_inside(folder.path, before)):
            detail = f"leads back to {escape(before or folder.real)}, which holds it"
            self._reject(folder.path, "link", detail)
            return False
        if before is not None:
            self._reject(folder.path, "same folder", f"is {escape(before)}")
            return False
        self._entered[top, folder.real] = folder.path
        return True

    def _get_top(self, path: str) -> str:
        """Return the folder directly in the start that `path` lies in; "" for the start itself."""
        inner = path if self._start == "." else path[len(self._start) + 1 :]
        return "" if path == self._start else inner.partition("/")[0]

    def _sort_entries(self, folder: _Folder) -> list[_Folder]:
        """Record the files in one folder; return the folders inside it."""
        try:
            with os.scandir(f"{self._root}/{folder.path}") as entries:
                listed = list(entries)
        except OSError as error:
            self._reject(folder.path, UNREADABLE_FOLDER, error.strerror or str(error))
            return []
        inner: list[_Folder] = []
        for entry in listed:
            path = entry.name if folder.path == "." else f"{folder.path}/{entry.name}"
            try:
                if entry.is_symlink():
                    self._sort_link(entry, path, folder)
                elif entry.is_dir():
                    if reason := _explain_skipping(entry.name):
                        self.skipped[reason] += sum(len(files) for *_, files in os.walk(entry.path))
                    elif path not in self._excluded:
                        inner.append(_Folder(path, f"{folder.real}/{entry.name}"))
                elif entry.is_file():
                    self._sort_file(path, entry.inode())
                else:
                    self.skipped["no ordinary file"] += 1
            except OSError as error:  # a link to itself, or into a folder that may not be read
                self._reject(path, "link", error.strerror or str(error))
        return inner

    def _sort_link(self, entry: os.DirEntry[str], path: str, folder: _Folder) -> None:
        if entry.name.startswith("."):
            self.skipped["hidden"] += 1
        elif entry.is_file():
            self._sort_file(path, entry.stat().st_ino)
        elif not entry.is_dir():
            self._reject(path, "link", "leads nowhere")
        elif reason := _explain_skipping(entry.name):
            self.skipped[reason] += 1
        elif path not in self._excluded:
            self._links.append(_Folder(path, os.path.realpath(entry.path), link_in=folder.real))

    def _sort_file(self, path: str, inode: int) -> None:
        name = path.rpartition("/")[2]
        # "a.b.jpg" ends in .jpg; a name without a dot has no extension
        extension = "." + name.rpartition(".")[2].lower() if "." in name else ""
        if name.startswith("."):
            self.skipped["hidden"] += 1
        elif extension not in PICTURE_EXTENSIONS:
            self.skipped[escape(extension) or "without extension"] += 1
        elif escape(path) != path:
            self._reject(path, "bad name", "not UTF-8, or control characters")
        else:
            self.inodes[path] = inode

    def _reject(self, path: str, reason: str, detail: str) -> None:
        self.rejected.append(Rejected(escape(path), reason, detail))


def _explain_skipping(folder: str) -> str | None:
    """Return why a folder of this name is skipped, or None if it may hold pictures."""
    if folder == NOTEBOOK_CHECKPOINTS:
        return "in notebook checkpoints"
    if folder.startswith("."):
        return "in hidden folders"
    return "in system folders" if folder.casefold() in _SYSTEM_FOLDERS else None


def _is_inside(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or lies under it, judging by the text alone."""
    return folder in (path, ".") or path.startswith(folder.rstrip(os.sep) + os.sep)
