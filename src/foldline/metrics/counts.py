"""What the answers of a run are counted by: people, classes, right and wrong."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]
Probs = npt.NDArray[np.float64]
Counts = npt.NDArray[np.float64]


def number_people(groups: Sequence[str]) -> Labels:
    """Return the number of each row's person `[N]`, from 0, by the sorted names of the people."""
    return np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1].astype(np.int64)


def count_classes_by_person(people: Labels, classes: Labels, num_classes: int) -> Counts:
    """Return how many rows of each class each person has, `[P, C]`; both arguments are `[N]`."""
    num_people = int(people.max()) + 1
    flat = np.bincount(people * num_classes + classes, minlength=num_people * num_classes)
    return flat.reshape(num_people, num_classes).astype(np.float64)


def count_by_person(
    labels: Labels, answers: Labels, groups: Sequence[str], num_classes: int
) -> Counts:
    """Return, by person and class, the pictures answered rightly, answered, and true: `[P, 3, C]`.

    People are in the order of their names, whatever the order of the rows.
    """
    people = number_people(groups)
    # one class more takes in what is wrong
    right = np.where(labels == answers, labels, num_classes)
    return np.stack(
        [
            count_classes_by_person(people, right, num_classes + 1)[:, :num_classes],
            count_classes_by_person(people, answers, num_classes),
            count_classes_by_person(people, labels, num_classes),
        ],
        axis=1,
    )


def compute_class_f1(counts: Counts) -> Probs:
    """Return F1 by class of counts `[…, 3, C]`; 0 for one that nobody has and nobody answers."""
    f1: Probs = 2 * counts[..., 0, :] / np.maximum(counts[..., 1, :] + counts[..., 2, :], 1)
    return f1
