import pytest

from foldline.advising.advice import LARGE_FROM, SIMILAR_FROM, Separation, choose_freezing

SIMILAR, DIFFERENT = Separation(0.9, 0.8, 0.95, 300, 4), Separation(0.2, 0.1, 0.3, 300, 4)


@pytest.mark.parametrize(
    ("size", "separation", "train", "case"),
    [
        (LARGE_FROM - 1, SIMILAR, "head", "small and similar"),
        (LARGE_FROM - 1, DIFFERENT, "all_but_first", "small and different"),
        (LARGE_FROM, SIMILAR, "last_blocks", "large and similar"),
        (LARGE_FROM, DIFFERENT, "all", "large and different"),
    ],
)
def test_the_four_cases_of_the_rule(
    size: float, separation: Separation, train: str, case: str
) -> None:
    advice = choose_freezing(size, separation)
    assert (advice.train, advice.case, advice.alternative) == (train, case, None)
    assert advice.reason


@pytest.mark.parametrize(
    ("separation", "size", "train", "alternative"),
    [
        (Separation(0.5, 0.4, 0.6, 300, 4), 10, "head", "all_but_first"),
        (Separation(0.49, 0.4, 0.5, 300, 4), 10, "all_but_first", "head"),
        (Separation(0.5, 0.4, 0.6, 300, 4), 5000, "last_blocks", "all"),
        (Separation(0.6, 0.5, 0.7, 300, 4), 10, "head", None),
        (Separation(0.4, 0.3, 0.49, 300, 4), 10, "all_but_first", None),
    ],
)
def test_a_close_call_names_the_other_side(
    separation: Separation, size: float, train: str, alternative: str | None
) -> None:
    assert SIMILAR_FROM == 0.5
    advice = choose_freezing(size, separation)
    assert (advice.train, advice.alternative) == (train, alternative)


def test_by_size_alone_there_is_always_something_to_compare() -> None:
    small, large = choose_freezing(10, None), choose_freezing(5000, None)
    assert (small.train, small.alternative) == ("head", "all_but_first")
    assert (large.train, large.alternative) == ("all", "last_blocks")
    assert "by size alone" in small.case


def test_without_pretrained_weights_everything_learns() -> None:
    for size in (10, 5000):
        advice = choose_freezing(size, None, pretrained=False)
        assert (advice.train, advice.alternative) == ("all", None)
