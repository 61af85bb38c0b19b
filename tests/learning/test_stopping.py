"""The one notion of "best"."""

import pytest

from foldline.learning.stopping import BestTracker

NAN = float("nan")


def follow(tracker: BestTracker, scores: list[float], first: int = 1) -> tuple[list[bool], int]:
    """Which epochs were the best so far, and the number of epochs until it stopped."""
    best = []
    for epoch, score in enumerate(scores, start=first):
        best.append(tracker.update(epoch, score))
        if tracker.should_stop:
            break
    return best, tracker.last_epoch


@pytest.mark.parametrize(
    ("monitor", "scores", "best"),
    [
        ("macro_f1", [0.1, 0.3, 0.2], [True, True, False]),
        ("macro_f1", [0.3, 0.3], [True, False]),  # a tie is no improvement
        ("macro_f1", [NAN, 0.3, NAN, 0.4], [False, True, False, True]),
        ("accuracy", [0.5, 0.6], [True, True]),
        ("log_loss", [0.5, 0.6, 0.4], [True, False, True]),
        ("log_loss", [0.5, 0.5, NAN], [True, False, False]),
        ("log_loss", [float("inf"), float("inf"), 0.5], [True, False, True]),
    ],
)
def test_best_is_what_passes_the_best(monitor: str, scores: list[float], best: list[bool]) -> None:
    assert follow(BestTracker(monitor, patience=0), scores)[0] == best


@pytest.mark.parametrize("monitor", ["macro_f1", "accuracy"])
def test_a_gain_must_pass_the_smallest_that_counts(monitor: str) -> None:
    tracker = BestTracker(monitor, patience=0, min_improvement=0.125)
    # by half, three quarters, all of it, and more
    scores = [0.5, 0.5625, 0.59375, 0.625, 0.6875]
    assert follow(tracker, scores)[0] == [True, False, False, False, True]
    assert tracker.best_epoch == 5


def test_a_loss_must_fall_by_more_than_the_smallest_that_counts() -> None:
    tracker = BestTracker("log_loss", patience=0, min_improvement=0.125)
    scores = [0.5, 0.4375, 0.40625, 0.375, 0.3125]
    assert follow(tracker, scores)[0] == [True, False, False, False, True]


@pytest.mark.parametrize("monitor", ["macro_f1", "log_loss"])
@pytest.mark.parametrize("floor", [None, 0.5])
@pytest.mark.parametrize("missing", [None, NAN])
def test_a_missing_score_reaches_no_floor(
    monitor: str, floor: float | None, missing: float | None
) -> None:
    tracker = BestTracker(monitor, patience=0, floor=floor)
    assert not tracker.reaches_floor(missing)
    assert not tracker.has_saved
    tracker.load_state_dict({"best_score": missing, "best_epoch": None, "last_epoch": 3})
    assert not tracker.has_saved
    assert tracker.reaches_floor(0.5)


@pytest.mark.parametrize(
    ("patience", "scores", "epochs"),
    [
        (2, [0.5, 0.4, 0.4, 0.9], 3),
        (2, [0.5, 0.4, 0.6, 0.5, 0.5, 0.9], 5),
        (1, [0.5, 0.5, 0.9], 2),
        (2, [NAN, NAN, 0.9], 2),
        (3, [NAN, NAN, 0.9, 0.1], 4),
        (0, [0.5] + [0.1] * 50, 51),  # never
    ],
)
def test_it_stops_exactly_at_patience(patience: int, scores: list[float], epochs: int) -> None:
    assert follow(BestTracker("macro_f1", patience), scores)[1] == epochs


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_one_that_goes_on_remembers(stop: int) -> None:
    scores = [0.5, 0.7, 0.6, 0.7, 0.9]
    expected, epochs = follow(BestTracker("macro_f1", patience=2), scores)
    before = BestTracker("macro_f1", patience=2)
    best, _ = follow(before, scores[:stop])
    after = BestTracker("macro_f1", patience=2)
    after.load_state_dict(before.state_dict())
    more, last = follow(after, scores[stop:], first=stop + 1)
    assert (best + more, last) == (expected, epochs) == ([True, True, False, False], 4)


@pytest.mark.parametrize(
    ("monitor", "floor", "scores", "saved"),
    [
        ("macro_f1", 0.5, [0.25, 0.5, 0.375, 0.625], [False, True, False, True]),
        ("macro_f1", 0.5, [0.25, NAN, 0.375], [False, False, False]),
        ("log_loss", 0.5, [0.75, 0.5, 0.375], [False, True, True]),
        ("log_loss", 0.5, [float("inf"), 0.75], [False, False]),
    ],
)
def test_below_the_floor_nothing_is_saved(
    monitor: str, floor: float, scores: list[float], saved: list[bool]
) -> None:
    tracker = BestTracker(monitor, patience=0, floor=floor)
    assert follow(tracker, scores)[0] == saved
    assert tracker.has_saved is any(saved)


def test_a_gain_below_the_floor_keeps_the_training_going() -> None:
    tracker = BestTracker("macro_f1", patience=2, floor=0.9)
    assert follow(tracker, [0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.95])[1] == 6
    assert (tracker.best_score, tracker.has_saved) == (0.4, False)


def test_the_first_to_reach_the_floor_is_saved_however_small_its_gain() -> None:
    tracker = BestTracker("macro_f1", patience=0, min_improvement=0.125, floor=0.5)
    assert follow(tracker, [0.4375, 0.5, 0.5625])[0] == [False, True, False]


def test_patience_counts_epochs_however_often_is_validated() -> None:
    tracker = BestTracker("macro_f1", patience=2)
    for epoch in (1, 1, 1, 1, 2, 2, 2):
        assert not tracker.should_stop
        tracker.update(epoch, 0.5)
    assert not tracker.should_stop
    tracker.update(3, 0.5)
    assert tracker.should_stop


def test_one_that_goes_on_remembers_whether_the_floor_was_reached() -> None:
    before = BestTracker("macro_f1", patience=0, min_improvement=0.25, floor=0.5)
    follow(before, [0.4375, 0.5])
    after = BestTracker("macro_f1", patience=0, min_improvement=0.25, floor=0.5)
    after.load_state_dict(before.state_dict())
    assert after.update(3, 0.5625) is False
