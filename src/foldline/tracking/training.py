"""What of a training is mirrored to Weights & Biases: a run for each fold, and one of the whole."""

import json
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.files import compute_seal
from foldline.learning.stopping import DIRECTION
from foldline.runs.metrics_log import Row, load_metrics
from foldline.runs.out_of_fold import load_out_of_fold
from foldline.runs.paths import RunFolder
from foldline.tracking.artifacts import (
    list_report_pictures,
    pack_fold,
    pack_run,
)
from foldline.tracking.begin import SayOnce, begin_run, measure_memory, never_stopping
from foldline.tracking.figures import (
    build_fold_table,
    build_out_of_fold_media,
    summarize_scores,
)
from foldline.tracking.media import build_picture
from foldline.tracking.wandb_run import WandbRun, wait_for_runs


class FoldMirror:
    """The W&B run of one fold."""

    def __init__(self, track: WandbRun, on_row: Callable[[Row, float], None]) -> None:
        self._track, self._on_row = track, on_row

    def log(self, row: Row, *, epochs: float) -> None:
        """Mirror the figures of one validation, at its step and after so many `epochs`."""
        with never_stopping():
            if not self._track.is_disabled:
                figures = {**row, "epoch": epochs, **measure_memory()}
                self._track.log(figures, step=int(row["step"]))
            self._on_row(row, epochs)

    def summarize(self, summary: Mapping[str, Any]) -> None:
        """Mirror the scores of the fold."""
        self._track.summarize(summary)


class RunMirror:
    """The W&B runs of one training command: its folds, and the cross-validation over them."""

    def __init__(self, config: Config, prepared: Prepared, run: RunFolder, *, active: bool) -> None:
        self._config, self._prepared, self._run = config, prepared, run
        self._active = active and config.track.mode != "disabled"
        self._whole: WandbRun | None = None
        self._runs: list[WandbRun] = []
        self._report = SayOnce()
        self._running = _RunningScore(config.train.monitor)

    @contextmanager
    def fold(self, fold: int) -> Iterator[FoldMirror]:
        """A mirror for one fold; when the block ends, what the fold has left on disk goes along."""
        if self._whole is None:
            self._whole = self._begin_whole()
        track = self._begin("train", f"{self._config.run}-fold-{fold}", str(fold), {"fold": fold})
        try:
            yield FoldMirror(track, partial(self._log_running, fold))
        except BaseException:
            track.finish(failed=True)
            raise
        with never_stopping():
            self._end_fold(fold, track)
        track.finish()

    def summarize(self) -> None:
        """Mirror the scores of all folds that are finished, as they lie on disk."""
        if self._whole is not None and not self._whole.is_disabled:
            with never_stopping():
                self._end_whole(self._whole)

    def close(self, *, failed: bool) -> None:
        """Let all of it arrive, `track.patience` seconds at the most."""
        if self._whole is not None:
            self._whole.finish(failed=failed)
        wait_for_runs(self._runs, self._config.track.patience)

    def _begin_whole(self) -> WandbRun:
        with never_stopping():
            for fold in range(self._prepared.num_folds):
                if self._active and self._run.fold(fold).metrics.is_file():
                    for row in load_metrics(self._run.fold(fold).metrics):
                        self._running.update(fold, row, float(row["epoch"]))
        return self._begin("cross-validation", self._config.run, "whole", {}, sweeps=True)

    def _begin(
        self, job_type: str, name: str, part: str, extra: dict[str, Any], *, sweeps: bool = False
    ) -> WandbRun:
        identity = self._run.load_identity()
        track = begin_run(
            self._config,
            self._prepared,
            self._run,
            job_type=job_type,
            name=name,
            # the same in every command that goes on with this run
            identity=compute_seal(identity.encode(), part.encode())[:12],
            extra=extra,
            active=self._active,
            report=self._report,
            sweeps=sweeps,
        )
        self._runs.append(track)
        return track

    def _log_running(self, fold: int, row: Row, epochs: float) -> None:
        if self._whole is None or not self._running.update(fold, row, epochs):
            return
        figures = {"fold": fold, "epoch": self._running.epochs, "score": self._running.compute()}
        # twice, to leave room for the end of a command, after which other folds may go on
        self._whole.log(figures, step=2 * self._running.steps)

    def _end_fold(self, fold: int, track: WandbRun) -> None:
        if track.is_disabled:
            return
        folder = self._run.fold(fold)
        history = load_metrics(folder.metrics)
        media = build_out_of_fold_media(
            load_out_of_fold(folder.oof),
            self._prepared.class_names,
            root=self._config.data.root,
            thumbnails=self._config.track.pictures,
        )
        if self._config.track.pictures:
            for path in list_report_pictures(folder.path):
                media[f"report/{path.stem}"] = build_picture(path, path.stem)
        last = history[-1]
        step = int(last.get("step", last["epoch"])) + 1
        track.log({"epoch": last["epoch"], **media}, step=step)
        best = [row for row in history if row.get("is_best")]
        track.summarize({"best_epoch": best[-1]["epoch"]} if best else {})
        if self._config.track.checkpoints:
            track.save(pack_fold(self._config, self._prepared, self._run, fold))

    def _end_whole(self, whole: WandbRun) -> None:
        scores = json.loads((self._run.path / "scores.json").read_text(encoding="utf-8"))
        media = build_out_of_fold_media(
            load_out_of_fold(self._run.path / "oof.csv"),
            self._prepared.class_names,
            root=self._config.data.root,
            thumbnails=self._config.track.pictures,
        )
        figures = summarize_scores(scores)
        folds = build_fold_table(scores["folds"])
        row = {"epoch": self._running.epochs, "score": figures["score"], "folds": folds, **media}
        whole.log(row, step=2 * self._running.steps + 1)
        whole.summarize(figures)
        whole.save(pack_run(self._run, [int(fold) for fold in scores["folds"]]))


@contextmanager
def mirror_train(
    config: Config, prepared: Prepared, run: RunFolder, *, active: bool
) -> Iterator[RunMirror]:
    """A mirror for one training command; `active` in one of its processes only."""
    mirror = RunMirror(config, prepared, run, active=active)
    failed = True
    try:
        yield mirror
        failed = False
    finally:
        mirror.close(failed=failed)


class _RunningScore:
    """The mean, over the folds begun so far, of macro-F1 in the epoch that is best by `monitor`.

    `epochs` and `steps` are those of all folds together: they rise in whatever order the folds are
    trained, and by whichever command.
    """

    def __init__(self, monitor: str) -> None:
        self._monitor = monitor
        self._best: dict[int, tuple[float, float]] = {}  # by fold: how good, macro-F1
        self._reached: dict[int, tuple[float, int]] = {}  # by fold: epochs, steps

    @property
    def epochs(self) -> float:
        return sum(epochs for epochs, _ in self._reached.values())

    @property
    def steps(self) -> int:
        return sum(steps for _, steps in self._reached.values())

    def update(self, fold: int, row: Row, epochs: float) -> bool:
        """Note the scores after so many epochs of a fold; False for a row that has none."""
        if self._monitor not in row or "macro_f1" not in row:
            return False
        self._reached[fold] = (epochs, int(row.get("step", row["epoch"])))
        good = row[self._monitor] * DIRECTION[self._monitor]
        if fold not in self._best or good > self._best[fold][0]:
            self._best[fold] = (good, row["macro_f1"])
        return True

    def compute(self) -> float:
        return statistics.mean(score for _, score in self._best.values())
