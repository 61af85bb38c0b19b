"""Gather what is known beside a submission, ask the gate, and print what it found."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from foldline import console
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.metrics.counts import Probs
from foldline.runs.listing import find_references, warn_of_problems
from foldline.runs.out_of_fold import OutOfFold
from foldline.runs.record import RunRecord
from foldline.runs.submission import Submission, number_answers
from foldline.submitting.form import Finding, check_form
from foldline.submitting.gate import (
    Reference,
    check_agreement,
    check_histogram,
    check_one_class,
    check_probs,
)

Rows = npt.NDArray[np.bool_]


def inspect(
    given: Submission,
    prepared: Prepared,
    *,
    owner: RunRecord | None,
    probs: Probs | None = None,
    unread: Sequence[str] = (),
) -> list[Finding]:
    """Return all findings about `given` before it is submitted; warn of damaged runs.

    `owner` is the run it comes from, if any; `probs` `[n, C]` are in the order of the sample file,
    and `unread` are ids whose picture no network looked at; without `probs` both are what `owner`
    recorded. The answers are only checked where the form is right, as an answer of an unknown id
    means nothing.
    """
    ids = prepared.test["id"].astype(str).tolist()
    faults = check_form(
        given, columns=prepared.submission_columns, ids=ids, values=prepared.submission_values
    )
    if any(fault.check in ("ids", "count", "order", "values") for fault in faults):
        return faults
    if probs is None and owner:
        probs = owner.probs.select(ids) if owner.probs else None
        unread = owner.submission.unread if owner.submission else ()
    findings = list(faults)
    answers = number_answers(given.answers, prepared.submission_values)
    if probs is None or probs.shape[1] != len(prepared.class_names):
        text = "no probs.csv of these ids and classes to compare with"
        findings.append(Finding("probs", "note", text))
    elif other := check_probs(answers, probs, ids):
        findings.append(other)
    read = ~np.isin(ids, list(unread))
    if not read.any():
        return findings
    others = find_references(prepared.seal, besides=owner.path if owner else None)
    findings += _check_shares(answers[read], prepared, owner, others)
    findings.append(_check_agreement(answers, read, prepared, owner, others))
    warn_of_problems([*([owner] if owner else []), *others])
    return findings


def judge(path: Path, findings: Sequence[Finding], *, force: bool, hint: str = "") -> list[str]:
    """Print what was found and, with `force`, what is overridden, which is returned.

    Raises `UserError` with a line for each fault, unless `force`, and `hint` as the last.
    """
    for finding in findings:
        if finding.level == "warn":
            console.warn(f"{path}: {finding.message}")
    faults = [finding.message for finding in findings if finding.level == "stop"]
    if faults and not force:
        lines = [f"{path}: {fault}" for fault in faults]
        raise UserError(*lines, *([hint] if hint else []))
    for fault in faults:
        console.warn(f"{path}: overridden: {fault}")
    for finding in findings:
        if finding.level == "note":
            console.log(f"gate: {finding.message}")
    return faults


def _check_shares(
    answers: npt.NDArray[np.int64],
    prepared: Prepared,
    owner: RunRecord | None,
    others: Sequence[RunRecord],
) -> list[Finding]:
    """Check against the run's own out-of-fold answers, else those of the best other run."""
    for one in [*([owner] if owner else []), *others]:
        out_of_fold = one.out_of_fold
        if out_of_fold is None:
            continue
        if constant := check_one_class(answers, out_of_fold, prepared.class_names):
            return [constant]
        finding = check_histogram(answers, out_of_fold, prepared.class_names)
        whose = "" if one is owner else f" (those of {one.name}, for want of its own)"
        return [replace(finding, message=finding.message + whose)]
    text = "class shares: no out-of-fold answers to compare with"
    return [Finding("histogram", "note", text)]


def _check_agreement(
    answers: npt.NDArray[np.int64],
    read: Rows,
    prepared: Prepared,
    owner: RunRecord | None,
    others: Sequence[RunRecord],
) -> Finding:
    """Check against the best other run with the same ids and, out of fold, the same pictures."""
    ids = prepared.test["id"].astype(str).tolist()
    values = {str(value) for value in prepared.submission_values}
    own = owner.out_of_fold if owner else None
    for other in others:
        if other.answers is None or other.out_of_fold is None:
            continue
        theirs = dict(zip(other.answers.ids, other.answers.answers, strict=True))
        if theirs.keys() != set(ids) or not set(theirs.values()) <= values:
            continue
        agreed, groups = _compare(own, other.out_of_fold)
        if own is not None and not len(agreed):
            continue
        reference = Reference(
            name=other.name,
            answers=number_answers([theirs[one] for one in ids], prepared.submission_values)[read],
            out_of_fold=other.out_of_fold,
            agreed=agreed,
            groups=groups,
        )
        return check_agreement(answers[read], reference, len(prepared.class_names))
    text = "no earlier submission of another run on this table: mixed-up rows would not be noticed"
    return Finding("agreement", "note", text)


def _compare(own: OutOfFold | None, other: OutOfFold) -> tuple[Rows, list[str]]:
    """Return whether the two agreed on each picture that both answered, and whose it is."""
    if own is None:
        return np.zeros(0, dtype=bool), []
    ours, theirs = (one.table[["path", "group"]].assign(answer=one.answers) for one in (own, other))
    both = ours.merge(theirs, on="path")
    agreed = (both["answer_x"] == both["answer_y"]).to_numpy(dtype=bool)
    return agreed, both["group_x"].tolist()
