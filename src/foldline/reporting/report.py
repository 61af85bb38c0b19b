"""`foldline report`: draw a run anew from its files, and put all runs on one page."""

from collections.abc import Sequence
from pathlib import Path

from foldline import console
from foldline.config import Config
from foldline.config.recipe import load_config
from foldline.data.prepared import load_prepared
from foldline.errors import UserError
from foldline.reporting.report_page import build_page
from foldline.reporting.run_report import list_finished, write_fold_report, write_run_report
from foldline.runs.begin import check_seal
from foldline.runs.paths import RunFolder
from foldline.runs.settings import load_run_config, names_run, require_table
from foldline.runs.table_settings import check_settings


def run_report(path: Path | None, overrides: Sequence[str]) -> None:
    """Report on every finished fold of the run and on all of them joined, then on all runs.

    The page is made whether that run exists or not, and whatever is wrong with it. Raises
    `UserError` where there is no run at all and, once the page is made, for what could not be drawn
    of a run that was asked for.
    """
    try:
        config = load_run_config(path, overrides, must_exist=False)
        failed = _draw_run(config, RunFolder(config.run_dir))
    except UserError as error:
        failed = list(error.faults)
        config = load_config(path, overrides)  # for the page; faults of the settings are raised
    build_page(megabytes=config.report.thumbnails, num_maps=config.report.cam)
    if failed and (path is not None or names_run(overrides)):
        raise UserError(*failed)
    for line in failed:
        console.warn(line)


def _draw_run(config: Config, run: RunFolder) -> list[str]:
    """Draw all pictures of a run; return a line for each that could not be made."""
    if not run.environment.is_file():
        console.log(f"{run.path}: no such run; only the page of all runs is made")
        return []
    require_table(config, run)
    prepared = load_prepared(config.prepared_dir)
    check_settings(prepared, config)
    check_seal(run, prepared, config)
    if run.members.exists():
        console.heading(f"report {config.run}: an average of other runs")
        return write_run_report(config, prepared, run)
    folds = list_finished(run, prepared)
    if not folds:
        console.log(f"{run.path}: no fold is trained to the end; only the page is made")
        return []
    console.heading(f"report {config.run}: folds {', '.join(map(str, folds))}")
    failed = [line for fold in folds for line in write_fold_report(config, prepared, run, fold)]
    return failed + write_run_report(config, prepared, run)
