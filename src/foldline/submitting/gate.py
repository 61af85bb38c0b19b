"""The gate before a submission: finds answers that honest networks would hardly give.

Every check that rests on chance has the same two thresholds. A finding stops where fewer than 1 in
10,000 honest submissions would be so far off, and warns where fewer than 1 in 100 would. What an
honest submission looks like is drawn from the out-of-fold answers, by person: the pictures of one
person are not independent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldline.metrics.bootstrap import count_comparable, count_people_like, draw_sums
from foldline.metrics.counts import Labels, Probs, count_classes_by_person, number_people
from foldline.runs.out_of_fold import OutOfFold
from foldline.submitting.form import Finding

STOP_CHANCE, WARN_CHANCE = 1e-4, 1e-2
# enough that none of them beyond what is seen means a chance below STOP_CHANCE
_DRAWS = 20_000
# once so many lie beyond it, the chance is known to be far above WARN_CHANCE
_ENOUGH_BEYOND = 100


@dataclass(frozen=True)
class Reference:
    """Another run: its `name`, its `answers` `[n]` to the test pictures, and those out of fold.

    `agreed` `[M]` says whether the two runs agreed on each picture that both answered out of fold,
    and `groups` `[M]` who is in it; both are empty for a submission without out-of-fold answers.
    """

    name: str
    answers: Labels
    out_of_fold: OutOfFold
    agreed: npt.NDArray[np.bool_]
    groups: Sequence[str]


def check_probs(answers: Labels, probs: Probs, ids: Sequence[str]) -> Finding | None:
    """Check that each answer `[n]` is (one of) the most probable of its row in `probs` `[n, C]`."""
    chosen = np.take_along_axis(probs, answers[:, None], axis=1)[:, 0]
    other = np.flatnonzero(chosen < probs.max(axis=1))
    if not len(other):
        return None
    return Finding(
        "probs",
        "stop",
        f"{len(other)} of {len(answers)} answers are not the most probable class of probs.csv, "
        f"such as that of {ids[other[0]]}",
    )


def check_one_class(
    answers: Labels, known: OutOfFold, class_names: Sequence[str]
) -> Finding | None:
    """Check for the same answer throughout, unless so few people may all be of one class."""
    if len(set(answers.tolist())) > 1:
        return None
    shares = np.bincount(known.labels) / len(known.labels)
    chance = float((shares ** count_people(known, len(answers))).sum())
    if chance >= WARN_CHANCE:
        return None
    return Finding(
        "one class",
        "stop" if chance < STOP_CHANCE else "warn",
        f"every answer is {class_names[answers[0]]}",
    )


def check_histogram(answers: Labels, known: OutOfFold, class_names: Sequence[str]) -> Finding:
    """Check how far the shares of the classes are from those out of fold, and the chance of that.

    The distance is the total variation: the share of answers that would have to change. The
    null hypothesis: as many people as the test set has, drawn from those out of fold (a bootstrap
    by person, Efron and Tibshirani 1993, chapter 13, with one more person of any class for what has
    not been seen). Averaging networks moves the shares too, by no more than the networks of the
    folds differ among themselves: so much is allowed for.
    """
    num_classes = len(class_names)
    expected = _compute_shares(known.answers, num_classes)
    seen = _compute_shares(answers, num_classes)
    distance = float(_compute_distance(seen, expected))
    allowed = _compute_spread_of_networks(known, num_classes)
    counts = count_classes_by_person(number_people(known.groups), known.answers, num_classes)
    drawn = _draw_people(counts, count_people(known, len(answers)))
    closeness = (
        -_compute_distance(sums / sums.sum(axis=1, keepdims=True), expected) - allowed
        for sums in drawn
    )
    chance, _ = _compute_chance(-distance, closeness)
    odd = int(np.abs(seen - expected).argmax())
    return _judge(
        "histogram",
        chance,
        f"class shares: {distance:.0%} of the answers would have to be others to be as out of fold",
        reason=f"most of all {class_names[odd]}, {seen[odd]:.1%} here, {expected[odd]:.1%} there",
    )


def check_agreement(answers: Labels, reference: Reference, num_classes: int) -> Finding:
    """Check whether the run agrees with the reference less than their out-of-fold answers do.

    More is no fault: averaged networks agree more than single ones.
    """
    agreement = float((answers == reference.answers).mean())
    text = f"agrees with {reference.name} in {agreement:.0%} of the rows"
    by_luck = float(
        _compute_shares(answers, num_classes) @ _compute_shares(reference.answers, num_classes)
    )
    if not len(reference.agreed):
        return _check_agreement_by_luck(agreement, by_luck, text, reference, len(answers))
    people = number_people(reference.groups)
    counts = count_classes_by_person(people, reference.agreed.astype(np.int64), 2)
    drawn = _draw_people(counts, count_people(reference.out_of_fold, len(answers)))
    chance, rates = _compute_chance(agreement, (sums[:, 1] / sums.sum(axis=1) for sums in drawn))
    text += f"; out of fold in {reference.agreed.mean():.0%}, shuffled ones would in {by_luck:.0%}"
    if chance >= WARN_CHANCE and by_luck >= np.quantile(rates, WARN_CHANCE):
        return Finding("agreement", "note", f"{text}: too alike to tell shuffled answers by it")
    return _judge("agreement", chance, text, reason="are the answers those of other rows?")


def _check_agreement_by_luck(
    agreement: float, by_luck: float, text: str, reference: Reference, rows: int
) -> Finding:
    """Check without out-of-fold answers: is the agreement nearer to luck or to the truth?"""
    known = reference.out_of_fold
    right = float((known.answers == known.labels).mean())
    told = f"{text}; shuffled answers would in {by_luck:.0%}, the true ones in about {right:.0%}"
    # by people, as pictures of one are not independent; 3.7 standard deviations: 1e-4 on one side
    spread = 3.7 * np.sqrt(by_luck * (1 - by_luck) / count_people(known, rows))
    if right <= by_luck + 2 * spread:
        return Finding("agreement", "note", f"{told}: too alike to tell shuffled answers by it")
    if agreement <= by_luck + spread:
        return Finding("agreement", "stop", f"{told}; are the answers those of other rows?")
    return Finding("agreement", "note", told)


def count_people(known: OutOfFold, rows: int) -> int:
    """Return how many people `rows` test pictures show, judging by the training pictures."""
    return count_people_like(rows, len(known.labels), len(set(known.groups)))


def _judge(check: str, chance: float, text: str, *, reason: str) -> Finding:
    if chance < STOP_CHANCE:
        return Finding(check, "stop", f"{text} (chance below 1 in 10,000): {reason}")
    if chance < WARN_CHANCE:
        return Finding(check, "warn", f"{text} (chance {chance:.1g}): {reason}")
    return Finding(check, "note", f"{text} (chance {chance:.2g})")


def _compute_shares(classes: Labels, num_classes: int) -> Probs:
    return np.bincount(classes, minlength=num_classes) / len(classes)


def _compute_distance(shares: Probs, expected: Probs) -> Probs:
    """Return the total variation between `[…, C]` and `[C]`."""
    distance: Probs = np.abs(shares - expected).sum(axis=-1) / 2
    return distance


def _compute_spread_of_networks(known: OutOfFold, num_classes: int) -> float:
    """Return how much further the folds' class shares stray from the whole than by chance.

    People are assigned to folds anew 100 times, which keeps the people but not the networks.
    """
    parts = number_people([f"{k} {g}" for k, g in zip(known.folds, known.groups, strict=True)])
    counts = count_classes_by_person(parts, known.answers, num_classes)
    fold = np.empty(len(counts), dtype=np.int64)
    fold[parts] = np.unique(known.folds, return_inverse=True)[1]
    whole = counts.sum(axis=0) / counts.sum()

    def compute_widest(assigned: Labels) -> float:
        sums = np.eye(int(fold.max()) + 1)[assigned].T @ counts
        return float(_compute_distance(sums / sums.sum(axis=1, keepdims=True), whole).max())

    rng = np.random.default_rng(0)
    others = [compute_widest(rng.permutation(fold)) for _ in range(100)]
    return max(0.0, compute_widest(fold) - float(np.median(others)))


def _draw_people(counts: Probs, num_here: int) -> Iterator[Probs]:
    """Yield sums of samples that stray from `counts` as much as those of `num_here` people would.

    Beside the people of `counts` there is one more, all of whose pictures are of one class, any.
    """
    unseen = np.eye(counts.shape[1]) * counts.sum(axis=1).mean()
    num_drawn = count_comparable(num_here, len(counts))
    return draw_sums(counts, num_drawn, draws=_DRAWS, unseen=unseen)


def _compute_chance(seen: float, drawn: Iterator[Probs]) -> tuple[float, Probs]:
    """Return the share of draws as low as what is seen, itself counted as one, and the draws.

    Stops drawing once the share is known to be far above `WARN_CHANCE`.
    """
    pieces: list[Probs] = []
    beyond = 0
    for piece in drawn:
        pieces.append(piece)
        beyond += int((piece <= seen).sum())
        if beyond >= _ENOUGH_BEYOND:
            break
    draws = np.concatenate(pieces)
    return (1 + beyond) / (1 + len(draws)), draws
