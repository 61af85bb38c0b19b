"""The runs of the page, made from their records."""

from collections.abc import Mapping
from pathlib import Path

from foldline import console
from foldline.command_line import repeat
from foldline.config.recipe import show_setting
from foldline.errors import UserError
from foldline.metrics.metric import METRICS, compute_scores
from foldline.reporting.learning_curves import build_curve
from foldline.reporting.page.shared_table import PageRun, Predictions
from foldline.runs.leaderboard import list_standings, load_events
from foldline.runs.listing import list_records, warn_of_problems
from foldline.runs.out_of_fold import OutOfFold
from foldline.runs.record import RunRecord
from foldline.text import count_of

_ROW_COLUMNS = ["path", "group", "fold", "label"]


def load_runs(runs_dir: Path) -> list[PageRun]:
    """Return every run under `runs_dir`, finished or not, by name.

    Raises `UserError` where there is none. A file that cannot be read is left out with a warning.
    """
    records = [
        record
        for record in list_records(runs_dir)
        if record.folder.config.exists() or record.folder.members.exists()
    ]
    if not records:
        raise UserError(
            f"{runs_dir}: no run to report on; make one with: {repeat('prepare', 'train')}"
        )
    leaderboard = _load_leaderboard()
    runs = []
    with console.progress("runs", len(records)) as bar:
        while records:  # what a record has read is not kept longer than it is needed
            record = records.pop(0)
            runs.append(_build_run(record, leaderboard.get(record.name, {})))
            warn_of_problems([record])
            bar.advance()
    return runs


def _build_run(record: RunRecord, leaderboard: Mapping[str, float]) -> PageRun:
    scores, out_of_fold = record.scores, record.out_of_fold
    settings = {key: show_setting(value) for key, value in record.settings.items()}
    if record.members:
        settings["members"] = record.members.describe()
    return PageRun(
        name=record.name,
        data_name=record.data_name,
        seal=record.seal or "",
        settings=settings,
        metric=record.metric.key,
        scores=_complete_scores(scores.joined if scores else {}, out_of_fold),
        interval=record.interval,
        fold_scores=[one[record.metric.key] for one in scores.folds.values()] if scores else (),
        curves={str(fold.fold): build_curve(fold.history) for fold in record.folds if fold.history},
        seconds=round(record.seconds, 1) or None,
        leaderboard=leaderboard,
        submission=_describe_submission(record),
        predictions=Predictions(
            class_names=tuple(out_of_fold.class_names),
            rows=out_of_fold.table[_ROW_COLUMNS],
            probs=out_of_fold.probs,
        )
        if out_of_fold
        else None,
    )


def _complete_scores(
    joined: Mapping[str, float], out_of_fold: OutOfFold | None
) -> Mapping[str, float]:
    """Compute the scores that were not recorded, as by an average or an older version."""
    if out_of_fold is None or joined.keys() >= METRICS.keys():
        return joined
    return {**compute_scores(out_of_fold.labels, out_of_fold.probs), **joined}


def _describe_submission(record: RunRecord) -> str | None:
    """Return `420 rows`, and the score where the truth was known; None without a submission."""
    if not record.has_submission:
        return None
    about, metric = record.submission, record.metric.key
    words = "yes" if about is None or about.rows is None else count_of(about.rows, "row")
    if about and about.truth and metric in about.truth:
        words += f", truth {about.truth[metric]:.3f}"
    return words


def _load_leaderboard() -> dict[str, dict[str, float]]:
    """Return the scores of each run's last submission on the leaderboard, as far as known."""
    try:
        standings = list_standings(load_events())
    except UserError as error:
        console.warn(f"{error}; its scores are left out")
        return {}
    keys = ("public", "private", "out_of_fold")
    return {
        name: {key: value for key in keys if (value := getattr(one, key)) is not None}
        for name, one in standings.items()
    }
