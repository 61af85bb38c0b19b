"""Draw a fold, or a run with all its folds joined, into a folder `report/`."""

from collections.abc import Sequence
from pathlib import Path

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.files import replacing
from foldline.metrics.metric import METRICS
from foldline.runs.files import Members
from foldline.runs.paths import RunFolder

FOLDER = "report"
# made last: where it is, the report is whole
_LAST = "classes.png"

_Source = tuple[Path, Path | None]  # `oof.csv`, and `metrics.jsonl` of what was trained


def report_fold_trained(config: Config, prepared: Prepared, run: RunFolder, fold: int) -> None:
    """Make the report of a finished fold that has none, if the configuration wants it.

    Never raises: what cannot be made is a line of warning.
    """
    if config.report.after_training and not (run.fold(fold).path / FOLDER / _LAST).is_file():
        _warn(write_fold_report(config, prepared, run, fold))


def report_run_trained(config: Config, prepared: Prepared, run: RunFolder) -> None:
    """Make the report of the finished folds joined, anew whenever a training ends."""
    if config.report.after_training and list_finished(run, prepared):
        _warn(write_run_report(config, prepared, run))


def write_fold_report(config: Config, prepared: Prepared, run: RunFolder, fold: int) -> list[str]:
    """Make `fold_<fold>/report/`; return a line for each file that could not be made."""
    folder = run.fold(fold)
    directory, sources = folder.path / FOLDER, [(folder.oof, folder.metrics)]
    return _write(directory, f"fold {fold}", config, prepared, sources)


def write_run_report(config: Config, prepared: Prepared, run: RunFolder) -> list[str]:
    """Make `report/` of the run; return a line for each file that could not be made."""
    sources: list[_Source]
    if members := Members.load(run.members):
        of, sources = members.describe(), [(run.oof, None)]
    else:
        folds = list_finished(run, prepared)
        of = f"{'fold' if len(folds) == 1 else 'folds'} {', '.join(map(str, folds))}"
        sources = [(run.fold(fold).oof, run.fold(fold).metrics) for fold in folds]
    failed = _write(run.path / FOLDER, of, config, prepared, sources)
    console.log(f"written: {run.path / FOLDER}")
    return failed


def list_finished(run: RunFolder, prepared: Prepared) -> list[int]:
    """Return the folds that are trained to the end."""
    return [fold for fold in range(prepared.num_folds) if run.fold(fold).is_finished]


def _write(
    directory: Path, of: str, config: Config, prepared: Prepared, sources: Sequence[_Source]
) -> list[str]:
    try:
        # here, so that not even a broken drawing library can stop a training
        from foldline.reporting.report_files import build_files

        files = build_files(
            prepared,
            [out_of_fold for out_of_fold, _ in sources],
            [history for _, history in sources if history],
            of=of,
            metric=METRICS[config.metric],
            root=config.data.root,
            num_pictures=config.report.pictures,
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, the training is not to blame
        return [_describe(directory, error)]
    failed = []
    with console.progress(f"report on {of}", len(files)) as bar:
        for name, make in files.items():
            bar.note(name)
            try:
                content = make()
                with replacing(directory / name) as temporary:
                    temporary.write_bytes(content)
            except Exception as error:  # noqa: BLE001 - one picture less, and the others are made
                failed.append(_describe(directory / name, error))
            bar.advance()
    return failed


def _describe(path: Path, error: Exception) -> str:
    reason = "; ".join(error.faults) if isinstance(error, UserError) else str(error)
    kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
    return f"{path}: not made: {kind}{' '.join(reason.split())}"


def _warn(lines: Sequence[str]) -> None:
    for line in lines:
        console.warn(line)
