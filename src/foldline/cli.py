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


def _train(config: Config) -> None:
    from foldline.stages.train import run_train

    run_train(config)


def _show(config: Config) -> None:
    from foldline.recipe import dump_config

    click.echo(dump_config(config), nl=False)


_stage("sample", "Draw the sample competition under inputs/sample.")(_sample)
_stage("prepare", "Read labels, check the pictures, deal the folds.")(_prepare)
_stage("train", "Train every fold; go on where it was stopped.")(_train)
_stage("show", "Print the resolved configuration.")(_show)


_config_option = click.option(
    "--config", "path", type=click.Path(path_type=Path), help="a recipe under configs/"
)
_overrides_argument = click.argument("overrides", nargs=-1, metavar="[key=value]...")
_run_argument = click.argument("run")


@foldline.command("infer", short_help="Average the folds into submission.csv.")
@_config_option
@click.option("--force", is_flag=True, help="write it even if the gate stops it")
@_overrides_argument
def _infer(path: Path | None, overrides: tuple[str, ...], force: bool) -> None:
    """Average the folds into submission.csv."""
    from foldline.recipe import load_config
    from foldline.stages.infer import run_infer

    run_infer(load_config(path, overrides), force=force)


@foldline.command("check-submission", short_help="Say whether a submission may be submitted.")
@click.argument("file", type=click.Path(path_type=Path))
@_config_option
@_overrides_argument
def _check_submission(file: Path, path: Path | None, overrides: tuple[str, ...]) -> None:
    """Say whether a submission may be submitted.

    Without --config, a FILE in the folder of a run is checked by that run's configuration.
    """
    from foldline.recipe import load_config
    from foldline.stages.check_submission import run_check_submission

    beside = file.parent / "config.yaml"
    run_check_submission(
        load_config(path or (beside if beside.is_file() else None), overrides), file
    )


@foldline.command("submit", short_help="Submit a run through Kaggle's client.")
@_run_argument
@click.option("--competition", required=True, help="its name in the address, such as dogs-vs-cats")
@click.option("--message", default="", help="default: the run and its out-of-fold score")
@click.option("--force", is_flag=True, help="even if the gate stops it, or a second time")
def _submit(run: str, competition: str, message: str, force: bool) -> None:
    """Submit a run through Kaggle's client."""
    from foldline.stages.submit import run_submit

    run_submit(run, competition=competition, message=message, force=force)


@foldline.command("score", short_help="Record what the leaderboard says of a run.")
@_run_argument
@click.argument("score")
@click.option("--private", is_flag=True, help="of the private leaderboard")
def _score(run: str, score: str, private: bool) -> None:
    """Record what the leaderboard says of a run, from 0 to 1."""
    from foldline.stages.leaderboard import run_score

    run_score(run, score, private=private)


@foldline.command("leaderboard", short_help="Compare runs with the leaderboard, propose two.")
@click.option("--public-share", default=0.5, help="of the test rows; default: 0.5")
def _leaderboard(public_share: float) -> None:
    """Compare runs with the leaderboard, propose two."""
    from foldline.stages.leaderboard import run_leaderboard

    run_leaderboard(public_share=public_share)


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
