"""The one exception that means: the user must change something."""

from collections.abc import Sequence


class UserError(Exception):
    """Something the user must change. Ends the command with exit code 2 and no traceback.

    Each fault is one line: the file, row or key, what was expected, and what to do.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults: Sequence[str] = faults
