"""`outputs/leaderboard.csv`: what was submitted and what the leaderboard said, one row an event."""

import codecs
import fcntl
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from foldline.errors import UserError
from foldline.tables import format_table, read_table
from foldline.text import escape, shorten_faults

BOARD = Path("outputs/leaderboard.csv")


@dataclass(frozen=True)
class Event:
    """`event` is submit, public or private; `sha256` is that of the submission file.

    `time` is UTC; `out_of_fold` the run's macro-F1 at that time, and `score` what the leaderboard
    said; both empty where not known. `data` is the competition's name here, `competition` there.
    """

    time: str
    event: str
    run: str
    data: str
    sha256: str
    out_of_fold: str
    score: str = ""
    competition: str = ""
    message: str = ""


@dataclass(frozen=True)
class Standing:
    """What the leaderboard said last of `sha256`, the submission of a run it heard of last.

    `out_of_fold` is the run's score when that was recorded. What is not known is None.
    """

    sha256: str
    data: str
    out_of_fold: float | None
    public: float | None
    private: float | None


_COLUMNS = [field.name for field in fields(Event)]
_EVENTS = ("submit", "public", "private")
_NAME_LENGTH = 255  # bytes that a folder may be called


def tell_time() -> str:
    """Now, in UTC, to the second: 2026-01-31T09:30:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def append_event(event: Event) -> None:
    """Add one row; rows of other processes, and older ones, are never touched.

    A line break in the message becomes a blank. Raises `UserError` when the file is not this table.
    """
    cells = [escape(cell) for cell in asdict(replace(event, message=_join(event.message))).values()]
    load_events()
    BOARD.parent.mkdir(parents=True, exist_ok=True)
    with BOARD.open("a+b") as file:
        # one writer at a time; the lock ends with the process, however it ends
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        before = file.read()
        header, row = format_table(_COLUMNS, [cells]).splitlines(keepends=True)
        if _is_blank(before):
            file.truncate(0)
            row = header + row
        elif not before.endswith(b"\n"):  # an editor left out the last line's end
            row = "\n" + row
        file.write(row.encode())
        file.flush()
        os.fsync(file.fileno())


def load_events() -> list[Event]:
    """All rows in the order they were written; none where there is no file yet.

    Raises `UserError` naming the rows that cannot be read.
    """
    if not BOARD.exists() or (BOARD.is_file() and _is_blank(BOARD.read_bytes())):
        return []
    # an older version wrote line breaks that a message had
    table = read_table(BOARD, join_lines=True)
    if list(table.columns) != _COLUMNS:
        raise UserError(
            f"{BOARD}: expected the columns {','.join(_COLUMNS)}; put them back, or move it away"
        )
    events = [Event(*row) for row in table.rows]
    faults = [
        f"{BOARD}: line {line}: {fault}; correct or remove it"
        for line, event in zip(table.lines, events, strict=True)
        if (fault := _find_fault(event))
    ]
    if faults:
        raise UserError(*shorten_faults(faults))
    return events


def list_standings(events: Sequence[Event]) -> dict[str, Standing]:
    """Of each run in the ledger, by name, how its last submission stands."""
    standings = {}
    for last in events:  # a later event takes the place of those before
        own = [one for one in events if one.run == last.run and one.sha256 == last.sha256]
        recorded = own[-1].out_of_fold
        standings[last.run] = Standing(
            sha256=last.sha256,
            data=last.data,
            out_of_fold=float(recorded) if recorded else None,
            public=find_score(own, "public"),
            private=find_score(own, "private"),
        )
    return standings


def find_score(events: Sequence[Event], board: str) -> float | None:
    """The last score of `board`, public or private, among `events`."""
    scores = [one.score for one in events if one.event == board]
    return float(scores[-1]) if scores else None


def _find_fault(event: Event) -> str | None:
    if event.event not in _EVENTS:
        return f"event {event.event!r} is none of {', '.join(_EVENTS)}"
    if not _is_run_name(event.run):
        return f"run {event.run!r} is no name of a run"
    if event.out_of_fold and not is_score(event.out_of_fold):
        return f"out_of_fold {event.out_of_fold!r} is not from 0 to 1"
    if event.event == "submit" and not event.score:
        return None
    return None if is_score(event.score) else f"score {event.score!r} is not from 0 to 1"


def _is_run_name(name: str) -> bool:
    """Whether `name` can be that of a folder under `outputs/runs`."""
    return 0 < len(name.encode()) <= _NAME_LENGTH and name not in (".", "..") and "/" not in name


def _is_blank(content: bytes) -> bool:
    """Whether a file has nothing in it but blanks, or the mark that some editors begin it with."""
    return not content.removeprefix(codecs.BOM_UTF8).strip()


def _join(text: str) -> str:
    return " ".join(text.split())


def is_score(text: str) -> bool:
    """Whether `text` is a number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        return False
    return math.isfinite(number) and 0 <= number <= 1
