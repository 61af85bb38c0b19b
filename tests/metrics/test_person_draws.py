"""People are drawn, not pictures, and the same seed draws the same people."""

import numpy as np
import pytest

from foldline.metrics import person_draws
from foldline.metrics.person_draws import (
    count_by_person,
    count_comparable,
    count_people_like,
    draw_sums,
    number_people,
)


def test_counts_are_by_person() -> None:
    people = number_people(["b", "a", "b", "007", "7"])
    assert people.tolist() == [3, 2, 3, 0, 1]
    counts = count_by_person(people, np.array([1, 0, 1, 2, 2]), 3)
    assert counts.tolist() == [[0, 0, 1], [0, 0, 1], [1, 0, 0], [0, 2, 0]]


def test_sums_stray_as_people_do() -> None:
    """Seven pictures a person, all alike: the variance is that of people, seven times larger."""
    counts = np.repeat([[7.0, 0.0], [0.0, 7.0]], 50, axis=0)
    sums = np.concatenate(list(draw_sums(counts, 40, draws=5000)))
    assert sums.shape == (5000, 2)
    assert (sums.sum(axis=1) == 280).all()
    shares = sums[:, 0] / 280
    assert abs(shares.mean() - 0.5) < 0.005
    assert abs(shares.std() - (0.25 / 40) ** 0.5) < 0.003


def test_one_more_person_is_any_row_of_the_unseen() -> None:
    sums = np.concatenate(
        list(draw_sums(np.array([[1.0, 0, 0]] * 3), 1, draws=8000, unseen=np.eye(3)[1:]))
    )
    assert np.abs(sums.mean(axis=0) - [3 / 4, 1 / 8, 1 / 8]).max() < 0.015


def test_the_same_seed_draws_the_same_people() -> None:
    one, two = (
        np.concatenate(list(draw_sums(np.arange(12.0).reshape(6, 2) * k, 4, draws=1500)))
        for k in (1, 3)
    )
    assert np.array_equal(one * 3, two)


@pytest.mark.parametrize("unseen", [None, np.eye(2)])
def test_how_many_are_drawn_at_once_changes_nothing(
    unseen: person_draws.Counts | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = np.arange(14.0).reshape(7, 2)
    whole = list(draw_sums(counts, 5, draws=1500, unseen=unseen))
    assert [len(piece) for piece in whole] == [1000, 500]
    monkeypatch.setattr(person_draws, "_AT_ONCE", 100)
    parts = list(draw_sums(counts, 5, draws=1500, unseen=unseen))
    assert [len(piece) for piece in parts] == [1000, 500]
    assert np.array_equal(np.concatenate(parts), np.concatenate(whole))


def test_numbers_of_people() -> None:
    assert count_people_like(12600, 18900, 2700) == 1800
    assert count_people_like(3, 18900, 2700) == 1
    assert count_comparable(1800, 2700) == 1080
    assert count_comparable(1, 1) == 1
