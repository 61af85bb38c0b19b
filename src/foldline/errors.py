"""How a command ends before it is done: the user must change something, or has stopped it."""

from collections.abc import Sequence


class UserError(Exception):
    """Something the user must change. Ends the command with exit code 2 and no traceback.

    Each fault is one line: the file, row or key, what was expected, and what to do.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults: Sequence[str] = faults


def describe_reading_fault(error: Exception) -> str | None:
    """Return a line for what torch raises of a reading process that died or stopped answering.

    It raises it wherever the main process happens to be. None for any other error.
    """
    said = " ".join(str(error).split())
    if not said.startswith(("DataLoader worker (", "DataLoader timed out")):
        return None
    return (
        f"train.workers: {said.split('. ')[0].rstrip('.')}; memory, shared memory or the disk may "
        "be at its end: set train.workers lower, 0 reads without processes of its own; what was "
        "saved before stays"
    )


class InterruptedByUserError(Exception):
    """Ctrl-C in a stage that has saved something: the message says what, and how to go on."""
