"""What is said of a table that a stage has written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foldline import console


@contextmanager
def announcing(path: Path, num_rows: int) -> Iterator[None]:
    """Say that the block has written `path`, and whether another content was there before.

    Nothing is said of a block that raises.
    """
    before = path.read_bytes() if path.is_file() else None
    yield
    replaced = " (replaces another one)" if before not in (None, path.read_bytes()) else ""
    console.say(f"written: {path}, {num_rows} rows{replaced}")
