"""What each command takes and which stage it calls. A stage is imported when it is called."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from foldline import __version__
from foldline.command_line import choose, remember, split_settings
from foldline.config import Config
from foldline.config.values import expand_home
from foldline.errors import UserError
from foldline.spelling import find_typed

_RUNS = Config().run_dir.parent


def _expand(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """With the home folder for ~, which a shell leaves alone between quotes."""
    try:
        return Path(find_typed(expand_home(str(path)))) if path else path
    except ValueError as error:
        raise UserError(str(error)) from None


_PATH = click.Path(path_type=Path)
_config_option = click.option(
    "--config", "path", type=_PATH, callback=_expand, help="a recipe under configs/"
)
_set_option = click.option(
    "--set", "text", default="", help="settings in one text: 'train.epochs=5 train.folds=[0, 2]'"
)


def _takes_settings(words: str = "[key=value]...") -> Callable[[Callable[..., None]], Any]:
    """Give a command --config, --set and `words`, and call it with `path` and `overrides`."""

    def decorate(command: Callable[..., None]) -> Any:
        @_config_option
        @_set_option
        @click.argument("overrides", nargs=-1, metavar=words)
        @functools.wraps(command)
        def call(path: Path | None, text: str, overrides: Sequence[str], **rest: Any) -> None:
            settings = (*split_settings(text), *overrides)
            remember(path, settings)
            try:
                command(path=path, overrides=settings, **rest)
            finally:
                remember()

        return call

    return decorate


def _read_name(_context: click.Context, _parameter: click.Parameter, run: str) -> str:
    """The name of a run, also from its folder, as a shell completes it."""
    name = Path(run).name
    if not name:
        listing = choose(make="runs", foldline="runs")
        raise UserError(f"RUN: expected the name of a run; {listing} lists those there are")
    return name


_run_argument = click.argument("run", callback=_read_name)


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
        @_takes_settings()
        def command(path: Path | None, overrides: tuple[str, ...]) -> None:
            from foldline.config.recipe import load_config

            run(load_config(path, overrides))

    return register


@foldline.command("sample", short_help="Draw the sample competition under inputs/sample.")
@_takes_settings()
def _sample(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Draw the sample competition under inputs/sample, or where a recipe or data.root says."""
    from foldline.config.recipe import load_config
    from foldline.preparing.sample import run_sample

    config = load_config(path, overrides)
    # without either, data.root is where the real competition lies
    is_told = path or any(item.startswith(("data.root=", "data=")) for item in overrides)
    run_sample(config, root=config.data.root if is_told else None)


@_stage("prepare", "Read labels, check the pictures, deal the folds.")
def _prepare(config: Config) -> None:
    from foldline.preparing.prepare import run_prepare

    run_prepare(config)


@foldline.command("advise", short_help="Say which part of the network to train, and why.")
@_takes_settings()
def _advise(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Say which part of the network to train, and why."""
    from foldline.advising.advise import run_advise
    from foldline.config.recipe import load_config

    run_advise(load_config(path, overrides))


@_stage("train", "Train every fold; go on where it was stopped.")
def _train(config: Config) -> None:
    from foldline.training.run import run_train

    run_train(config)


@foldline.command("infer", short_help="Average the folds into submission.csv.")
@click.option("--force", is_flag=True, help="write it even if the gate stops it")
@_takes_settings()
def _infer(path: Path | None, overrides: tuple[str, ...], force: bool) -> None:
    """Average the folds into submission.csv.

    Without --config, run=NAME is answered by the settings it was trained with.
    """
    from foldline.inference.test_set import run_infer
    from foldline.runs.settings import load_run_config

    run_infer(load_run_config(path, overrides), force=force)


@foldline.command("answer", short_help="Answer a folder of pictures by one run or several.")
@click.argument("pictures", type=_PATH, callback=_expand)
@click.argument("names", nargs=-1, metavar="RUN...")
def _answer(pictures: Path, names: tuple[str, ...]) -> None:
    """Answer a folder of pictures by one run or several, whose heads may share a backbone."""
    from foldline.inference.folder import run_answer
    from foldline.runs.listing import find_run_path

    run_answer(pictures, [find_run_path(name, _RUNS) for name in names])


@foldline.command("evaluate", short_help="Score every kept checkpoint and name the best.")
@_takes_settings()
def _evaluate(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Score every kept checkpoint and name the best.

    Without --config, run=NAME is scored by the settings it was trained with.
    """
    from foldline.inference.evaluation import run_evaluate
    from foldline.runs.settings import load_run_config

    run_evaluate(load_run_config(path, overrides))


@foldline.command("report", short_help="Draw a run's pictures anew, and all runs on one page.")
@_takes_settings()
def _report(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Draw a run's pictures anew, and put every run on one page.

    Without --config, run=NAME is drawn by the settings it was trained with.
    """
    from foldline.reporting.report import run_report

    run_report(path, overrides)


@foldline.command("show", short_help="Print the resolved configuration, or a run.")
@_takes_settings("[RUN | key=value]...")
def _show(path: Path | None, overrides: tuple[str, ...]) -> None:
    """Print the resolved configuration, or, given the name of a run, that run."""
    runs = [word for word in overrides if "=" not in word]
    if not runs:
        from foldline.config.recipe import dump_config, load_config

        click.echo(dump_config(load_config(path, overrides)), nl=False)
        return
    if len(overrides) > 1 or path is not None:
        raise UserError(
            f"show: {runs[0]} is taken for a run, which is shown alone; settings are key=value"
        )
    from foldline.reporting.show_run import run_show
    from foldline.runs.listing import find_run_path

    run_show(find_run_path(runs[0], _RUNS))


@foldline.command("runs", short_help="List all runs, the best first.")
def _runs() -> None:
    """List all runs under outputs/runs, the best first."""
    from foldline.reporting.run_list import run_list

    run_list(_RUNS)


@foldline.command("compare", short_help="Put runs side by side and say whether the gain is real.")
@click.argument("names", nargs=-1, metavar="RUN RUN...")
def _compare(names: tuple[str, ...]) -> None:
    """Put runs side by side and say whether the gain of the later over the earlier is real."""
    from foldline.reporting.compare import run_compare
    from foldline.runs.listing import find_run_path

    run_compare([find_run_path(name, _RUNS) for name in names])


@foldline.command("sweep", short_help="Train every combination of a grid; name the winner.")
@click.option("--sweep", type=_PATH, callback=_expand, required=True, help="under configs/sweeps")
@_takes_settings()
def _sweep(sweep: Path, path: Path | None, overrides: tuple[str, ...]) -> None:
    """Train every combination of a grid, shared with other agents, and name the winner."""
    from foldline.training.sweep import run_sweep

    run_sweep(sweep, path, overrides)


@foldline.command("sync", short_help="Upload to Weights & Biases what was kept on disk.")
def _sync() -> None:
    """Upload to Weights & Biases every run under outputs/runs that was kept on disk."""
    from foldline.tracking.sync import run_sync

    run_sync()


@_stage("fetch", "Get a run's checkpoints back from Weights & Biases.")
def _fetch(config: Config) -> None:
    from foldline.tracking.fetch import run_fetch

    run_fetch(config)


@foldline.command("check-submission", short_help="Say whether a submission may be submitted.")
@click.argument("file", type=_PATH, callback=_expand)
@_takes_settings()
def _check_submission(file: Path, path: Path | None, overrides: tuple[str, ...]) -> None:
    """Say whether a submission may be submitted.

    Without --config, the submission of a run is checked by that run's settings.
    """
    from foldline.submitting.check_submission import load_submission_config, run_check_submission

    run_check_submission(load_submission_config(file, path, overrides), file)


@foldline.command("submit", short_help="Submit a run through Kaggle's client.")
@_run_argument
@click.option("--competition", required=True, help="its name in the address, such as dogs-vs-cats")
@click.option("--message", default="", help="default: the run and its out-of-fold score")
@click.option("--force", is_flag=True, help="even if the gate stops it, or a second time")
def _submit(run: str, competition: str, message: str, force: bool) -> None:
    """Submit a run through Kaggle's client."""
    from foldline.submitting.submit import run_submit

    run_submit(run, competition=competition, message=message, force=force)


@foldline.command("score", short_help="Record what the leaderboard says of a run.")
@_run_argument
@click.argument("score")
@click.option("--private", is_flag=True, help="of the private leaderboard")
def _score(run: str, score: str, private: bool) -> None:
    """Record what the leaderboard says of a run, from 0 to 1."""
    from foldline.reporting.leaderboard import run_score

    run_score(run, score, private=private)


@foldline.command("leaderboard", short_help="Compare runs with the leaderboard, propose two.")
@click.option("--public-share", default=0.5, help="of the test rows; default: 0.5")
def _leaderboard(public_share: float) -> None:
    """Compare runs with the leaderboard, propose two."""
    from foldline.reporting.leaderboard import run_leaderboard

    run_leaderboard(public_share=public_share)
