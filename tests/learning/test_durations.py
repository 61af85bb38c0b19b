"""Durations, and when is validated, by table."""

import pytest

from foldline.learning.durations import compute_steps, plan_validations


@pytest.mark.parametrize(
    ("duration", "steps_per_epoch", "steps"),
    [
        ("1 epoch", 7, 7),
        ("2 epochs", 7, 14),
        ("0.5 epochs", 7, 3.5),
        ("0.0 epochs", 7, 0),
        ("1 step", 7, 1),
        ("500 steps", 7, 500),
    ],
)
def test_a_duration_in_steps(duration: str, steps_per_epoch: int, steps: float) -> None:
    assert compute_steps(duration, steps_per_epoch=steps_per_epoch) == steps


@pytest.mark.parametrize("duration", ["", "5", "epochs", "two epochs", "2 hours", "2epochs"])
def test_what_is_no_duration(duration: str) -> None:
    with pytest.raises(ValueError, match=r"epochs|float"):
        compute_steps(duration, steps_per_epoch=7)


@pytest.mark.parametrize(
    ("every", "from_epoch", "plan"),
    [
        (5.0, 1, [[5], [5], [5], [5]]),
        (10.0, 1, [[], [5], [], [5]]),
        (15.0, 1, [[], [], [5], [5]]),  # the end of the training always
        (100.0, 1, [[], [], [], [5]]),
        (2.0, 1, [[2, 4], [1, 3, 5], [2, 4], [1, 3, 5]]),
        (3.0, 1, [[3], [1, 4], [2, 5], [3, 5]]),
        (2.5, 1, [[2, 5], [3, 5], [2, 5], [3, 5]]),  # half an epoch
        (1.0, 1, [[1, 2, 3, 4, 5]] * 4),
        (0.001, 1, [[1, 2, 3, 4, 5]] * 4),
        (5.0, 3, [[], [], [5], [5]]),
        (2.0, 3, [[], [], [2, 4], [1, 3, 5]]),
        (5.0, 9, [[], [], [], [5]]),
    ],
)
def test_when_is_validated_in_four_epochs_of_five_steps(
    every: float, from_epoch: int, plan: list[list[int]]
) -> None:
    found = [
        plan_validations(epoch, epochs=4, steps_per_epoch=5, every=every, from_epoch=from_epoch)
        for epoch in (1, 2, 3, 4)
    ]
    assert found == plan


@pytest.mark.parametrize("steps", [6, 7, 11, 19, 24, 59])
def test_a_fifth_of_an_epoch_meets_the_end_of_every_epoch(steps: int) -> None:
    """Five times a fifth is a little less, or more, than the whole for these numbers of steps."""
    every = compute_steps("0.2 epochs", steps_per_epoch=steps)
    for epoch in range(1, 13):
        plan = plan_validations(epoch, epochs=99, steps_per_epoch=steps, every=every, from_epoch=1)
        assert plan == [round(part * steps / 5) for part in range(1, 6)]


def test_a_third_of_an_epoch_meets_the_end_of_every_epoch() -> None:
    every = compute_steps("0.3333333333333333 epochs", steps_per_epoch=100)
    for epoch in range(1, 200):
        plan = plan_validations(epoch, epochs=200, steps_per_epoch=100, every=every, from_epoch=1)
        assert plan == [33, 67, 100]


@pytest.mark.parametrize("steps_per_epoch", [5, 7, 9, 100, 591])
def test_a_fifth_of_an_epoch_ends_where_every_epoch_ends(steps_per_epoch: int) -> None:
    every = compute_steps("0.2 epochs", steps_per_epoch=steps_per_epoch)
    for epoch in range(1, 60):
        plan = plan_validations(
            epoch, epochs=99, steps_per_epoch=steps_per_epoch, every=every, from_epoch=1
        )
        assert len(plan) == 5
        assert plan[-1] == steps_per_epoch
