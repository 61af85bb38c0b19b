"""What the user sees: lines, tables and progress bars; only plain lines without a terminal.

Control characters in names and files are escaped here, once for everyone.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from foldline.text import escape

# without a terminal, progress is printed at most this often, in seconds
SECONDS_BETWEEN_LINES = 15.0

# without a file of their own, both follow sys.stdout and sys.stderr wherever they point
_out = Console(highlight=False, emoji=False, soft_wrap=True)
_err = Console(highlight=False, emoji=False, soft_wrap=True, stderr=True)


def silence() -> None:
    """Print only errors, as all but the main one of several training processes should."""
    _out.quiet = True


def log(line: str = "") -> None:
    """Print one line."""
    _out.print(escape(line), markup=False)


def heading(line: str) -> None:
    """Print the first line of a stage, bold in a terminal."""
    _out.print(Text(escape(line), style="bold"))


def warn(line: str) -> None:
    """Print a warning to standard error."""
    if _out.quiet:
        return
    _err.print(Text.assemble(("warning: ", "yellow"), escape(line)))


def fail(line: str) -> None:
    """Print an error to standard error."""
    _err.print(Text.assemble(("error: ", "bold red"), escape(line)))


def note(line: str) -> None:
    """Print one line to standard error."""
    _err.print(escape(line), markup=False)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: the first column left-aligned, the others, being numbers, right-aligned."""
    lines = [[escape(str(cell)) for cell in row] for row in (columns, *rows)]
    # Korean letters are two cells wide
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for position, line in enumerate(lines):
        blanks = [" " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)]
        figures = [blank + cell for blank, cell in zip(blanks[1:], line[1:], strict=True)]
        text = "  ".join([line[0] + blanks[0], *figures]).rstrip()
        _out.print(Text(text, style="" if position else "bold"))


class Bar:
    """The progress of some work: `advance` it and perhaps `note` the current score."""

    def advance(self, count: int = 1) -> None:
        """Count `count` more units as done."""

    def note(self, text: str) -> None:
        """Show `text` after the bar."""


class _RichBar(Bar):
    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(escape(title), total=total, note="")

    def advance(self, count: int = 1) -> None:
        self._progress.advance(self._task, count)

    def note(self, text: str) -> None:
        self._progress.update(self._task, note=escape(text))


class _LineBar(Bar):
    def __init__(self, title: str, total: int) -> None:
        self._title, self._total = title, total
        self._done, self._note = 0, ""
        self._last_line = time.monotonic()

    def advance(self, count: int = 1) -> None:
        self._done += count
        if time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            log(f"{self._title}  {self._done}/{self._total}  {self._note}".rstrip())

    def note(self, text: str) -> None:
        self._note = text


@contextmanager
def progress(title: str, total: int) -> Iterator[Bar]:
    """Show a bar for `total` units of work until the block ends; plain lines without a terminal."""
    if not _out.is_terminal or _out.quiet:
        yield _LineBar(title, total)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=_out, transient=True) as live:
        yield _RichBar(live, title, total)
