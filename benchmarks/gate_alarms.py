"""How often the gate stops or warns of honest submissions, and how often it finds spoilt ones.

    PYTHONPATH=. .venv/bin/python -m benchmarks.gate_alarms --competitions 100

Draws competitions, and two runs in each (`benchmarks/drawn_answers.py`); one is checked against its
out-of-fold answers and against the other run, first as it is and then spoilt.
"""

import argparse
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd
from benchmarks.drawn_answers import Drawn, Floats, Labels, Skill, draw_competition, draw_run

from foldline import console
from foldline.metrics.metric import METRICS
from foldline.runs.out_of_fold import OutOfFold, build_out_of_fold
from foldline.submitting.gate import (
    Reference,
    check_agreement,
    check_histogram,
    check_one_class,
)

NAMES = [str(number) for number in range(18)]
# people to train on, people to be tested on, folds
SIZES = ((120, 60, 3), (600, 400, 5), (2700, 1800, 5))
SKILLS = {"poor": Skill(signal=2.5, liking=1.0), "fair": Skill(), "good": Skill(signal=7)}
LEVELS = ("stop", "warn", "note")


def spoil(answers: Labels, seed: int) -> Iterator[tuple[str, Labels]]:
    """The same answers as they are, and as mistakes leave them."""
    rng = np.random.default_rng(seed)
    yield "honest", answers
    yield "shuffled", rng.permutation(answers)
    yield "reversed", answers[::-1]
    yield "one class", np.full_like(answers, 4)
    yield "any class", rng.integers(0, 18, len(answers))
    yield "classes in another order", (answers % 6) * 3 + answers // 6


def know(drawn: Drawn, out_of_fold: Floats) -> OutOfFold:
    names = [f"{number:05d}" for number in range(len(drawn.labels))]
    rows = {"path": names, "group": drawn.groups, "fold": drawn.folds, "label": drawn.labels}
    table = pd.DataFrame({**rows, "train_label": drawn.labels})
    return build_out_of_fold(table, out_of_fold, NAMES)


def check(drawn: Drawn, seed: int, skill: Skill) -> Iterator[tuple[str, str, str]]:
    """What was done to the answers, which check, which level."""
    own, answers = draw_run(drawn, 2 * seed, skill)
    other, reference_answers = draw_run(drawn, 2 * seed + 1, skill)
    known = know(drawn, own)
    agreed = own.argmax(axis=1) == other.argmax(axis=1)
    reference = Reference(
        "other", reference_answers.argmax(axis=1), know(drawn, other), agreed, drawn.groups
    )
    for what, spoilt in spoil(answers.argmax(axis=1), seed):
        found = [check_histogram(spoilt, known, NAMES), check_agreement(spoilt, reference, 18)]
        found += [one for one in [check_one_class(spoilt, known, NAMES)] if one]
        for finding in found:
            yield what, finding.check, finding.level
        yield what, "any", min((finding.level for finding in found), key=LEVELS.index)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--competitions", type=int, default=20)
    arguments = parser.parse_args()
    for people, test_people, folds in SIZES:
        for name, skill in SKILLS.items():
            counts: Counter[tuple[str, str, str]] = Counter()
            scores = []
            for seed in range(arguments.competitions):
                drawn = draw_competition(people, test_people, folds, seed, skill)
                own, _ = draw_run(drawn, 2 * seed, skill)
                scores.append(METRICS["macro_f1"].score(drawn.labels, own))
                counts.update(check(drawn, seed, skill))
            console.heading(
                f"{people} people, {test_people} in the test, {folds} folds, {name} networks: "
                f"out-of-fold macro-F1 {np.mean(scores):.2f}"
            )
            cases = sorted({(what, by) for what, by, _ in counts})
            console.show_table(
                ("answers", "check", *LEVELS),
                [(w, c, *(counts[w, c, level] for level in LEVELS)) for w, c in cases],
            )


if __name__ == "__main__":
    main()
