"""Which files under a folder are pictures, and what was passed over and why."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from foldline.errors import UserError
from foldline.text import escape

PICTURE_EXTENSIONS = frozenset({".jpg", ".jpeg", ".png"})
NOTEBOOK_CHECKPOINTS = ".ipynb_checkpoints"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that looks like a picture of the competition and is left out, and why."""

    path: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies under one folder.

    `paths` are relative to the data root, with forward slashes, in the order of their characters.
    `skipped` counts the files that nobody misses, by reason; `rejected` names those one might.
    """

    paths: Sequence[str]
    skipped: Mapping[str, int]
    rejected: Sequence[Rejected]


@dataclass
class _Findings:
    paths: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)


def scan_pictures(root: Path, folder: str, *, exclude: Collection[str] = ()) -> Scan:
    """Find every picture under `root`/`folder`, at any depth.

    Hidden files, notebook checkpoints and files of other kinds are counted. A link that leads out
    of `root`, a linked folder and a name that is not UTF-8 are rejected. `exclude` holds folders,
    relative to `root`, that are passed over.

    Raises `UserError` if `folder` is not a folder inside `root`.
    """
    start = root / folder
    real_root = os.path.realpath(root)
    if not _is_inside(os.path.realpath(start), real_root):
        raise UserError(f"{start}: leads out of {root}; no picture outside the data root is read")
    if not start.is_dir():
        raise UserError(f"{start}: no such folder")
    findings = _Findings()
    excluded = {PurePosixPath(path).as_posix() for path in exclude}
    waiting = [PurePosixPath(folder).as_posix()]
    while waiting:
        waiting += _scan_folder(real_root, waiting.pop(), excluded, findings)
    return Scan(
        paths=sorted(findings.paths),
        skipped=dict(sorted(findings.skipped.items())),
        rejected=sorted(findings.rejected, key=lambda item: item.path),
    )


def _scan_folder(
    root: str, folder: str, excluded: Collection[str], findings: _Findings
) -> list[str]:
    """Sort the entries of one folder into `findings`; gives the folders inside it."""
    try:
        with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118 - hot path
            listed = list(entries)
    except OSError as error:
        findings.rejected.append(Rejected(escape(folder), "unreadable folder", str(error)))
        return []
    inner = []
    for entry in listed:
        path = entry.name if folder == "." else f"{folder}/{entry.name}"
        if entry.is_symlink():
            _sort_link(root, path, findings)
        elif entry.is_dir():
            if entry.name.startswith("."):
                findings.skipped[_reason_of_hidden(entry.name)] += _count_files(entry.path)
            elif path not in excluded:
                inner.append(path)
        elif entry.is_file():
            _sort_file(path, findings)
        else:
            findings.skipped["no ordinary file"] += 1
    return inner


def _sort_file(path: str, findings: _Findings) -> None:
    name = path.rpartition("/")[2]
    # of "a.b.jpg" the last part decides; a name without a dot has no extension
    extension = "." + name.rpartition(".")[2].lower() if "." in name else ""
    if name.startswith("."):
        findings.skipped["hidden"] += 1
    elif extension not in PICTURE_EXTENSIONS:
        findings.skipped[escape(extension) or "without extension"] += 1
    elif escape(path) != path:
        findings.rejected.append(
            Rejected(escape(path), "bad name", "not UTF-8, or control characters")
        )
    else:
        findings.paths.append(path)


def _sort_link(root: str, path: str, findings: _Findings) -> None:
    target = os.path.realpath(os.path.join(root, path))  # noqa: PTH118 - may not be UTF-8
    if not _is_inside(target, root):
        rejected = Rejected(escape(path), "link", "leads out of the data root")
    elif os.path.isfile(target):  # noqa: PTH113
        _sort_file(path, findings)
        return
    elif os.path.isdir(target):  # noqa: PTH112
        rejected = Rejected(escape(path), "link", "a linked folder is not followed")
    else:
        rejected = Rejected(escape(path), "link", "leads nowhere")
    findings.rejected.append(rejected)


def _is_inside(path: str, root: str) -> bool:
    """Whether the real path `path` is the real path `root` or lies under it."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _reason_of_hidden(folder: str) -> str:
    return "in notebook checkpoints" if folder == NOTEBOOK_CHECKPOINTS else "in hidden folders"


def _count_files(folder: str) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))
