"""Who validates what: groups dealt into folds so that every fold looks like the whole."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foldline.errors import UserError
from foldline.text import count_and_name

# in the column `fold`: trained on in every fold, never validated
ALWAYS_TRAINED = -1
# a group's labels and how many pictures it has of each, sorted by label
Profile = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """Groups and pictures of every class: arrays [classes] and, by fold, [folds, classes].

    `all_fold_groups` [folds] counts each group once, whatever classes it has.
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
    """Give every row its fold, and say how many folds there are to validate.

    `group` keeps the rows of a group together. `image` deals row by row: pictures of one person
    then train the network that is scored on the others, so the score is a lie; it is there to show
    that. `holdout` deals like `group`, keeps fold 0 and trains on all others always (-1).

    Raises `UserError` where there are fewer groups than folds.
    """
    units = paths if kind == "image" else groups
    folds = deal_folds(units, labels, number=number, seed=seed)
    if kind == "holdout":
        return [0 if fold == 0 else ALWAYS_TRAINED for fold in folds], 1
    return folds, number


def take_given_folds(
    groups: Sequence[str],
    labels: Sequence[int],
    is_valid: Sequence[bool],
    class_names: Sequence[str],
) -> list[int]:
    """Fold 0 for the rows that came as validation pictures, `ALWAYS_TRAINED` for the others.

    Raises `UserError` naming the groups that are on both sides, as the score would lie, and the
    classes that are only to be validated, as nothing could learn them.
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


def deal_folds(
    groups: Sequence[str], labels: Sequence[int], *, number: int, seed: int
) -> list[int]:
    """Deal whole groups into `number` folds, stratified on the labels that each group has.

    Groups of the rarest profile are dealt first, within a profile in an order that `seed` alone
    decides. Each goes to the fold that lacks its labels most; among equals to the one with fewest
    pictures. The order of rows does not matter. Where the profiles share no label, as those of
    complete people do, every class and the whole are split within one group of even.

    Raises `UserError` where there are fewer groups than folds.
    """
    profiles = _compute_profiles(groups, labels)
    if len(profiles) < number:
        raise UserError(
            f"folds.number: {number} folds need at least {number} groups, there are {len(profiles)}"
        )
    num_classes = max(labels) + 1
    # a label counts by how rare it is, so that a common one does not outvote it
    weights = 1 / np.maximum(np.bincount(labels, minlength=num_classes), 1)
    held = np.zeros((number, num_classes))
    sizes = np.zeros(number, dtype=np.int64)
    fold_of: dict[str, int] = {}
    for group in _deal_order(profiles, seed):
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
    """Count groups and pictures of every class, whole and in each fold from 0 on."""
    num_folds = max(folds) + 1
    fold_images = np.zeros((num_folds, num_classes), dtype=np.int64)
    fold_groups = np.zeros_like(fold_images)
    whole = np.zeros(num_classes, dtype=np.int64)
    for _, label in set(zip(groups, labels, strict=True)):
        whole[label] += 1
    for fold, _, label in set(zip(folds, groups, labels, strict=True)):
        if fold != ALWAYS_TRAINED:
            fold_groups[fold, label] += 1
    for (fold, label), count in Counter(zip(folds, labels, strict=True)).items():
        if fold != ALWAYS_TRAINED:
            fold_images[fold, label] += count
    images = np.bincount(labels, minlength=num_classes).astype(np.int64)
    in_fold = Counter(fold for fold, _ in set(zip(folds, groups, strict=True)))
    all_fold_groups = np.array([in_fold[fold] for fold in range(num_folds)])
    return ClassCounts(whole, images, fold_groups, fold_images, all_fold_groups)


def _compute_profiles(groups: Sequence[str], labels: Sequence[int]) -> dict[str, Profile]:
    counts: dict[str, dict[int, int]] = {}
    for group, label in zip(groups, labels, strict=True):
        own = counts.setdefault(group, {})
        own[label] = own.get(label, 0) + 1
    return {group: tuple(sorted(own.items())) for group, own in counts.items()}


def _deal_order(profiles: dict[str, Profile], seed: int) -> list[str]:
    """Rarest profiles first, among equally rare ones the largest; within one by `seed`."""
    frequency = Counter(profiles.values())

    def key(group: str) -> tuple[int, int, Profile, bytes, str]:
        profile = profiles[group]
        shuffled = hashlib.sha256(f"{seed}:{group}".encode()).digest()
        size = sum(count for _, count in profile)
        return frequency[profile], -size, profile, shuffled, group

    return sorted(profiles, key=key)
