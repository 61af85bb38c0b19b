"""Track one training command: each fold that it trains, and the cross-validation over them."""

import resource
import statistics
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.files import compute_seal
from foldline.runs.files import RunScores
from foldline.runs.metrics_log import load_metrics
from foldline.runs.out_of_fold import load_out_of_fold
from foldline.runs.paths import RunFolder
from foldline.tracking.artifacts import pack_fold, pack_run
from foldline.tracking.figures import build_fold_table, build_out_of_fold_media, summarize_scores
from foldline.tracking.open import Trackers, open_trackers
from foldline.tracking.tracker import Artifact, Media, NoTracker, Tracker, finishing, warning_only


class TrainingTracker:
    """The trackers of one training command, none of which is begun unless a fold is trained."""

    def __init__(self, trackers: Trackers) -> None:
        self._trackers = trackers
        self._config, self._run = trackers.config, trackers.run
        self._whole: Tracker | None = None
        self._running = RunningScore(self._config.metric)

    @contextmanager
    def fold(self, fold: int) -> Iterator[Tracker]:
        """Yield the tracker of one fold, which takes the rows of `metrics.jsonl`.

        When the block ends, what the fold has left on disk is tracked.
        """
        if self._whole is None:
            self._whole = self._begin_whole()
        tracker = self._begin("train", f"{self._config.run}-fold-{fold}", str(fold), fold=fold)
        if not isinstance(tracker, NoTracker):
            tracker = _FoldTracker(tracker, self, fold)
        with finishing(tracker.finish):
            yield tracker

    def summarize(self) -> None:
        """Track the scores of all folds that are finished, as they lie on disk."""
        whole = self._whole
        if whole is None or isinstance(whole, NoTracker):
            return
        with warning_only():
            if scores := RunScores.load(self._run.scores):
                figures = summarize_scores(scores)
                row = {"epoch": self._running.epochs, "score": figures["score"]}
                media = {"folds": build_fold_table(scores.folds), **self._draw(self._run.oof)}
                whole.log({**row, **media}, step=2 * self._running.steps + 1)
                whole.summarize(figures)
                whole.save_files(pack_run(self._run, list(scores.folds)))

    def finish(self, *, failed: bool) -> None:
        """Close the cross-validation."""
        if self._whole is not None:
            self._whole.finish(failed=failed)

    def log_running(self, fold: int, row: Mapping[str, Any]) -> None:
        """Track the score of all folds so far, once a fold has scored `row`."""
        self._running.update(fold, row)
        score = self._running.compute()
        if self._whole is not None and score is not None:
            figures = {"fold": fold, "epoch": self._running.epochs, "score": score}
            # twice, to leave room for the end of a command, after which other folds may go on
            self._whole.log(figures, step=2 * self._running.steps)

    def log_end(self, tracker: Tracker, fold: int) -> None:
        """Track what a finished fold has left on disk."""
        folder = self._run.fold(fold)
        history = load_metrics(folder.metrics)
        media = self._draw(folder.oof)
        if self._config.track.pictures:
            for path in sorted((folder.path / "report").glob("*.png")):
                picture = {"picture": str(path.resolve()), "caption": path.stem}
                media[f"report/{path.stem}"] = picture
        last = history[-1]
        tracker.log({"epoch": last["epoch"], **media}, step=_find_step(last) + 1)
        best = [row["epoch"] for row in history if row["is_best"]]
        tracker.summarize({"best_epoch": best[-1]} if best else {})
        if self._config.track.checkpoints:
            tracker.save_files(pack_fold(self._config, self._trackers.prepared, self._run, fold))

    def _begin(self, job_type: str, name: str, part: str, **settings: Any) -> Tracker:
        # the same in every command that goes on with this run
        identity = compute_seal(self._run.load_identity().encode(), part.encode())[:12]
        return self._trackers.begin(job_type, name, identity, **settings)

    def _begin_whole(self) -> Tracker:
        whole = self._begin("cross-validation", self._config.run, "whole")
        if not isinstance(whole, NoTracker):
            with warning_only():
                for fold in range(self._trackers.prepared.num_folds):
                    path = self._run.fold(fold).metrics
                    for row in load_metrics(path) if path.is_file() else ():
                        self._running.update(fold, row)
        return whole

    def _draw(self, path: Path) -> dict[str, Media]:
        return build_out_of_fold_media(
            load_out_of_fold(path),
            self._trackers.prepared.class_names,
            root=self._config.data.root,
            thumbnails=self._config.track.pictures,
        )


class _FoldTracker:
    """The tracker of one fold, whose rows also move the score of all folds."""

    def __init__(self, tracker: Tracker, training: TrainingTracker, fold: int) -> None:
        self._tracker, self._training, self._fold = tracker, training, fold

    def log(self, row: Mapping[str, Any], *, step: int) -> None:
        with warning_only():
            figures = {key: value for key, value in row.items() if key != "is_best"}
            self._tracker.log({**figures, **measure_memory()}, step=step)
            self._training.log_running(self._fold, row)

    def summarize(self, summary: Mapping[str, Any]) -> None:
        with warning_only():
            self._tracker.summarize(summary)

    def save_files(self, artifact: Artifact, *, used: bool = False) -> None:
        with warning_only():
            self._tracker.save_files(artifact, used=used)

    def finish(self, *, failed: bool = False) -> None:
        with warning_only():
            if not failed:
                self._training.log_end(self._tracker, self._fold)
        self._tracker.finish(failed=failed)


@contextmanager
def track_training(
    config: Config, prepared: Prepared, run: RunFolder, *, active: bool
) -> Iterator[TrainingTracker]:
    """Yield the trackers of one training command; `active` in one of its processes only."""
    with open_trackers(config, prepared, run, active=active) as trackers:
        training = TrainingTracker(trackers)
        with finishing(training.finish):
            yield training


class RunningScore:
    """The mean, over the folds that have saved a network, of the last one's score by `metric`.

    `epochs` and `steps` are those of all folds together: they rise in whatever order the folds are
    trained, and by whichever command.
    """

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._saved: dict[int, float] = {}
        self._reached: dict[int, tuple[float, int]] = {}  # epochs and steps, by fold

    @property
    def epochs(self) -> float:
        return sum(epochs for epochs, _ in self._reached.values())

    @property
    def steps(self) -> int:
        return sum(steps for _, steps in self._reached.values())

    def update(self, fold: int, row: Mapping[str, Any]) -> None:
        """Note a validation of a fold, whose `is_best` says whether its network was saved."""
        self._reached[fold] = (float(row["epoch"]), _find_step(row))
        if row["is_best"] and self._metric in row:
            self._saved[fold] = row[self._metric]

    def compute(self) -> float | None:
        """Return the mean; None while no fold has saved anything."""
        return statistics.mean(self._saved.values()) if self._saved else None


def _find_step(row: Mapping[str, Any]) -> int:
    return int(row.get("step", row["epoch"]))  # an older version wrote down no step


def measure_memory() -> dict[str, float]:
    """Return the peak memory so far in MiB: of the GPU if there is one, else of this process."""
    import torch

    if torch.cuda.is_available():
        return {"cuda_peak_memory_mib": round(torch.cuda.max_memory_allocated() / 2**20, 1)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {"cpu_max_rss_mib": round(peak / unit, 1)}
