"""Write files atomically, lock them, and hash their content."""

import glob
import hashlib
import json
import os
import platform
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there
    fcntl = None  # type: ignore[assignment]

# seconds without a write after which another machine's temporary file counts as abandoned
_ABANDONED_AFTER = 86_400


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and move it into place when the block ends.

    If the block raises, the old file stays as it was and no temporary file is left. Temporary files
    that a killed process left beside `path` are removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        if _is_abandoned(left):
            left.unlink(missing_ok=True)
    writer = f"{platform.node()}.{os.getpid()}.{secrets.token_hex(4)}"
    temporary = path.with_name(f".{path.name}.{writer}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # on the disk before it replaces the old file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def claiming(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Yield whether this process alone holds the lock file `path` while the block lasts.

    With `wait`, wait until it does. A killed process releases its lock; on a file system without
    locks, everyone holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        is_ours = True
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                is_ours = False
            except OSError:
                pass
        yield is_ours


def is_folder(path: Path) -> bool:
    """Return whether `path` is a folder; False for a name that no folder can have."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises for names that are too long


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with Unix line ends, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def compute_sha256(content: bytes) -> str:
    """Return the SHA-256 as 64 hex digits, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()


def compute_seal(*parts: bytes) -> str:
    """Return the SHA-256 of several parts, each preceded by its length, as 64 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _is_abandoned(temporary: Path) -> bool:
    """Return whether the writer named in a temporary file of `replacing` is gone."""
    whose, pid, _, _ = temporary.name.rsplit(".", 3)
    if fcntl is not None and whose.endswith(f".{platform.node()}") and pid.isdecimal():
        try:
            os.kill(int(pid), 0)  # sends nothing, only asks
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):  # another user's process, or not a process number
            pass
        return False
    try:
        return time.time() - temporary.stat().st_mtime > _ABANDONED_AFTER
    except FileNotFoundError:  # its writer is done
        return False
