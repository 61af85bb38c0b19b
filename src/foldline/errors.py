"""How a command ends before it is done: the user must change something, or has stopped it."""

from collections.abc import Sequence


class UserError(Exception):
    """Something the user must change. Ends the command with exit code 2 and no traceback.

    Each fault is one line: the file, row or key, what was expected, and what to do.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults: Sequence[str] = faults


class InterruptedByUserError(Exception):
    """Ctrl-C in a stage that has saved something: the message says what, and how to go on."""
