"""What is mirrored to Weights & Biases: a run for each fold, for the whole, and an inference.

Nothing here may stop a stage: what goes wrong is said once, and the stage goes on.
"""

import json
import resource
import secrets
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from foldline import console
from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.files import compute_seal
from foldline.scoring.out_of_fold import load_out_of_fold
from foldline.stages.mirror_files import (
    list_report_pictures,
    pack_fold,
    pack_run,
    pack_submission,
    pack_table,
)
from foldline.stages.mirror_tables import build_fold_table, build_out_of_fold_media
from foldline.stages.runs import RunFolder, flatten
from foldline.tracking.media import build_picture
from foldline.tracking.metrics_log import Row, load_metrics
from foldline.tracking.wandb_run import WandbRun, wait_for_runs

# which value of a metric W&B keeps beside the run
_KEPT = {
    "macro_f1": "max",
    "accuracy": "max",
    "log_loss": "min",
    "train_loss": "min",
    "train_accuracy": "max",
    "images_per_second": "mean",
    "seconds": "mean",
}
_SCORES = ("macro_f1", "accuracy", "log_loss")


class FoldMirror:
    """The W&B run of one fold."""

    def __init__(self, track: WandbRun, on_row: Callable[[Row], None]) -> None:
        self._track, self._on_row = track, on_row

    def log(self, row: Row, *, step: int) -> None:
        """Mirror the figures of one epoch, or of a part of one that has a `step` of its own."""
        if not self._track.is_dark:
            self._track.log({**row, **measure_memory()}, step=int(row.get("step", step)))
        self._on_row(row)

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
        self._running = _RunningScore(config.train.monitor)

    @contextmanager
    def fold(self, fold: int) -> Iterator[FoldMirror]:
        """A mirror for one fold; when the block ends, what the fold has left on disk goes along."""
        if self._whole is None:
            self._whole = self._begin_whole()
        track = self._begin("train", f"{self._config.run}-fold-{fold}", str(fold), {"fold": fold})
        try:
            yield FoldMirror(track, lambda row: self._log_running(fold, row))
        except BaseException:
            track.finish(failed=True)
            raise
        with _never_stopping():
            self._end_fold(fold, track)
        track.finish()

    def summarize(self) -> None:
        """Mirror the scores of all folds that are finished, as they lie on disk."""
        if self._whole is not None and not self._whole.is_dark:
            with _never_stopping():
                self._end_whole(self._whole)

    def close(self, *, failed: bool) -> None:
        """Let all of it arrive, `track.patience` seconds at the most."""
        if self._whole is not None:
            self._whole.finish(failed=failed)
        wait_for_runs(self._runs, self._config.track.patience)

    def _begin_whole(self) -> WandbRun:
        with _never_stopping():
            for fold in range(self._prepared.num_folds):
                if self._active and self._run.fold(fold).metrics.is_file():
                    for row in load_metrics(self._run.fold(fold).metrics):
                        self._running.update(fold, row)
        return self._begin("cross-validation", self._config.run, "whole", {}, sweeps=True)

    def _begin(
        self, job_type: str, name: str, part: str, extra: dict[str, Any], *, sweeps: bool = False
    ) -> WandbRun:
        track = begin_run(
            self._config,
            self._prepared,
            self._run,
            job_type=job_type,
            name=name,
            part=part,
            extra=extra,
            active=self._active,
            sweeps=sweeps,
        )
        self._runs.append(track)
        return track

    def _log_running(self, fold: int, row: Row) -> None:
        if self._whole is None or not self._running.update(fold, row):
            return
        # no fold counts more epochs, so that the steps rise also where a run goes on
        step = fold * self._config.train.epochs + int(row["epoch"])
        score = self._running.compute()
        self._whole.log({"fold": fold, "epoch": step, "score": score}, step=step)

    def _end_fold(self, fold: int, track: WandbRun) -> None:
        if track.is_dark:
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
        step = self._prepared.num_folds * self._config.train.epochs + 1
        figures = summarize_scores(scores)
        folds = build_fold_table(scores["folds"])
        whole.log({"epoch": step, "score": figures["score"], "folds": folds, **media}, step=step)
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


@contextmanager
def mirror_infer(
    config: Config, prepared: Prepared, run: RunFolder, folds: Sequence[int], *, active: bool
) -> Iterator[None]:
    """A W&B run of one inference; when the block ends, the submission on disk goes along."""
    name = f"{config.run}-infer"
    part = f"infer-{secrets.token_hex(6)}"  # each is a run of its own
    track = begin_run(
        config, prepared, run, job_type="infer", name=name, part=part, extra={}, active=active
    )
    with _never_stopping():
        if not track.is_dark and config.track.checkpoints:
            for fold in folds:
                track.use(pack_fold(config, prepared, run, fold))
    failed = True
    try:
        yield
        failed = False
        with _never_stopping():
            _end_infer(track, run)
    finally:
        track.finish(failed=failed)
        wait_for_runs([track], config.track.patience)


def begin_run(
    config: Config,
    prepared: Prepared,
    run: RunFolder,
    *,
    job_type: str,
    name: str,
    part: str,
    extra: dict[str, Any],
    active: bool,
    sweeps: bool = False,
) -> WandbRun:
    """Begin, or go on with, the W&B run of one part of `run`, and name the table that it reads."""
    identity = run.load_environment()["identity"]
    track = WandbRun(
        mode=config.track.mode if active else "disabled",
        project=config.track.project,
        entity=config.track.entity,
        group=config.run,
        job_type=job_type,
        name=name,
        identity=compute_seal(identity.encode(), part.encode())[:12],
        config=flatten(config.model_dump(mode="json")) | {"seal": prepared.seal} | extra,
        tags=config.track.tags,
        notes=config.track.notes,
        best=_KEPT | {"score": "last"},
        directory=run.path,
        report=console.warn,
        sweeps=sweeps,
    )
    with _never_stopping():
        track.use(pack_table(config, prepared))
    return track


def summarize_scores(scores: Mapping[str, Any]) -> dict[str, float]:
    """From `scores.json`: mean and sd over folds, the out-of-fold scores and their interval."""
    folds = list(scores["folds"].values())
    figures: dict[str, float] = {"folds_scored": len(folds), "pictures": scores["pictures"]}
    for key in _SCORES:
        values = [fold[key] for fold in folds]
        figures[f"mean_{key}"] = statistics.mean(values)
        if len(values) > 1:
            figures[f"sd_{key}"] = statistics.stdev(values)
        figures[f"out_of_fold_{key}"] = scores["out_of_fold"][key]
    low, high = scores["out_of_fold"]["macro_f1_interval"]
    interval = {"out_of_fold_macro_f1_low": low, "out_of_fold_macro_f1_high": high}
    return {**figures, **interval, "score": scores["out_of_fold"]["macro_f1"]}


def measure_memory() -> dict[str, float]:
    """The most memory used so far, in MiB: of the GPU where there is one, else of this process."""
    import torch

    if torch.cuda.is_available():
        return {"cuda_peak_memory_mib": round(torch.cuda.max_memory_allocated() / 2**20, 1)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {"cpu_max_rss_mib": round(peak / unit, 1)}


class _RunningScore:
    """The mean, over the folds begun so far, of macro-F1 in the epoch that is best by `monitor`."""

    def __init__(self, monitor: str) -> None:
        self._monitor = monitor
        self._best: dict[int, tuple[float, float]] = {}  # by fold: how good, macro-F1

    def update(self, fold: int, row: Row) -> bool:
        """Note the scores of an epoch; False for a row that has none."""
        if self._monitor not in row or "macro_f1" not in row:
            return False
        good = -row[self._monitor] if self._monitor == "log_loss" else row[self._monitor]
        if fold not in self._best or good > self._best[fold][0]:
            self._best[fold] = (good, row["macro_f1"])
        return True

    def compute(self) -> float:
        return statistics.mean(score for _, score in self._best.values())


def _end_infer(track: WandbRun, run: RunFolder) -> None:
    if track.is_dark:
        return
    papers = json.loads((run.path / "submission.json").read_text(encoding="utf-8"))
    truth = papers.get("truth") or {}
    histogram = papers.get("histogram") or {}
    track.summarize(
        {f"truth_{key}": value for key, value in truth.items()}
        | {f"answers.{name}": count for name, count in histogram.items()}
        | {"unread": len(papers.get("unread") or ())}
    )
    track.save(pack_submission(run, {"truth": truth or None, "flip": papers.get("flip")}))


@contextmanager
def _never_stopping() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever the mirror meets, the stage goes on
        reason = " ".join(str(error).split())[:200]
        console.warn(f"Weights & Biases: {type(error).__name__}: {reason}; not mirrored")
