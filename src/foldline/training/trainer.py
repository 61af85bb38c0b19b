"""One fold: from its pictures to `best.pt` and `oof.csv`."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn

from foldline import console
from foldline.config import Config
from foldline.data.bad_pictures import BadPictures
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.learning.checkpoint import load_checkpoint
from foldline.learning.durations import compute_steps, plan_validations
from foldline.learning.loss import build_loss
from foldline.learning.networks.freezing import learns_batch_norm
from foldline.learning.optimizer import build_optimizer
from foldline.learning.predictor import OnBatch, Predictor, Rows, ignore_progress
from foldline.learning.runtime import Runtime
from foldline.learning.schedule import Schedule, build_schedule
from foldline.learning.stopping import BestTracker
from foldline.metrics.counts import Probs
from foldline.metrics.metric import compute_scores
from foldline.runs.metrics_log import save_metrics
from foldline.runs.out_of_fold import build_out_of_fold, save_out_of_fold
from foldline.runs.paths import FoldFolder
from foldline.tracking.tracker import Tracker
from foldline.training.batches import (
    build_train_batches,
    build_valid_transform,
    choose_train_rows,
    name_classes,
)
from foldline.training.files import (
    Progress,
    Row,
    describe_network,
    load_last,
    name_kept,
    save_last,
    save_network,
)
from foldline.training.loop import train_epoch
from foldline.training.start import build_network, seed_everything

# what half precision and the order of sums may change in a log loss
_SCORE_TOLERANCE = 0.01


class NothingSavedError(UserError):
    """A fold was trained to its end and no validation was good enough to be saved."""


class FoldTrainer:
    """Train one fold, or go on with it: the components it learns with, and its progress."""

    def __init__(
        self,
        config: Config,
        prepared: Prepared,
        fold: int,
        folder: FoldFolder,
        *,
        runtime: Runtime,
        tracker: Tracker,
    ) -> None:
        settings = config.train
        self.settings, self.seed, self.root = settings, config.seed, config.data.root
        self.prepared, self.fold, self.folder = prepared, fold, folder
        self.runtime, self.tracker = runtime, tracker
        self.train_rows = choose_train_rows(prepared, fold)
        self.valid_rows = prepared.train[prepared.train["fold"] == fold]
        if self.train_rows.empty or self.valid_rows.empty:
            raise UserError(
                f"fold {fold}: no pictures to train on or to validate; see folds.number"
            )

        seed_everything(config.seed, fold, 0)
        # a fold that goes on has its weights in last.pt
        network = build_network(config, prepared, fold, load=not folder.last.is_file())
        self.order, self.train_batches = build_train_batches(
            config, self.train_rows, fold, runtime, at_least=2 if learns_batch_norm(network) else 1
        )
        self.steps_per_epoch = -(-len(self.order) // settings.accumulate)
        self.model, self.optimizer, self.schedule = self._build_learning(network)
        # without what wraps it for several processes
        self.network: nn.Module = runtime.accelerator.unwrap_model(self.model)
        labels = self.train_rows["train_label"].to_numpy(dtype=np.int64)
        counts = np.bincount(labels, minlength=len(prepared.class_names)).tolist()
        criterion = build_loss(counts=counts, **settings.loss.model_dump())
        self.criterion = criterion.to(runtime.accelerator.device)
        self.predictor = Predictor([self.network], build_valid_transform(config), runtime)
        self.valid_batches = self.predictor.build_batches(
            self.root, self.valid_rows["path"].tolist(), batch_size=settings.batch_size
        )
        validation = settings.validation
        self.plan_validations = partial(
            plan_validations,
            epochs=settings.epochs,
            steps_per_epoch=self.steps_per_epoch,
            every=compute_steps(validation.every, steps_per_epoch=self.steps_per_epoch),
            from_epoch=validation.from_epoch,
        )
        self.best = BestTracker(
            settings.monitor, settings.patience, settings.min_improvement, validation.floor
        )
        self.bad = BadPictures(config.data.on_bad_image)
        self.description = describe_network(config, prepared, fold)
        self.progress = Progress()
        self.bar = console.Bar()

    def _build_learning(self, network: nn.Module) -> tuple[nn.Module, Any, Schedule]:
        """Return the model, its optimizer and its schedule as accelerate wants them."""
        layout = torch.channels_last if self.runtime.channels_last else torch.contiguous_format
        network = network.to(memory_format=layout)
        settings = self.settings
        optimizer = build_optimizer(network.parameters(), **settings.optimizer.model_dump())
        schedule = build_schedule(
            optimizer,
            **settings.schedule.model_dump(),
            epochs=settings.epochs,
            steps_per_epoch=self.steps_per_epoch,
        )
        return (*self.runtime.accelerator.prepare(network, optimizer), schedule)

    def fit(self) -> None:
        """Train until patience or epochs end, then write `oof.csv`.

        Raises `NonFiniteLossError` with the files of the last good epoch in place, and
        `NothingSavedError` where no validation reached the floor.
        """
        self.resume()
        with console.progress(f"fold {self.fold}", self._count_pictures()) as self.bar:
            while self._goes_on():
                epoch = self.progress.epochs_done + 1
                for row in self.train_epoch(epoch):
                    self.save_if_best(row)
                    epochs = {"epoch": row["step"] / self.steps_per_epoch}
                    self.tracker.log(row | epochs, step=row["step"])
                self.schedule.after_epoch(self.best)
                self.progress.epochs_done = epoch
                save_last(self.folder.last, self.components, self.progress, self.runtime)
        self.write_out_of_fold()
        learned_from = name_classes(self.train_rows, self.root, self.prepared)
        self.bad.report(f"fold {self.fold}", learned_from)

    def resume(self) -> None:
        """Go on from `last.pt`, where there is one."""
        load_last(self.folder.last, self.components, self.progress, self.runtime, self._goes_on)

    def _goes_on(self) -> bool:
        """Return whether there are epochs to train, and patience has not ended them."""
        return self.progress.epochs_done < self.settings.epochs and not self.best.should_stop

    def train_epoch(self, epoch: int) -> Iterator[Row]:
        """Train once over the fold's pictures; yield a row of figures at each validation."""
        # an epoch's chance depends on its number alone, so that a fold that goes on repeats nothing
        seed_everything(self.seed, self.fold, epoch, self.runtime.rank)
        self.order.epoch = epoch
        batches = self.bad.watch(self.train_batches)
        planned = self.plan_validations(epoch)
        step = 0
        for stop in sorted({*planned, self.steps_per_epoch}):
            started, lr = time.monotonic(), self.schedule.lr
            on_batch = self._follow(epoch)
            ends = stop == self.steps_per_epoch
            part = batches if ends else islice(batches, (stop - step) * self.settings.accumulate)
            trained = train_epoch(
                self.model,
                part,
                criterion=self.criterion,
                optimizer=self.optimizer,
                after_step=self.schedule.after_step,
                accelerator=self.runtime.accelerator,
                accumulate=self.settings.accumulate,
                clip_norm=self.settings.clip_norm,
                channels_last=self.runtime.channels_last,
                first_step=step + 1,
                on_batch=on_batch,
            )
            step = stop
            scores = None
            # where patience ends the training, its end is validated too
            if trained.steps and (stop in planned or (ends and self.best.should_stop)):
                scores, _, _ = self.validate(self.predictor, on_batch)
            self.progress.add(trained, time.monotonic() - started)
            if scores is not None:
                total = (epoch - 1) * self.steps_per_epoch + step
                yield self.progress.report({"epoch": epoch, "step": total, "lr": lr}, scores)

    def validate(
        self, predictor: Predictor, on_batch: OnBatch = ignore_progress
    ) -> tuple[dict[str, float], Rows, Probs]:
        """Return scores against the official labels, and the rows with their probabilities."""
        # reading pictures draws from it: how often is validated must not change what is learned
        chance = torch.get_rng_state()
        rows, probs = predictor.predict(self.bad.watch(self.valid_batches), on_batch=on_batch)
        torch.set_rng_state(chance)
        if not len(rows):
            raise UserError(f"fold {self.fold}: none of its validation pictures could be read")
        labels = self.valid_rows["label"].to_numpy(dtype=np.int64)[rows]
        return compute_scores(labels, probs[0]), rows, probs[0]

    def save_if_best(self, row: Row) -> None:
        """Note a validation, and write the network to where it is to be kept.

        `best.pt` where it is the best, and with `train.keep=every` a file of its own, unless its
        score lies below the floor.
        """
        score = row[self.settings.monitor]
        row["is_best"] = self.best.update(row["epoch"], score)
        self.progress.history.append(row)
        paths = [self.folder.best] if row["is_best"] else []
        if self.settings.keep == "every" and self.best.reaches_floor(score):
            paths.append(name_kept(self.folder, row, self.steps_per_epoch))
        if self.runtime.is_main:
            save_network(paths, self.network, row, self.description)
            save_metrics(self.folder.metrics, self.progress.history)

    @property
    def components(self) -> dict[str, Any]:
        """What has learned so far, under its keys in `last.pt`."""
        return {
            "model": self.network,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "scaler": self.runtime.accelerator.scaler,
            "tracker": self.best,
        }

    def write_out_of_fold(self) -> None:
        """Answer the validation fold by `best.pt` as it lies on disk, and write `oof.csv`."""
        if not self.best.has_saved:
            raise NothingSavedError(
                f"fold {self.fold}: {self.settings.monitor} never reached train.validation.floor "
                f"{self.best.floor}, its best was {self.best.best_score:.3f}; no best.pt is saved; "
                "take another floor under another run name"
            )
        self.runtime.accelerator.wait_for_everyone()
        if self.runtime.is_main:  # a kill may have come just before
            save_metrics(self.folder.metrics, self.progress.history)
        checkpoint = load_checkpoint(self.folder.best)
        predictor = Predictor.from_checkpoints([checkpoint], self.runtime)
        scores, rows, probs = self.validate(predictor)
        if abs(scores["log_loss"] - checkpoint.scores["log_loss"]) > _SCORE_TOLERANCE:
            console.warn(
                f"{self.folder.best} has log loss {scores['log_loss']:.3f}, but had "
                f"{checkpoint.scores['log_loss']:.3f} while training; have pictures changed?"
            )
        if self.runtime.is_main:
            valid_rows, names = self.valid_rows.iloc[rows], self.prepared.class_names
            save_out_of_fold(self.folder.oof, build_out_of_fold(valid_rows, probs, names))
        self.tracker.summarize({f"best_{key}": value for key, value in scores.items()})

    def _count_pictures(self) -> int:
        """Count the pictures that are still to be looked at, for the bar."""
        epochs = range(self.progress.epochs_done + 1, self.settings.epochs + 1)
        validations = sum(len(self.plan_validations(epoch)) for epoch in epochs)
        return len(epochs) * self.order.size + validations * len(self.valid_rows)

    def _follow(self, epoch: int) -> OnBatch:
        """Return what moves the bar on after each batch and notes epoch, best score and loss."""
        score = self.best.best_score
        stem = f"epoch {epoch}/{self.settings.epochs}"
        stem += f"  best {score:.3f}" if score is not None else ""

        def on_batch(count: int, note: str) -> None:
            self.bar.advance(count * self.runtime.world)
            self.bar.note(f"{stem}  {note}")

        return on_batch
