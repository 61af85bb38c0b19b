"""The command line's exit codes, and what is said when a command does not end well."""

import errno
import gc
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import NoReturn

import click

from foldline.commands import foldline
from foldline.errors import InterruptedByUserError, UserError, describe_reading_fault

# what the user's machine refuses: permission, space, a disk that may only be read
_DISK_FAULTS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)

# objects between two looks for garbage. What a stage imports, a million objects, is none: at
# Python's own 700 it is looked through so often that a command starts about a sixth later
_GARBAGE_AFTER = 20_000

DONE, CRASHED, USER_MUST_ACT, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 done, 2 the user must act, 130 interrupted, 1 anything else."""
    # a first Ctrl-C raises KeyboardInterrupt even where a parent shell ignored the signal
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    gc.set_threshold(_GARBAGE_AFTER)
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        foldline.main(args=arguments or ["--help"], prog_name="foldline", standalone_mode=False)
    except UserError as error:
        _fail(error.faults)
        sys.exit(USER_MUST_ACT)
    except click.UsageError as error:
        _explain_usage(error)
        sys.exit(USER_MUST_ACT)
    except OSError as error:
        if error.errno not in _DISK_FAULTS:
            traceback.print_exc()
            sys.exit(CRASHED)
        _fail([f"{error.filename or 'disk'}: {error.strerror}; what was saved before stays"])
        sys.exit(USER_MUST_ACT)
    except InterruptedByUserError as error:
        _fail([f"{error}; go on with: foldline {shlex.join(arguments)}"])
        sys.exit(INTERRUPTED)
    except (KeyboardInterrupt, click.Abort):
        _fail(["interrupted; nothing half-written is left behind"])
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last stop: shown whole, with exit code 1
        if fault := describe_reading_fault(error):
            _fail([fault])
            sys.exit(USER_MUST_ACT)
        traceback.print_exc()
        sys.exit(CRASHED)
    sys.exit(DONE)


def _explain_usage(error: click.UsageError) -> None:
    message = error.format_message().rstrip(".").replace(". Did", "; did")
    command = error.ctx.command_path if error.ctx else "foldline"
    _fail([message[:1].lower() + message[1:]])
    click.echo(f"hint: see {command} --help; settings are key=value: train.epochs=5", err=True)


def _fail(faults: Iterable[str]) -> None:
    from foldline.console import fail

    for fault in faults:
        fail(fault)
