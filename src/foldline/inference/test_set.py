"""Average the folds of a run over the test pictures and write a submission."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from foldline import console
from foldline.command_line import repeat
from foldline.config import Config
from foldline.data.bad_pictures import BadPictures
from foldline.data.competition.test_set import UNREADABLE
from foldline.data.prepared import Prepared, load_prepared
from foldline.errors import UserError
from foldline.files import compute_sha256, write_json
from foldline.learning.checkpoint import Checkpoint, load_checkpoint
from foldline.learning.predictor import Predictor, Rows
from foldline.learning.runtime import open_runtime
from foldline.metrics.bootstrap import compute_interval
from foldline.metrics.counts import Probs
from foldline.metrics.metric import METRICS, Metric, compute_scores
from foldline.runs.begin import choose_folds, require_run
from foldline.runs.paths import RunFolder
from foldline.runs.record import RunRecord
from foldline.runs.submission import (
    Submission,
    SubmissionProbs,
    compute_answers,
    save_probs,
    save_submission,
)
from foldline.runs.table_settings import check_sample_file, check_settings
from foldline.submitting.gatekeeper import inspect, judge
from foldline.submitting.truth import load_truth
from foldline.tables import log_written
from foldline.text import count_and_name
from foldline.tracking.inference import track_inference


def run_infer(config: Config, *, force: bool = False) -> None:
    """Read each test picture once, ask every fold's best network, average, check, and write.

    Writes `submission.csv`, `probs.csv` and `submission.json` into the run's folder. What the gate
    stops is written only with `force`.
    """
    prepared = load_prepared(config.prepared_dir)
    check_settings(prepared, config)
    check_sample_file(prepared)
    there = find_test_pictures(config, prepared)
    truth = load_truth(config.infer.truth, prepared) if config.infer.truth else None
    run = require_run(config, prepared)
    checkpoints = _load_checkpoints(config, prepared, run)
    runtime = open_runtime(**config.train.runtime)
    folds = [checkpoint.fold for checkpoint in checkpoints]
    console.heading(
        f"infer {config.run}: {len(prepared.test)} pictures, folds {', '.join(map(str, folds))}"
        f"{', mirrored too' if config.infer.flip else ''}, {runtime.describe()}"
    )
    with track_inference(config, prepared, run, folds, active=runtime.is_main):
        views = ("none", "flip") if config.infer.flip else ("none",)
        predictor = Predictor.from_checkpoints(checkpoints, runtime, views=views)
        probs, unread = _predict(config, prepared, predictor, there)
        if not runtime.is_main:
            return
        _warn_about_unread(unread, prepared)
        scores = _score(truth, probs, RunRecord(run).metric) if truth is not None else None
        flip = config.infer.flip
        _write(prepared, run, checkpoints, probs, unread, scores=scores, flip=flip, force=force)


def find_test_pictures(config: Config, prepared: Prepared) -> Rows:
    """Return the rows of the readable test pictures. Raises `UserError` where there are none."""
    if prepared.test.empty:
        raise UserError(f"{config.prepared_dir}/test.csv: no test pictures; see data.test_dir")
    there: Rows = np.flatnonzero(prepared.test["path"] != "")
    if not len(there):
        raise UserError(
            f"{config.prepared_dir}/test.csv: no test picture can be read, as its column problem "
            "says; see data.test_dir"
        )
    return there


def _load_checkpoints(config: Config, prepared: Prepared, run: RunFolder) -> list[Checkpoint]:
    """Load the best network of all folds or of `infer.folds`.

    Raises `UserError` unless all were trained on the sealed table and look at pictures alike.
    """
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
        checkpoint.check_seal(prepared.seal, path=run.fold(checkpoint.fold).best)
        if checkpoint.eval_transform != checkpoints[0].eval_transform:
            raise UserError(f"{run.path}: its folds look at pictures differently; train them again")
    return checkpoints


def _predict(
    config: Config, prepared: Prepared, predictor: Predictor, there: Rows
) -> tuple[Probs, list[str]]:
    """Average the networks' probabilities of the test pictures in the rows `there`.

    Returns them `[N, C]` in submission order, and the ids whose picture cannot be read.
    """
    with console.progress("infer", len(there)) as bar:
        rows, probs = predictor.answer(
            config.data.root,
            prepared.test["path"].iloc[there].tolist(),
            batch_size=config.infer.batch_size,
            bad=BadPictures(config.data.on_bad_image),
            bar=bar,
        )
    # an unreadable picture is answered by how frequent each class is
    counts = np.bincount(
        prepared.train["label"].to_numpy(dtype=np.int64), minlength=len(prepared.class_names)
    )
    filled = np.tile(counts / counts.sum(), (len(prepared.test), 1))
    answered = there[rows]
    filled[answered] = probs.mean(axis=0)
    return filled, prepared.test["id"].drop(answered).astype(str).tolist()


def _warn_about_unread(unread: Sequence[str], prepared: Prepared) -> None:
    """Warn of the test pictures that were not looked at, grouped by their problem."""
    most_frequent = np.bincount(prepared.train["label"].to_numpy(dtype=np.int64)).argmax()
    problems = dict(zip(prepared.test["id"], prepared.test["problem"], strict=True))
    by_problem: dict[str, list[str]] = {}
    for one in unread:
        # a picture that prepare could read was damaged later
        by_problem.setdefault(problems[one] or UNREADABLE, []).append(one)
    for problem, ids in sorted(by_problem.items()):
        console.warn(
            f"test pictures that are {problem}, answered by the most frequent class, "
            f"{prepared.class_names[most_frequent]}: {count_and_name(ids)}"
        )


def _write(
    prepared: Prepared,
    run: RunFolder,
    checkpoints: Sequence[Checkpoint],
    probs: Probs,
    unread: Sequence[str],
    *,
    scores: Mapping[str, float] | None,
    flip: bool,
    force: bool,
) -> None:
    """Check the submission; write it, `probs.csv` and `submission.json`."""
    ids = prepared.test["id"].astype(str).tolist()
    chosen = compute_answers(probs)
    counts = np.bincount(chosen, minlength=len(prepared.class_names)).tolist()
    values = [prepared.submission_values[answer] for answer in chosen]
    path = run.submission
    findings = inspect(
        Submission(prepared.submission_columns, ids, [str(value) for value in values]),
        prepared,
        owner=RunRecord(run),
        probs=probs,
        unread=unread,
    )
    hint = f"{path}: not written; all the same by: {repeat('infer', flags=['--force'])}"
    overridden = judge(path, findings, force=force, hint=hint)
    with log_written(path, len(ids)):
        id_column = prepared.submission_columns[0]
        save_probs(run.probs, SubmissionProbs(id_column, ids, prepared.class_names, probs))
        save_submission(path, columns=prepared.submission_columns, ids=ids, answers=values)
        write_json(
            run.submission_record,
            {
                "submission_sha256": compute_sha256(path.read_bytes()),
                "seal": prepared.seal,
                "rows": len(ids),
                "checkpoints": [_describe(one, run, 1 / len(checkpoints)) for one in checkpoints],
                "flip": flip,
                "unread": unread,
                "histogram": dict(zip(prepared.class_names, counts, strict=True)),
                "truth": scores,
                "overridden": overridden,
            },
        )


def _describe(checkpoint: Checkpoint, run: RunFolder, weight: float) -> dict[str, Any]:
    path = run.fold(checkpoint.fold).best
    return {
        "path": str(path),
        "sha256": compute_sha256(path.read_bytes()),
        "weight": weight,
        "fold": checkpoint.fold,
        "epoch": checkpoint.epoch,
        "scores": checkpoint.scores,
    }


def _score(truth: pd.DataFrame, probs: Probs, metric: Metric) -> dict[str, float]:
    """Return the scores against the truth, and print them as a leaderboard would."""
    labels = truth["label"].to_numpy(dtype=np.int64)
    scores = compute_scores(labels, probs)
    by = "person" if "group" in truth else "picture"
    groups = truth["group" if "group" in truth else "id"].astype(str).tolist()
    low, high = compute_interval(metric, labels, probs, groups)
    others = ", ".join(
        f"{other.title} {scores[key]:.3f}"
        for key, other in METRICS.items()
        if other != metric and other.needs == "answers"  # a submission has no more
    )
    console.log(
        f"against the truth: {metric.title} {scores[metric.key]:.3f} "
        f"(95 % by {by} {low:.3f} to {high:.3f}), {others}"
    )
    return scores
