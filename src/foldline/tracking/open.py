"""Which tracker follows a run: the one place that decides by `track.mode`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from foldline.config import Config
from foldline.config.recipe import flatten_settings
from foldline.config.tracking import Track
from foldline.data.prepared import Prepared
from foldline.runs.paths import RunFolder
from foldline.tracking.artifacts import pack_table
from foldline.tracking.tracker import NoTracker, Part, Tracker, warning_only
from foldline.tracking.wandb_run import open_wandb

BeginPart = Callable[[Part], Tracker]


# called with the settings, each yields what begins the tracker of a part, and may wait when the
# block ends, `track.patience` seconds, for what its trackers still have to send
TRACKERS: dict[str, Callable[[Track], AbstractContextManager[BeginPart]]] = {
    "auto": open_wandb,
    "online": open_wandb,
    "offline": open_wandb,
    "disabled": lambda _: nullcontext(lambda _: NoTracker()),
}


@dataclass(frozen=True)
class Trackers:
    """What begins the trackers of one command."""

    config: Config
    prepared: Prepared
    run: RunFolder
    begin_part: BeginPart

    def begin(self, job_type: str, name: str, identity: str, **settings: Any) -> Tracker:
        """Begin the tracker of a part of the run, with `settings` of its own, and name the table.

        The same `identity` continues the part that an earlier command has begun.
        """
        shared = flatten_settings(self.config.model_dump(mode="json"))
        settings = shared | {"seal": self.prepared.seal} | settings
        part = Part(self.config.run, job_type, name, identity, settings, self.run.path)
        tracker: Tracker = NoTracker()
        with warning_only():
            tracker = self.begin_part(part)
            tracker.save_files(pack_table(self.config, self.prepared), used=True)
        return tracker


@contextmanager
def open_trackers(
    config: Config, prepared: Prepared, run: RunFolder, *, active: bool
) -> Iterator[Trackers]:
    """Yield what begins trackers for the block; only one process of a command is `active`."""
    with TRACKERS[config.track.mode if active else "disabled"](config.track) as begin_part:
        yield Trackers(config, prepared, run, begin_part)
