"""`foldline report`: a run's pictures made anew from its files, and all runs on one page."""

from foldline import console
from foldline.config import Config
from foldline.data.prepared import load_prepared
from foldline.errors import UserError
from foldline.stages.report_page import build_page
from foldline.stages.run_report import list_finished, write_fold_report, write_run_report
from foldline.stages.runs import RunFolder, check_seal
from foldline.stages.table_settings import check_settings


def run_report(config: Config) -> None:
    """Report on every finished fold of `config.run` and on all of them joined, then on all runs.

    Without that run there is only the page. Raises `UserError` where there is no run at all, and
    naming the files that could not be made.
    """
    run = RunFolder(config.run_dir)
    if run.environment.is_file():
        failed = _draw_run(config, run)
    else:
        failed = []
        console.say(f"{run.path}: no such run; only the page of all runs is made")
    build_page(config)
    if failed:
        raise UserError(*failed)


def _draw_run(config: Config, run: RunFolder) -> list[str]:
    """Draw all pictures of a run; a line for each that could not be made."""
    prepared = load_prepared(config.prepared_dir)
    check_settings(prepared, config)
    check_seal(run, prepared, config)
    folds = list_finished(run, prepared)
    if not folds:
        console.say(f"{run.path}: no fold is trained to the end; only the page is made")
        return []
    console.heading(f"report {config.run}: folds {', '.join(map(str, folds))}")
    failed = [line for fold in folds for line in write_fold_report(config, prepared, run, fold)]
    return failed + write_run_report(config, prepared, run)
