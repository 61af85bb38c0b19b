"""Learning rates over time, by table."""

from typing import Any

import pytest
import torch
from torch import nn

from foldline.learning.optimizer import build_optimizer
from foldline.learning.schedule import Schedule, build_schedule, compute_warmup_cosine
from foldline.learning.stopping import BestTracker


def build(name: str, **settings: Any) -> tuple[Any, Schedule]:
    """An optimizer of rate 1 and its schedule over 3 epochs of 4 steps."""
    optimizer = build_optimizer([nn.Parameter(torch.zeros(1))], "sgd", lr=1.0)
    return optimizer, build_schedule(optimizer, name, epochs=3, steps_per_epoch=4, **settings)


def follow(
    optimizer: Any,
    schedule: Schedule,
    scores: list[float],
    tracker: BestTracker | None = None,
) -> list[float]:
    """The rate that each step takes, over one epoch a score."""
    tracker = tracker or BestTracker("macro_f1", patience=0)
    rates = []
    for epoch, score in enumerate(scores, start=tracker.last_epoch + 1):
        for _ in range(4):
            rates.append(schedule.lr)
            optimizer.step()
            schedule.after_step()
        tracker.update(epoch, score)
        schedule.after_epoch(tracker)
    return rates


@pytest.mark.parametrize(
    ("step", "total", "warmup", "final", "share"),
    [
        (0, 8, 0, 0.0, 1.0),
        (4, 8, 0, 0.0, 0.5),
        (8, 8, 0, 0.0, 0.0),
        (4, 8, 0, 0.2, 0.6),
        (8, 8, 0, 0.2, 0.2),
        (9, 8, 0, 0.2, 0.2),  # past the end it stays
        (0, 8, 3, 0.0, 0.25),
        (2, 8, 3, 0.0, 0.75),
        (3, 8, 3, 0.0, 1.0),
        (0, 4, 4, 0.1, 0.2),  # all warm-up
        (3, 4, 4, 0.1, 0.8),
        (0, 1, 0, 0.1, 1.0),
    ],
)
def test_warmup_cosine(step: int, total: int, warmup: int, final: float, share: float) -> None:
    found = compute_warmup_cosine(step, total=total, warmup=warmup, final=final)
    assert found == pytest.approx(share)


def test_cosine_counts_its_warmup_in_epochs() -> None:
    optimizer, schedule = build("cosine", warmup="0.5 epochs", final=0.1)
    expected = [compute_warmup_cosine(s, total=12, warmup=2, final=0.1) for s in range(12)]
    assert follow(optimizer, schedule, [0, 0, 0]) == pytest.approx(expected)
    assert schedule.lr == pytest.approx(0.1)


def test_a_warmup_longer_than_the_training_rises_to_its_end() -> None:
    optimizer, schedule = build("cosine", warmup="5 epochs", final=0.1)
    assert follow(optimizer, schedule, [0, 0, 0]) == pytest.approx(
        [(s + 1) / 13 for s in range(12)]
    )


def test_step_falls_every_few_epochs() -> None:
    optimizer, schedule = build("step", every="2 epochs", factor=0.1)
    rates = follow(optimizer, schedule, [0, 0, 0])
    assert rates == pytest.approx([1.0] * 8 + [0.1] * 4)


def test_step_falls_by_15_percent_every_epoch() -> None:
    rates = follow(*build("step", every="1 epoch", factor=0.85), [0, 0, 0, 0])
    assert rates == pytest.approx([1.0] * 4 + [0.85] * 4 + [0.7225] * 4 + [0.614125] * 4)


def test_a_rate_may_fall_at_every_step_and_no_more_often() -> None:
    for every in ("1 step", "0.1 epochs"):
        rates = follow(*build("step", every=every, factor=0.5), [0])
        assert rates == [1, 0.5, 0.25, 0.125]


def test_step_may_fall_every_few_steps() -> None:
    rates = follow(*build("step", every="5 steps", factor=0.5), [0, 0, 0])
    assert rates == pytest.approx([1.0] * 5 + [0.5] * 5 + [0.25] * 2)


def test_a_warmup_may_be_counted_in_steps_and_need_not_be() -> None:
    rates = follow(*build("cosine", warmup="6 steps", final=0.1), [0, 0, 0])
    assert rates == follow(*build("cosine", warmup="1.5 epochs", final=0.1), [0, 0, 0])
    assert rates[:3] == pytest.approx([1 / 7, 2 / 7, 3 / 7])
    for none in ("0 steps", "0 epochs"):
        assert follow(*build("cosine", warmup=none, final=0.1), [0])[0] == 1


def test_constant_stays() -> None:
    assert set(follow(*build("constant"), [0.1, 0.1, 0.1])) == {1.0}


@pytest.mark.parametrize(
    ("monitor", "scores", "rates"),
    [
        ("macro_f1", [0.1, 0.2, 0.3, 0.4], [1, 1, 1, 1]),
        ("macro_f1", [0.4, 0.3, 0.2, 0.5], [1, 1, 0.5, 0.5]),
        ("macro_f1", [0.4, 0.4, 0.4, 0.4], [1, 1, 0.5, 0.5]),  # a tie is no improvement
        ("macro_f1", [0.4, 0.3, 0.3, 0.3, 0.3], [1, 1, 0.5, 0.5, 0.25]),  # waits anew
        ("macro_f1", [0.4, float("nan"), 0.3, 0.4], [1, 1, 0.5, 0.5]),
        ("log_loss", [0.4, 0.3, 0.2, 0.1], [1, 1, 1, 1]),
        ("log_loss", [0.1, 0.2, 0.3, 0.4], [1, 1, 0.5, 0.5]),
    ],
)
def test_plateau_falls_after_patience_in_the_monitors_direction(
    monitor: str, scores: list[float], rates: list[float]
) -> None:
    assert follow_plateau(BestTracker(monitor, patience=0), scores) == rates


def follow_plateau(tracker: BestTracker, scores: list[float]) -> list[float]:
    """The rate after each epoch, with a patience of 1 and a factor of 0.5."""
    _, schedule = build("plateau", factor=0.5, patience=1)
    found = []
    for epoch, score in enumerate(scores, start=1):
        tracker.update(epoch, score)
        schedule.after_epoch(tracker)
        found.append(schedule.lr)
    return found


def test_plateau_knows_no_other_best_than_saving_and_stopping() -> None:
    scores = [0.5, 0.5625, 0.59375, 0.6875, 0.6875]
    assert follow_plateau(BestTracker("macro_f1", 0), scores) == [1, 1, 1, 1, 1]
    # gains of a sixteenth are too small to count; the fourth epoch is more than 0.125 above
    assert follow_plateau(BestTracker("macro_f1", 0, 0.125), scores) == [1, 1, 0.5, 0.5, 0.5]


def test_plateau_counts_a_gain_below_the_floor() -> None:
    tracker = BestTracker("macro_f1", 0, floor=0.9)
    assert follow_plateau(tracker, [0.1, 0.2, 0.3, 0.4]) == [1, 1, 1, 1]


def test_what_is_saved_of_a_schedule_that_never_falls_stays_empty() -> None:
    _, schedule = build("constant")
    tracker = BestTracker("macro_f1", 0)
    for epoch in (1, 2, 3):
        tracker.update(epoch, 0.5)
        schedule.after_epoch(tracker)
    assert schedule.state_dict() == {"steps": 0, "fell_in": 0}
    assert schedule.lr == 1


def test_plateau_falls_in_every_group_of_parameters() -> None:
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (1.0, 0.1)]
    optimizer = torch.optim.SGD(groups)
    schedule = build_schedule(
        optimizer, "plateau", epochs=3, steps_per_epoch=4, factor=0.5, patience=0
    )
    tracker = BestTracker("macro_f1", 0)
    for epoch in (1, 2):
        tracker.update(epoch, 0.5)
        schedule.after_epoch(tracker)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.05]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("constant", {}),
        ("cosine", {"warmup": "1.5 epochs", "final": 0.1}),
        ("step", {"every": "1 epoch", "factor": 0.5}),
        ("plateau", {"factor": 0.5, "patience": 0}),
        ("plateau", {"factor": 0.5, "patience": 1}),
    ],
)
@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_a_schedule_that_goes_on_continues_identically(
    name: str, settings: dict[str, Any], stop: int
) -> None:
    scores = [0.5, 0.4, 0.3, 0.2, 0.2, 0.2]
    expected = follow(*build(name, **settings), scores)

    optimizer, schedule = build(name, **settings)
    tracker = BestTracker("macro_f1", patience=0)
    rates = follow(optimizer, schedule, scores[:stop], tracker)
    states = optimizer.state_dict(), schedule.state_dict()
    optimizer, schedule = build(name, **settings)
    optimizer.load_state_dict(states[0])
    schedule.load_state_dict(states[1])
    assert rates + follow(optimizer, schedule, scores[stop:], tracker) == expected
