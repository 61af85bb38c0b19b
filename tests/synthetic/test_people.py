"""The drawn people."""

from collections import Counter

import pytest

from foldline.synthetic.people import cast_people, compute_label, compute_quotas


@pytest.mark.parametrize(
    ("shot", "gender", "age", "label"),
    [
        ("mask3", "male", 25, 0),
        ("mask1", "male", 29, 0),
        ("mask1", "male", 30, 1),
        ("mask5", "male", 59, 1),
        ("mask5", "male", 60, 2),
        ("mask1", "female", 18, 3),
        ("incorrect_mask", "female", 45, 10),
        ("normal", "male", 20, 12),
        ("normal", "female", 60, 17),
    ],
)
def test_label_counts_mask_then_gender_then_age(
    shot: str, gender: str, age: int, label: int
) -> None:
    assert compute_label(shot, gender, age) == label


@pytest.mark.parametrize("people", [6, 18, 60, 61, 119, 120])
def test_quotas_add_up_to_the_people(people: int) -> None:
    assert sum(compute_quotas(people).values()) == people


def test_quotas_of_the_default_sizes_are_in_proportion() -> None:
    train, evaluation = compute_quotas(120), compute_quotas(60)
    assert train == {cell: 2 * count for cell, count in evaluation.items()}
    # every class in each of five folds
    assert min(train.values()) >= 5
    assert min(train, key=lambda cell: train[cell])[1] == 2


def test_smallest_competition_has_every_class() -> None:
    assert min(compute_quotas(18).values()) >= 1


def test_cast_fills_the_quotas_with_ages_of_the_competition() -> None:
    cast = cast_people(120, seed=3, split="train")
    assert Counter((one.gender, one.age_class) for one in cast) == compute_quotas(120)
    assert [one.index for one in cast] == list(range(120))
    assert min(one.age for one in cast) >= 18
    assert {one.age for one in cast if one.age_class == 2} == {60}


def test_looks_overlap_but_tell_something() -> None:
    cast = cast_people(120, seed=0, split="train")
    men = [one.femininity for one in cast if one.gender == "male"]
    women = [one.femininity for one in cast if one.gender == "female"]
    assert max(men) > min(women)
    agreeing = sum(value < 0 for value in men) + sum(value > 0 for value in women)
    assert 0.9 * 120 <= agreeing < 120


def test_cast_follows_from_seed_and_split_alone() -> None:
    assert cast_people(20, seed=1, split="train") == cast_people(20, seed=1, split="train")
    looks = {
        tuple(one.apparent_age for one in cast)
        for cast in (
            cast_people(20, seed=1, split="train"),
            cast_people(20, seed=2, split="train"),
            cast_people(20, seed=1, split="eval"),
        )
    }
    assert len(looks) == 3
