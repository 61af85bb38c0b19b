"""`foldline report`: make the report of a run anew, from its files."""

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared, load_prepared
from foldline.errors import UserError
from foldline.stages.run_report import list_finished, write_fold_report, write_run_report
from foldline.stages.runs import RunFolder, check_seal
from foldline.stages.table_settings import check_settings


def run_report(config: Config) -> None:
    """Report on every finished fold of `config.run`, and on all of them joined.

    Raises `UserError` where none is finished, and naming the files that could not be made.
    """
    prepared = load_prepared(config.prepared_dir)
    check_settings(prepared, config)
    run, folds = _find_folds(config, prepared)
    console.heading(f"report {config.run}: folds {', '.join(map(str, folds))}")
    failed = [line for fold in folds for line in write_fold_report(config, prepared, run, fold)]
    failed += write_run_report(config, prepared, run)
    if failed:
        raise UserError(*failed)


def _find_folds(config: Config, prepared: Prepared) -> tuple[RunFolder, list[int]]:
    """The run and its finished folds. Raises `UserError` where there is nothing to report on."""
    run = RunFolder(config.run_dir)
    if not run.environment.is_file():
        raise UserError(f"{run.path}: no such run; make it with: make train SET=run={config.run}")
    check_seal(run, prepared, config)
    folds = list_finished(run, prepared)
    if not folds:
        raise UserError(f"{run.path}: no fold is trained to the end; run make train first")
    return run, folds
