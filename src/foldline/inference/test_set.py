"""Average the folds of a run over the test pictures and write a submission."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from foldline import console
from foldline.command_line import repeat
from foldline.config import Config
from foldline.data.bad_pictures import BadPictures
from foldline.data.competition.test_set import UNREADABLE
from foldline.data.dataset import ImageDataset
from foldline.data.prepared import Prepared, load_prepared
from foldline.data.transforms import build_eval_transform
from foldline.errors import UserError
from foldline.files import compute_sha256, is_folder, write_json
from foldline.inference.announce import announcing
from foldline.learning.checkpoint import Checkpoint, load_checkpoint
from foldline.learning.engine import predict
from foldline.learning.runtime import Runtime, build_ordered_batches, open_runtime
from foldline.learning.shared_backbone import build_networks
from foldline.metrics.bootstrap import compute_interval
from foldline.metrics.counts import Probs
from foldline.metrics.metric import METRICS, compute_scores
from foldline.runs.begin import choose_folds, require_run
from foldline.runs.paths import RunFolder
from foldline.runs.record import RunRecord
from foldline.runs.submission import Submission, compute_answers, save_submission
from foldline.runs.table_settings import check_sample_file, check_settings
from foldline.submitting.gatekeeper import inspect, judge
from foldline.submitting.truth import load_truth
from foldline.tables import write_frame
from foldline.text import count_and_name
from foldline.tracking.inference import mirror_infer


@dataclass(frozen=True)
class Answers:
    """`probs` `[N, C]` in submission order; `unread` are the ids whose picture cannot be read."""

    probs: Probs
    unread: tuple[str, ...]


def run_infer(config: Config, *, force: bool = False) -> None:
    """Read each test picture once, ask every fold's best network, average, check, and write.

    Writes `submission.csv`, `probs.csv` and `submission.json` into the run's folder. What the gate
    stops is written only with `force`.
    """
    prepared = load_prepared(config.prepared_dir)
    check_settings(prepared, config)
    check_sample_file(prepared)
    if prepared.test.empty:
        raise UserError(f"{config.prepared_dir}/test.csv: no test pictures; see data.test_dir")
    if not (prepared.test["path"] != "").any():
        raise UserError(
            f"{config.prepared_dir}/test.csv: no test picture can be read, as its column problem "
            "says; see data.test_dir"
        )
    truth = load_truth(config.infer.truth, prepared) if config.infer.truth else None
    run = require_run(config, prepared)
    if not is_folder(config.data.root):
        raise UserError(f"{config.data.root}: the folder of pictures, data.root, is not there")
    checkpoints = _load_checkpoints(config, prepared, run)
    runtime = open_runtime(**config.train.runtime)
    console.heading(
        f"infer {config.run}: {len(prepared.test)} pictures, "
        f"folds {', '.join(str(checkpoint.fold) for checkpoint in checkpoints)}"
        f"{', mirrored too' if config.infer.flip else ''}, {runtime.describe()}"
    )
    folds = [checkpoint.fold for checkpoint in checkpoints]
    with mirror_infer(config, prepared, run, folds, active=runtime.is_main):
        answers = _answer(config, prepared, checkpoints, runtime)
        if not runtime.is_main:
            return
        _warn_about_unread(answers, prepared)
        scores = _score(truth, answers) if truth is not None else None
        _write(
            prepared,
            run,
            checkpoints=checkpoints,
            answers=answers,
            scores=scores,
            flip=config.infer.flip,
            force=force,
        )


def _load_checkpoints(config: Config, prepared: Prepared, run: RunFolder) -> list[Checkpoint]:
    """All finished folds, or those of `infer.folds`; every one of the sealed table and alike."""
    folds = choose_folds("infer.folds", config.infer.folds, prepared.num_folds)
    done = [fold for fold in range(prepared.num_folds) if run.fold(fold).is_finished]
    missing = [fold for fold in folds if not run.fold(fold).best.is_file()]
    if config.infer.folds is None:
        missing = [fold for fold in folds if fold not in done]
    if missing:
        unlimited = {"train.folds": "null"} if config.train.folds else {}
        some = repeat("infer", changed={"infer.folds": str(done)})
        hint = f"; or answer with some of the folds only: {some}" if done else ""
        raise UserError(
            f"{run.path}: folds {', '.join(map(str, missing))} are not trained to the end; "
            f"first: {repeat('train', changed=unlimited)}{hint}"
        )
    for fold in set(folds) - set(done):
        console.warn(f"fold {fold} is not trained to the end; its best epoch so far answers")
    checkpoints = [load_checkpoint(run.fold(fold).best) for fold in folds]
    for checkpoint in checkpoints:
        if checkpoint.seal != prepared.seal:
            raise UserError(
                f"{run.fold(checkpoint.fold).best} was trained on the table sealed "
                f"{checkpoint.seal[:12]}, not on {prepared.seal[:12]}; train it again"
            )
        if checkpoint.eval_transform != checkpoints[0].eval_transform:
            raise UserError(f"{run.path}: its folds look at pictures differently; train them again")
    return checkpoints


def _answer(
    config: Config, prepared: Prepared, checkpoints: Sequence[Checkpoint], runtime: Runtime
) -> Answers:
    paths = prepared.test["path"]
    there = np.flatnonzero(paths != "")
    transform = build_eval_transform(**checkpoints[0].eval_transform)
    dataset = ImageDataset(
        config.data.root, [paths.iloc[row] for row in there], [0] * len(there), transform
    )
    accelerator = runtime.accelerator
    batches = build_ordered_batches(dataset, config.infer.batch_size, runtime)
    bad = BadPictures(config.data.on_bad_image)
    with console.progress("infer", len(there)) as bar:
        rows, probs = predict(
            [network.to(accelerator.device) for network in build_networks(checkpoints)],
            bad.watch(batches),
            accelerator=accelerator,
            flip=config.infer.flip,
            channels_last=runtime.channels_last,
            on_batch=lambda count, note: bar.advance(count * accelerator.num_processes),
        )
    if not len(rows):
        raise UserError(f"{config.data.root}: none of the test pictures could be read")
    # a picture nobody can read is answered by how frequent each class is
    counts = np.bincount(
        prepared.train["label"].to_numpy(dtype=np.int64), minlength=len(prepared.class_names)
    )
    filled = np.tile(counts / counts.sum(), (len(prepared.test), 1))
    answered = there[rows]
    filled[answered] = probs.mean(axis=0)
    unread = np.delete(prepared.test["id"].to_numpy(), answered)
    return Answers(filled, tuple(str(one) for one in unread))


def _warn_about_unread(answers: Answers, prepared: Prepared) -> None:
    """Say which test pictures nobody looked at, by what is wrong with them."""
    if not answers.unread:
        return
    most_frequent = np.bincount(prepared.train["label"].to_numpy(dtype=np.int64)).argmax()
    problems = dict(zip(prepared.test["id"], prepared.test["problem"], strict=True))
    by_problem: dict[str, list[str]] = {}
    for one in answers.unread:
        # one that prepare could read is broken since
        by_problem.setdefault(problems[one] or UNREADABLE, []).append(one)
    for problem, ids in sorted(by_problem.items()):
        console.warn(
            f"test pictures that are {problem}, answered by the most frequent class, "
            f"{prepared.class_names[most_frequent]}: {count_and_name(ids)}"
        )


def _write(
    prepared: Prepared,
    run: RunFolder,
    *,
    checkpoints: Sequence[Checkpoint],
    answers: Answers,
    scores: dict[str, float] | None,
    flip: bool,
    force: bool,
) -> None:
    ids = prepared.test["id"].astype(str).tolist()
    chosen = compute_answers(answers.probs)
    values = [prepared.submission_values[answer] for answer in chosen]
    path = run.path / "submission.csv"
    findings = inspect(
        Submission(prepared.submission_columns, ids, [str(value) for value in values]),
        prepared,
        owner=RunRecord(run),
        probs=answers.probs,
        unread=answers.unread,
    )
    hint = f"{path}: not written; all the same by: {repeat('infer', flags=['--force'])}"
    overridden = judge(path, findings, force=force, hint=hint)
    with announcing(path, len(ids)):
        table = pd.DataFrame(answers.probs, columns=[f"p_{name}" for name in prepared.class_names])
        table.insert(0, prepared.submission_columns[0], ids)
        write_frame(run.path / "probs.csv", table)
        save_submission(path, columns=prepared.submission_columns, ids=ids, answers=values)
        write_json(
            run.path / "submission.json",
            {
                "submission_sha256": compute_sha256(path.read_bytes()),
                "seal": prepared.seal,
                "rows": len(ids),
                "checkpoints": [
                    {
                        "path": str(run.fold(one.fold).best),
                        "sha256": compute_sha256(run.fold(one.fold).best.read_bytes()),
                        "weight": 1 / len(checkpoints),
                        "fold": one.fold,
                        "epoch": one.epoch,
                        "scores": one.scores,
                    }
                    for one in checkpoints
                ],
                "flip": flip,
                "unread": list(answers.unread),
                "histogram": _count_classes(prepared, chosen.tolist()),
                "truth": scores,
                "overridden": overridden,
            },
        )


def _count_classes(prepared: Prepared, answers: Sequence[int]) -> dict[str, int]:
    counts = Counter(answers)
    return {name: counts[number] for number, name in enumerate(prepared.class_names)}


def _score(truth: pd.DataFrame, answers: Answers) -> dict[str, float]:
    """Print the score as a leaderboard would give it."""
    labels = truth["label"].to_numpy(dtype=np.int64)
    scores = compute_scores(labels, answers.probs)
    by = "person" if "group" in truth else "picture"
    groups = truth["group" if "group" in truth else "id"].astype(str).tolist()
    low, high = compute_interval(METRICS["macro_f1"], labels, answers.probs, groups)
    console.say(
        f"against the truth: macro-F1 {scores['macro_f1']:.3f} "
        f"(95 % by {by} {low:.3f} to {high:.3f}), accuracy {scores['accuracy']:.3f}"
    )
    return scores
