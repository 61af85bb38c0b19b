"""Run a command: its exit code, and what is printed if it fails."""

import errno
import gc
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from foldline.command_line import format_again, remember
from foldline.commands import foldline
from foldline.errors import InterruptedByUserError, UserError, describe_reading_fault

# what the user's machine refuses: no permission, no space, a read-only or broken disk; a name too
# long, a circle of links, a folder instead of a file or a file instead of a folder
_DISK_FAULTS = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR, errno.ENOTDIR, errno.EEXIST),
)

# new objects between two garbage collections; with Python's own 700 the million objects that a
# stage imports are searched so often that a command starts about a sixth later
_GARBAGE_AFTER = 20_000

DONE, CRASHED, USER_MUST_ACT, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 done, 2 the user must act, 130 interrupted, 1 anything else."""
    # a first Ctrl-C raises KeyboardInterrupt even where a parent shell ignored the signal
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    remember()
    # letters missing from the terminal's encoding are escaped, as Python does on standard error
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    gc.set_threshold(_GARBAGE_AFTER)
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        foldline.main(args=arguments or ["--help"], prog_name="foldline", standalone_mode=False)
    except UserError as error:
        _fail(USER_MUST_ACT, *error.faults)
    except click.UsageError as error:
        _explain_usage(error)
    except OSError as error:
        if error.errno not in _DISK_FAULTS:
            _crash()
        where = error.filename or "disk"
        _fail(USER_MUST_ACT, f"{where}: {error.strerror}; what was saved before stays")
    except InterruptedByUserError as error:
        _fail(INTERRUPTED, f"{error}; go on with: {format_again(arguments)}")
    except (KeyboardInterrupt, click.Abort):
        _fail(INTERRUPTED, "interrupted; nothing half-written is left behind")
    except Exception as error:  # noqa: BLE001 - anything else: a traceback and exit code 1
        if fault := describe_reading_fault(error):
            _fail(USER_MUST_ACT, fault)
        _crash()
    sys.exit(DONE)


def _explain_usage(error: click.UsageError) -> NoReturn:
    message = error.format_message().rstrip(".").replace(". Did", "; did")
    command = error.ctx.command_path if error.ctx else "foldline"
    hint = f"hint: see {command} --help; settings are key=value: train.epochs=5"
    _fail(USER_MUST_ACT, message[:1].lower() + message[1:], hint=hint)


def _crash() -> NoReturn:
    from foldline.console import note

    # line by line through the console, which escapes control characters
    for line in traceback.format_exc().splitlines():
        note(line)
    sys.exit(CRASHED)


def _fail(code: int, *faults: str, hint: str | None = None) -> NoReturn:
    from foldline.console import fail, note

    for fault in faults:
        fail(fault)
    if hint:
        note(hint)
    sys.exit(code)
