import csv
import random
from collections import Counter

import numpy as np
import pytest
from tests.needs import PATHS, needs_data

from foldline.data.competition.schemes import MaskScheme
from foldline.data.folds import (
    ALWAYS_TRAINED,
    assign_folds,
    assign_groups,
    count_classes,
    take_given_folds,
)
from foldline.errors import UserError

# shots of the mask competition: five worn, one worn wrongly, one bare
SHOTS = (0, 0, 0, 0, 0, 1, 2)


def make_people(counts: tuple[int, ...]) -> tuple[list[str], list[int]]:
    """Return the rows, groups and labels, of `counts[k]` complete people of each kind k."""
    groups, labels = [], []
    for kind, count in enumerate(counts):
        for person in range(count):
            for mask in SHOTS:
                groups.append(f"{kind}-{person}")
                labels.append(mask * len(counts) + kind)
    return groups, labels


def assert_even(groups: list[str], labels: list[int], folds: list[int], number: int) -> None:
    """Every class, and the whole, is split evenly to within one person."""
    people = set(zip(folds, groups, labels, strict=True))
    for label in set(labels):
        share = Counter(fold for fold, _, of in people if of == label)
        assert max(share.values()) - min(share[fold] for fold in range(number)) <= 1
    whole = Counter(fold for fold, _ in {(fold, group) for fold, group, _ in people})
    assert max(whole.values()) - min(whole[fold] for fold in range(number)) <= 1


@pytest.mark.parametrize("number", [2, 3, 5, 10])
@pytest.mark.parametrize("seed", [0, 1])
def test_classes_and_whole_are_even_and_no_group_is_split(number: int, seed: int) -> None:
    groups, labels = make_people((39, 29, 11, 52, 58, 13))
    folds = assign_groups(groups, labels, number=number, seed=seed)
    assert_even(groups, labels, folds, number)
    assert len(set(zip(groups, folds, strict=True))) == len(set(groups))


def test_the_order_of_rows_does_not_matter() -> None:
    groups, labels = make_people((7, 5, 3, 9))
    rows = list(zip(groups, labels, strict=True))
    assigned = dict(zip(groups, assign_groups(groups, labels, number=3, seed=0), strict=True))
    random.Random(0).shuffle(rows)
    again = assign_groups([r[0] for r in rows], [r[1] for r in rows], number=3, seed=0)
    assert {row[0]: fold for row, fold in zip(rows, again, strict=True)} == assigned


def test_these_folds_are_assigned_on_every_machine() -> None:
    groups, labels = make_people((3, 3))
    folds = assign_groups(groups, labels, number=3, seed=0)
    assert folds[::7] == [1, 2, 0, 1, 0, 2]


def test_another_seed_deals_anew_and_the_same_seed_the_same() -> None:
    groups, labels = make_people((20, 20))
    first = assign_groups(groups, labels, number=4, seed=0)
    assert assign_groups(groups, labels, number=4, seed=0) == first
    assert assign_groups(groups, labels, number=4, seed=1) != first


def test_incomplete_people_of_many_sizes_are_split_nearly_even() -> None:
    generator = random.Random(0)
    groups, labels = [], []
    for person in range(300):
        for _ in range(generator.randint(1, 9)):
            groups.append(f"p{person}")
            labels.append(generator.choice((0, 0, 0, 0, 1, 1, 2)))
    folds = np.array(assign_groups(groups, labels, number=5, seed=0))
    for label in range(3):
        shares = np.bincount(folds[np.array(labels) == label], minlength=5)
        assert shares.max() / shares.mean() < 1.05


def test_a_class_with_fewer_groups_than_folds_is_spread_as_far_as_it_goes() -> None:
    groups = [f"g{row}" for row in range(20)]
    labels = [1 if row < 3 else 0 for row in range(20)]
    folds = assign_groups(groups, labels, number=5, seed=0)
    assert len(set(folds[:3])) == 3
    assert sorted(Counter(folds).values()) == [4, 4, 4, 4, 4]


def test_the_rarest_profile_is_assigned_first() -> None:
    """Only `c` has two pictures; `a` and `b` have three."""
    groups = [*"aaa", *"bbb", *"cc"]
    assigned = dict(zip(groups, assign_groups(groups, [0] * 8, number=3, seed=0), strict=True))
    assert assigned["c"] == 0
    assert sorted(assigned.values()) == [0, 1, 2]


def test_of_equally_rare_profiles_the_largest_is_assigned_first_then_the_lowest_label() -> None:
    groups = [*"a", *"bb", *"ccc"]
    assigned = dict(zip(groups, assign_groups(groups, [0] * 6, number=2, seed=0), strict=True))
    assert assigned == {"c": 0, "b": 1, "a": 1}, "3 against 2 + 1"
    groups = [*"aa", *"bb", *"cc"]
    assigned = dict(
        zip(groups, assign_groups(groups, [2, 2, 1, 1, 0, 0], number=3, seed=0), strict=True)
    )
    assert assigned == {"c": 0, "b": 1, "a": 2}


def test_a_label_that_no_fold_has_yet_goes_where_fewest_pictures_are() -> None:
    groups = [*"aaa", *"bb", *"c", *"d"]
    folds = assign_groups(groups, [0] * 6 + [1], number=3, seed=0)
    assert dict(zip(groups, folds, strict=True)) == {"a": 0, "b": 1, "c": 2, "d": 2}


@pytest.mark.parametrize("seed", range(3))
def test_a_rare_label_is_not_outvoted_by_the_common_one_that_its_groups_have_too(seed: int) -> None:
    """Ten of 60 people have one picture of the rare class beside one to nine of the common one."""
    generator = random.Random(seed)
    groups, labels = [], []
    for person in range(60):
        own = [0] * generator.randint(1, 9) + [1] * (person % 6 == 0)
        groups += [f"p{person}"] * len(own)
        labels += own
    folds = np.array(assign_groups(groups, labels, number=5, seed=0))
    assert np.bincount(folds[np.array(labels) == 1]).tolist() == [2, 2, 2, 2, 2]
    common = np.bincount(folds[np.array(labels) == 0])
    assert np.ptp(common) <= 9, "no more than one person apart"


def test_a_group_weighs_as_much_as_it_has_pictures() -> None:
    """One person with four pictures on one side, four people with one on the other."""
    groups = ["a"] * 4 + ["b", "c", "d", "e"]
    folds = assign_groups(groups, [0] * 8, number=2, seed=0)
    assert folds == [0] * 4 + [1] * 4


def test_as_many_groups_as_folds_are_one_a_fold() -> None:
    groups, labels = [*"aabcc"], [0, 1, 0, 1, 1]
    assigned = dict(zip(groups, assign_groups(groups, labels, number=3, seed=0), strict=True))
    assert sorted(assigned.values()) == [0, 1, 2]


def test_fewer_groups_than_folds_are_refused() -> None:
    with pytest.raises(UserError, match=r"folds\.number: 5 folds need at least 5 groups"):
        assign_groups(["a", "a", "b"], [0, 0, 1], number=5, seed=0)


def test_image_folds_split_people() -> None:
    groups, labels = make_people((10, 10))
    paths = [f"{row}.jpg" for row in range(len(groups))]
    folds, num_folds = assign_folds(paths, groups, labels, kind="image", number=5, seed=0)
    assert num_folds == 5
    assert len(set(zip(groups, folds, strict=True))) > len(set(groups))


def test_a_holdout_validates_the_first_of_the_folds_and_always_trains_on_the_rest() -> None:
    groups, labels = make_people((10, 10))
    paths = [f"{row}.jpg" for row in range(len(groups))]
    grouped, _ = assign_folds(paths, groups, labels, kind="group", number=5, seed=0)
    folds, num_folds = assign_folds(paths, groups, labels, kind="holdout", number=5, seed=0)
    assert num_folds == 1
    assert folds == [0 if fold == 0 else ALWAYS_TRAINED for fold in grouped]


def test_counts_are_those_of_a_hand() -> None:
    counts = count_classes(["a", "a", "a", "b", "c"], [0, 0, 1, 1, 1], [0, 0, 0, 1, -1], 3)
    assert counts.groups.tolist() == [1, 3, 0]
    assert counts.images.tolist() == [2, 3, 0]
    assert counts.fold_groups.tolist() == [[1, 1, 0], [0, 1, 0]]
    assert counts.fold_images.tolist() == [[2, 1, 0], [0, 1, 0]]
    assert counts.all_fold_groups.tolist() == [1, 1]


@needs_data
@pytest.mark.parametrize("number", [4, 5, 10])
def test_the_real_people_are_assigned_even(number: int) -> None:
    with PATHS.open(encoding="utf-8", newline="") as file:
        readings = [MaskScheme().read("", row["path"]) for row in csv.DictReader(file)]
    groups = [reading.group for reading in readings]
    labels = [int(reading.label) for reading in readings]
    folds = assign_groups(groups, labels, number=number, seed=0)
    assert_even(groups, labels, folds, number)
    assert len(set(zip(groups, folds, strict=True))) == 2_700


def test_given_folds_are_taken_as_they_are() -> None:
    folds = take_given_folds(["a", "b", "b", "c"], [0, 1, 1, 0], [False, False, False, True], "xy")
    assert folds == [ALWAYS_TRAINED, ALWAYS_TRAINED, ALWAYS_TRAINED, 0]


def test_given_folds_that_would_lie_are_refused_with_every_name() -> None:
    groups = ["철수", "철수", "영희", "민수"]
    with pytest.raises(UserError) as error:
        take_given_folds(groups, [0, 0, 0, 1], [False, True, False, True], ("cat", "a, b"))
    split, unknown = error.value.faults
    assert "both in it and in the training folder: 1 (철수); move each to one side" in split
    assert "nothing to learn them from: 1 (a, b)" in unknown
