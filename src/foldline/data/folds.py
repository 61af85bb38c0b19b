"""Who validates what: groups assigned to folds so that every fold looks like the whole."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foldline.errors import UserError
from foldline.text import count_and_name

# in the column `fold`: always trained on, never validated
ALWAYS_TRAINED = -1
# the labels of a group and how many pictures it has of each, sorted by label
Profile = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """Groups and pictures of every class: `[classes]`, and in each fold `[folds, classes]`.

    `all_fold_groups` `[folds]` counts each group once, whatever classes it has.
    """

    groups: NDArray[np.int64]
    images: NDArray[np.int64]
    fold_groups: NDArray[np.int64]
    fold_images: NDArray[np.int64]
    all_fold_groups: NDArray[np.int64]


def assign_folds(
    paths: Sequence[str],
    groups: Sequence[str],
    labels: Sequence[int],
    *,
    kind: str,
    number: int,
    seed: int,
) -> tuple[list[int], int]:
    """Return the fold of every row, and how many folds are validated.

    `group` keeps the rows of a group together. `image` assigns row by row: a network is then
    scored on people it was trained on, so the score is a lie; it exists to show that. `holdout`
    assigns like `group`, keeps fold 0, and always trains on all others (-1).

    Raise `UserError` if there are fewer groups than folds.
    """
    units = paths if kind == "image" else groups
    folds = assign_groups(units, labels, number=number, seed=seed)
    if kind == "holdout":
        return [0 if fold == 0 else ALWAYS_TRAINED for fold in folds], 1
    return folds, number


def take_given_folds(
    groups: Sequence[str],
    labels: Sequence[int],
    is_valid: Sequence[bool],
    class_names: Sequence[str],
) -> list[int]:
    """Return fold 0 for rows that came as validation pictures, `ALWAYS_TRAINED` for the others.

    Raise `UserError` naming the groups on both sides, as the score would lie, and the classes
    that are only validated, as nothing could learn them.
    """
    rows = list(zip(groups, labels, is_valid, strict=True))
    valid_groups = {group for group, _, valid in rows if valid}
    split = sorted(valid_groups & {group for group, _, valid in rows if not valid})
    valid_labels = {label for _, label, valid in rows if valid}
    unknown = sorted(valid_labels - {label for _, label, valid in rows if not valid})
    faults = []
    if split:
        faults.append(
            "data.valid_dir: groups with pictures both in it and in the training folder: "
            f"{count_and_name(split)}; move each to one side, as the score would lie"
        )
    if unknown:
        faults.append(
            "data.valid_dir: classes that are only in it, with nothing to learn them from: "
            f"{count_and_name([class_names[label] for label in unknown])}; is a name misspelt?"
        )
    if faults:
        raise UserError(*faults)
    return [0 if valid else ALWAYS_TRAINED for valid in is_valid]


def assign_groups(
    groups: Sequence[str], labels: Sequence[int], *, number: int, seed: int
) -> list[int]:
    """Assign whole groups to `number` folds, stratified on the labels that each group has.

    Groups with the rarest profile come first; within a profile `seed` alone decides the order.
    Each goes to the fold that lacks its labels most, and among equals to the one with the fewest
    pictures. The order of the rows does not matter. Where profiles share no label, as those of
    complete people do, every class and the whole are split evenly to within one group.

    Raise `UserError` if there are fewer groups than folds.
    """
    profiles = _compute_profiles(groups, labels)
    if len(profiles) < number:
        raise UserError(
            f"folds.number: {number} folds need at least {number} groups, there are {len(profiles)}"
        )
    num_classes = max(labels) + 1
    # rare labels weigh more, so that common ones do not outvote them
    weights = 1 / np.maximum(np.bincount(labels, minlength=num_classes), 1)
    held = np.zeros((number, num_classes))
    sizes = np.zeros(number, dtype=np.int64)
    fold_of: dict[str, int] = {}
    for group in _order_groups(profiles, seed):
        own_labels, counts = np.array(profiles[group], dtype=np.int64).T
        # rounded: equal shares must stay equal whatever order they were summed in
        lack = np.round(held[:, own_labels] @ (counts * weights[own_labels]), 12)
        fold = int(np.lexsort((sizes, lack))[0])
        held[fold, own_labels] += counts
        sizes[fold] += counts.sum()
        fold_of[group] = fold
    return [fold_of[group] for group in groups]


def count_classes(
    groups: Sequence[str], labels: Sequence[int], folds: Sequence[int], num_classes: int
) -> ClassCounts:
    """Count the groups and pictures of every class, in all and in each fold from 0 on."""
    num_folds = max(folds) + 1
    fold_images = np.zeros((num_folds, num_classes), dtype=np.int64)
    fold_groups = np.zeros_like(fold_images)
    for fold, label in zip(folds, labels, strict=True):
        if fold != ALWAYS_TRAINED:
            fold_images[fold, label] += 1
    for fold, _, label in set(zip(folds, groups, labels, strict=True)):
        if fold != ALWAYS_TRAINED:
            fold_groups[fold, label] += 1
    in_fold = Counter(fold for fold, _ in set(zip(folds, groups, strict=True)))
    labels_of_groups = [label for _, label in set(zip(groups, labels, strict=True))]
    return ClassCounts(
        groups=np.bincount(labels_of_groups, minlength=num_classes),
        images=np.bincount(labels, minlength=num_classes),
        fold_groups=fold_groups,
        fold_images=fold_images,
        all_fold_groups=np.array([in_fold[fold] for fold in range(num_folds)]),
    )


def _compute_profiles(groups: Sequence[str], labels: Sequence[int]) -> dict[str, Profile]:
    counts: dict[str, Counter[int]] = {}
    for group, label in zip(groups, labels, strict=True):
        counts.setdefault(group, Counter())[label] += 1
    return {group: tuple(sorted(own.items())) for group, own in counts.items()}


def _order_groups(profiles: dict[str, Profile], seed: int) -> list[str]:
    """Return the groups: rarest profile first, then the largest; within one in `seed`'s order."""
    frequency = Counter(profiles.values())

    def key(group: str) -> tuple[int, int, Profile, bytes, str]:
        profile = profiles[group]
        shuffled = hashlib.sha256(f"{seed}:{group}".encode()).digest()
        size = sum(count for _, count in profile)
        return frequency[profile], -size, profile, shuffled, group

    return sorted(profiles, key=key)
