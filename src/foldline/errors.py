"""Errors that end a command: the user must change something, or has stopped it."""

from collections.abc import Sequence


class UserError(Exception):
    """Something the user must change; ends the command with exit code 2 and no traceback.

    Each fault is one line: the file, row or key, what was expected, and what to do.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults: Sequence[str] = faults


def describe_error(error: BaseException) -> str:
    """Return the message on one line, or the kind of error if there is no message."""
    return " ".join(str(error).split()) or type(error).__name__


def describe_fully(error: BaseException) -> str:
    """Return the kind of error and its message, on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def describe_reading_fault(error: Exception) -> str | None:
    """Return a line for torch's error about a reading process that died or hangs, else None.

    Torch raises it wherever the main process happens to be.
    """
    message = describe_error(error)
    if not message.startswith(("DataLoader worker (", "DataLoader timed out")):
        return None
    return (
        f"train.workers: {message.split('. ')[0].rstrip('.')}; memory, shared memory or the disk "
        "may be exhausted: set train.workers lower, 0 reads in the main process; what was saved "
        "before stays"
    )


class InterruptedByUserError(Exception):
    """Ctrl-C in a stage that has saved something; the message says what."""
