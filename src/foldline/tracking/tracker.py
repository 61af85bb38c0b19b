"""Follow a run while it goes on: the `Tracker` of four verbs, and what is handed to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from foldline import console
from foldline.errors import describe_fully

# a value of a row that is more than a number, as a plain dictionary for the tracker to draw:
#   {"picture": path, "caption": text}                  a picture file as it is
#   {"thumbnail": path}                                 one to be shrunk to 128 pixels at most
#   {"columns": names, "rows": cells}                   numbers, texts, None and thumbnails
#   {"labels": [N], "answers": [N], "classes": names}   a confusion matrix
Media = dict[str, Any]


@dataclass(frozen=True)
class Artifact:
    """Versioned files: `files` maps the name in the artifact to the path on disk.

    `settled` names those that will not change any more, which need not be copied until they are
    uploaded.
    """

    name: str
    kind: str
    files: Mapping[str, Path]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    aliases: Sequence[str] = ()
    settled: Sequence[str] = ()


@dataclass(frozen=True)
class Part:
    """The part of a run that one tracker follows: a fold, the cross-validation or an inference.

    `identity` is the same in every command that continues the part. `directory` is the run's.
    """

    run: str
    job_type: str
    name: str
    identity: str
    settings: Mapping[str, Any]
    directory: Path


class Tracker(Protocol):
    """Follows one part of a run. No verb may wait for anything outside this process."""

    def log(self, row: Mapping[str, Any], *, step: int) -> None:
        """Record the figures and `Media` of one moment; `step` never falls."""

    def summarize(self, summary: Mapping[str, Any]) -> None:
        """Record figures of the whole part, over those of the same name."""

    def save_files(self, artifact: Artifact, *, used: bool = False) -> None:
        """Keep files that the part has made or, if `used`, name files that it reads."""

    def finish(self, *, failed: bool = False) -> None:
        """Close the part, as failed if it did not reach its end; nothing may follow."""


class NoTracker:
    """Follows nothing."""

    def log(self, row: Mapping[str, Any], *, step: int) -> None: ...
    def summarize(self, summary: Mapping[str, Any]) -> None: ...
    def save_files(self, artifact: Artifact, *, used: bool = False) -> None: ...
    def finish(self, *, failed: bool = False) -> None: ...


@contextmanager
def warning_only() -> Iterator[None]:
    """Turn any exception of the block into a warning: tracking never stops a stage."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a tracker may raise anything
        console.warn(f"tracking: {describe_fully(error)[:250]}; not tracked")


@contextmanager
def finishing(finish: Callable[..., None]) -> Iterator[None]:
    """Call `finish(failed=...)` when the block ends, as failed if the block raises."""
    failed = True
    try:
        yield
        failed = False
    finally:
        with warning_only():
            finish(failed=failed)
