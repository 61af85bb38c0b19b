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
from foldline.metrics.metric import METRICS
from foldline.tables import format_table, read_table
from foldline.text import escape, shorten_faults

LEADERBOARD = Path("outputs/leaderboard.csv")


@dataclass(frozen=True)
class Event:
    """`event` is submit, public or private; `sha256` is that of the submission file.

    `time` is UTC; `out_of_fold` is the run's own score at that time and `score` what the
    leaderboard said, both by the run's metric and empty where not known. `data` is the
    competition's name here, `competition` its name there.
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
    """The last recorded submission of a run, by its `sha256`, with its last scores.

    `out_of_fold` is the run's score when they were recorded. What is not known is None.
    """

    sha256: str
    data: str
    out_of_fold: float | None
    public: float | None
    private: float | None


_COLUMNS = [field.name for field in fields(Event)]
_EVENTS = ("submit", "public", "private")
_NAME_LENGTH = 255  # bytes that a folder may be called


def format_now() -> str:
    """Return the time in UTC, to the second: 2026-01-31T09:30:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def append_event(event: Event) -> None:
    """Append one row, without touching older ones or those of other processes.

    A line break in the message becomes a blank. Raises `UserError` if the file is another table.
    """
    one_line = replace(event, message=" ".join(event.message.split()))
    cells = [escape(cell) for cell in asdict(one_line).values()]
    load_events()
    LEADERBOARD.parent.mkdir(parents=True, exist_ok=True)
    with LEADERBOARD.open("a+b") as file:
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
    """Return all rows in the order they were written; none where there is no file yet.

    Raises `UserError` naming the rows that cannot be read.
    """
    if not LEADERBOARD.exists() or (LEADERBOARD.is_file() and _is_blank(LEADERBOARD.read_bytes())):
        return []
    # an older version wrote line breaks that a message had
    table = read_table(LEADERBOARD, join_lines=True)
    if list(table.columns) != _COLUMNS:
        raise UserError(
            f"{LEADERBOARD}: expected the columns {','.join(_COLUMNS)}; put them back, or move it "
            "away"
        )
    events = [Event(*row) for row in table.rows]
    faults = [
        f"{LEADERBOARD}: line {line}: {fault}; correct or remove it"
        for line, event in zip(table.lines, events, strict=True)
        if (fault := _find_fault(event))
    ]
    if faults:
        raise UserError(*shorten_faults(faults))
    return events


def list_standings(events: Sequence[Event]) -> dict[str, Standing]:
    """Return how the last submission of each run in the leaderboard stands, by the run's name."""
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


def find_score(events: Sequence[Event], kind: str) -> float | None:
    """Return the last score among `events` whose `event` is `kind`, public or private."""
    scores = [one.score for one in events if one.event == kind]
    return float(scores[-1]) if scores else None


def _find_fault(event: Event) -> str | None:
    if event.event not in _EVENTS:
        return f"event {event.event!r} is none of {', '.join(_EVENTS)}"
    # a folder under outputs/runs can be called so
    is_name = 0 < len(event.run.encode()) <= _NAME_LENGTH and event.run not in (".", "..")
    if not is_name or "/" in event.run:
        return f"run {event.run!r} is no name of a run"
    if event.out_of_fold and parse_score(event.out_of_fold) is None:
        return f"out_of_fold {event.out_of_fold!r} is no score"
    if event.event == "submit" and not event.score:
        return None
    return f"score {event.score!r} is no score" if parse_score(event.score) is None else None


def _is_blank(content: bytes) -> bool:
    """Return whether a file holds nothing but blanks and a byte order mark."""
    return not content.removeprefix(codecs.BOM_UTF8).strip()


def parse_score(text: str) -> float | None:
    """Return the number in `text`, or None if it is no score by any metric."""
    try:
        score = float(text)
    except ValueError:
        return None
    is_possible = any(metric.is_possible(score) for metric in METRICS.values())
    return score if is_possible and math.isfinite(score) else None
