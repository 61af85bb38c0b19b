"""`outputs/leaderboard.csv`: what was submitted and what the leaderboard said, one row an event."""

import csv
import fcntl
import io
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from foldline.errors import UserError

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


def tell_time() -> str:
    """Now, in UTC, to the second: 2026-01-31T09:30:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def append_event(event: Event) -> None:
    """Add one row; rows of other processes, and older ones, are never touched.

    Raises `UserError` when the file is not this table.
    """
    load_events()
    BOARD.parent.mkdir(parents=True, exist_ok=True)
    with BOARD.open("a+b") as file:
        # one writer at a time; the lock ends with the process, however it ends
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if size == 0:
            writer.writerow(_COLUMNS)
        else:
            file.seek(size - 1)
            if file.read(1) != b"\n":  # an editor left out the last line's end
                text.write("\n")
        writer.writerow(asdict(event).values())
        file.write(text.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())


def load_events() -> list[Event]:
    """All rows in the order they were written; none where there is no file yet.

    Raises `UserError` naming the rows that cannot be read.
    """
    if not BOARD.is_file():
        return []
    try:
        with BOARD.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (ValueError, csv.Error):
        raise UserError(f"{BOARD}: not a CSV in UTF-8; move it away and begin a new one") from None
    if not rows:
        return []
    if rows[0] != _COLUMNS:
        raise UserError(
            f"{BOARD}: expected the columns {','.join(_COLUMNS)}; put them back, or move it away"
        )
    faults = [
        f"{BOARD}: row {number}: {fault}; correct or remove it"
        for number, row in enumerate(rows[1:], start=2)
        if (fault := _find_fault(row))
    ]
    if faults:
        raise UserError(*faults)
    return [Event(*row) for row in rows[1:]]


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


def _find_fault(row: list[str]) -> str | None:
    if len(row) != len(_COLUMNS):
        return f"expected {len(_COLUMNS)} columns, found {len(row)}"
    event = Event(*row)
    if event.event not in _EVENTS:
        return f"event {event.event!r} is none of {', '.join(_EVENTS)}"
    if event.event == "submit" and not event.score:
        return None
    return None if is_score(event.score) else f"score {event.score!r} is not from 0 to 1"


def is_score(text: str) -> bool:
    """Whether `text` is a number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        return False
    return math.isfinite(number) and 0 <= number <= 1
