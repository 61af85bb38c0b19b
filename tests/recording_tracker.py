"""A second tracker beside W&B, which keeps in memory what it is told."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from foldline.config.tracking import Track
from foldline.tracking import open as opening
from foldline.tracking.tracker import Artifact, Part, Tracker


@dataclass
class RecordingTracker:
    """Keeps what one part has said; `failed` is None until the part is finished."""

    part: Part
    rows: list[dict[str, Any]] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    used: dict[str, Artifact] = field(default_factory=dict)
    saved: dict[str, Artifact] = field(default_factory=dict)
    failed: bool | None = None

    def log(self, row: Mapping[str, Any], *, step: int) -> None:
        assert self.failed is None, "nothing may follow the end"
        self.rows.append(json.loads(json.dumps(row)))
        self.steps.append(step)

    def summarize(self, summary: Mapping[str, Any]) -> None:
        self.summary |= summary

    def save_files(self, artifact: Artifact, *, used: bool = False) -> None:
        assert all(path.is_file() for path in artifact.files.values())
        (self.used if used else self.saved)[artifact.name] = artifact

    def finish(self, *, failed: bool = False) -> None:
        self.failed = failed


def put_in_place(
    monkeypatch: pytest.MonkeyPatch, mode: str, begin: Callable[[Part], Tracker]
) -> None:
    """Let `track.mode=<mode>` begin trackers with `begin`."""

    @contextmanager
    def open_tracker(track: Track) -> Iterator[Callable[[Part], Tracker]]:
        assert track.mode == mode
        yield begin

    monkeypatch.setitem(opening.TRACKERS, mode, open_tracker)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[RecordingTracker]:
    """What `track.mode=online` has recorded, a tracker each time that a part is begun."""
    trackers: list[RecordingTracker] = []

    def begin(part: Part) -> RecordingTracker:
        trackers.append(RecordingTracker(part))
        return trackers[-1]

    put_in_place(monkeypatch, "online", begin)
    return trackers
