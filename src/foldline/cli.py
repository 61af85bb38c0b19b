"""The command line: `foldline <stage> [--config FILE] [key=value …]` and its exit codes."""

import errno
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

import click

from foldline import __version__
from foldline.config import Config
from foldline.errors import InterruptedByUserError, UserError

# what the user's machine refuses: permission, space, a disk that may only be read
_DISK_FAULTS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)

DONE, CRASHED, USER_MUST_ACT, INTERRUPTED = 0, 1, 2, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="foldline")
def foldline() -> None:
    """From a folder of competition pictures to a submission you can trust.

    Every stage takes --config FILE and any number of key=value, such as train.epochs=5.
    """


def _stage(name: str, summary: str) -> Callable[[Callable[[Config], None]], None]:
    """Register `run` as the command `name`: load the configuration, run."""

    def register(run: Callable[[Config], None]) -> None:
        @foldline.command(name, help=summary, short_help=summary)
        @click.option(
            "--config", "path", type=click.Path(path_type=Path), help="a recipe under configs/"
        )
        @click.argument("overrides", nargs=-1, metavar="[key=value]...")
        def command(path: Path | None, overrides: tuple[str, ...]) -> None:
            from foldline.recipe import load_config

            run(load_config(path, overrides))

    return register


def _sample(config: Config) -> None:
    from foldline.stages.sample import run_sample

    run_sample(config)


def _prepare(config: Config) -> None:
    from foldline.stages.prepare import run_prepare

    run_prepare(config)


def _advise(config: Config) -> None:
    from foldline.stages.advise import run_advise

    # the command it prints repeats what was typed
    typed = click.get_current_context().params
    run_advise(config, path=typed["path"], overrides=typed["overrides"])


def _train(config: Config) -> None:
    from foldline.stages.train import run_train

    run_train(config)


def _infer(config: Config) -> None:
    from foldline.stages.infer import run_infer

    run_infer(config)


def _show(config: Config) -> None:
    from foldline.recipe import dump_config

    click.echo(dump_config(config), nl=False)


_stage("sample", "Draw the sample competition under inputs/sample.")(_sample)
_stage("prepare", "Read labels from the paths, check the pictures, deal the folds.")(_prepare)
_stage("advise", "Say which part of the network to train, and why.")(_advise)
_stage("train", "Train every fold; go on where it was stopped.")(_train)
_stage("infer", "Average the folds into submission.csv.")(_infer)
_stage("show", "Print the resolved configuration.")(_show)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 done, 2 the user must act, 130 interrupted, 1 anything else."""
    # a first Ctrl-C raises KeyboardInterrupt even where a parent shell ignored the signal
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
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
    except Exception:  # noqa: BLE001 - the last stop: shown whole, with exit code 1
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
