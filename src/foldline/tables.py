"""Tables of text as CSV: the one reader and the one writer, with the same rules for all."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foldline import console
from foldline.errors import UserError
from foldline.files import replacing, write_text
from foldline.text import compute_name_key, escape, has_control_characters, shorten_faults

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are written; `lines` `[rows]` has the line that each row begins in, from 1.

    Every row has a cell for each of `columns`; no cell has a line break or a control character.
    """

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]

    def find_column(self, name: str) -> int | None:
        """Return the position of the column `name`, in any spelling, or None."""
        key, keys = compute_name_key(name), list(map(compute_name_key, self.columns))
        return keys.index(key) if key in keys else None


def read_table(path: Path, *, comments: bool = False, join_lines: bool = False) -> Table:
    """Read a CSV in UTF-8: a header, then rows. Blank lines are skipped.

    With `comments`, lines that begin with # are skipped too; with `join_lines`, a line break inside
    a cell, which tables of older versions may have, is read as a blank. Raise `UserError` with a
    line for each fault: a file that cannot be read, is not UTF-8 or has no header; a quote that is
    never closed; a row with more or fewer cells than the header; a line break or another control
    character inside a cell.
    """
    text = _read_text(path)
    if join_lines:
        text = text.replace("\r\n", "\n").replace("\r", " ")
    rows, lines = _split(path, text, comments=comments)
    if join_lines:
        rows = [[" ".join(cell.split("\n")) for cell in row] for row in rows]
    if not rows:
        raise UserError(f"{path}: empty; expected a header and rows")
    header = rows[0]
    # without quotes a cell ends with its line, so the whole text can be checked at once
    is_clean = '"' not in text and not has_control_characters(text.replace("\n", ""))
    faults = []
    for number, row in zip(lines, rows, strict=True):
        if not is_clean and (odd := next(filter(has_control_characters, row), None)):
            faults.append(
                f"{path}: line {number}: a cell holds a line break or a control character: "
                f"{odd[:60]!r}; remove it"
            )
        elif len(row) != len(header):
            faults.append(
                f"{path}: line {number}: expected {len(header)} cells, {','.join(header)}; "
                f"found {','.join(row)!r}"
            )
    if faults:
        raise UserError(*shorten_faults(faults))
    return Table(tuple(header), rows[1:], lines[1:])


def format_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the table as CSV text with Unix line ends, the same on every machine.

    Raise `ValueError` for a cell that `read_table` would refuse.
    """
    file, lines = io.StringIO(), [columns, *rows]
    csv.writer(file, lineterminator="\n").writerows(lines)
    text = file.getvalue()
    if text.count("\n") != len(lines) or has_control_characters(text.replace("\n", "")):
        raise ValueError("a cell holds a line break or a control character")
    return text


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write the table atomically, or raise `ValueError` for a cell that cannot be read back."""
    write_text(path, format_table(columns, rows))


def write_frame(path: Path, frame: "pd.DataFrame") -> None:
    """Write a wide table of numbers atomically, at full precision, without its index."""
    with replacing(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


@contextmanager
def log_written(path: Path, num_rows: int) -> Iterator[None]:
    """Print that the block has written `path`, and whether it replaced another content.

    Nothing is printed if the block raises.
    """
    before = path.read_bytes() if path.is_file() else None
    yield
    replaced = " (replaces another one)" if before not in (None, path.read_bytes()) else ""
    console.log(f"written: {path}, {num_rows} rows{replaced}")


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8; save it as CSV in UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:  # a path with a NUL in it
        raise UserError(f"{escape(str(path))}: no such file") from None


def _split(path: Path, text: str, *, comments: bool) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are not blank, and the line of the file that each begins in."""
    rows, lines, begins = list[list[str]](), list[int](), 1
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(map(str.strip, row)) and not (comments and row[0].startswith("#")):
                rows.append(row)
                lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{path}: line {begins}: not CSV ({error}); is a quote there never closed?"
        ) from None
    return rows, lines
