"""What a check of a submission finds."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One line about a submission.

    `stop`: not to be submitted. `warn`: rare for an honest submission. `note`: what was compared,
    or could not be.
    """

    check: str
    level: Literal["stop", "warn", "note"]
    message: str
