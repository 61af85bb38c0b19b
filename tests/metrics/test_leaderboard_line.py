"""Lines, noise and choices by hand arithmetic."""

import numpy as np
import pytest

from foldline.metrics.leaderboard_line import choose_finals, fit_line
from foldline.metrics.metric import METRICS


def test_a_line_through_points_on_a_line() -> None:
    line = fit_line([0.5, 0.6, 0.8], [0.45, 0.55, 0.75])
    assert line is not None
    assert (line.slope, line.intercept) == pytest.approx((1, -0.05))
    assert line.noise == pytest.approx(0, abs=1e-9)


def test_the_noise_is_that_of_the_residuals() -> None:
    line = fit_line([0, 1, 2, 3], [0, 1, 0, 1])
    assert line is not None
    # slope 0.2, intercept 0.2: residuals −0.2, 0.6, −0.6, 0.2 and two degrees of freedom
    assert (line.slope, line.intercept) == pytest.approx((0.2, 0.2))
    assert line.noise == pytest.approx((0.8 / 2) ** 0.5)


@pytest.mark.parametrize("x", [[], [0.5], [0.5, 0.6], [0.7, 0.7, 0.7, 0.7]])
def test_no_line_without_three_runs_that_differ(x: list[float]) -> None:
    assert fit_line(x, [0.5] * len(x)) is None


def test_the_second_choice_differs_enough() -> None:
    first = np.array(list("aaaaaaaaaa"))
    near, far, farther = first.copy(), first.copy(), first.copy()
    far[:2], farther[:8] = "b", "b"
    answers = {"near": near, "best": first, "far": far, "farther": farther}
    scores = {"near": 0.79, "best": 0.8, "far": 0.7, "farther": 0.6}
    finals = choose_finals(METRICS["macro_f1"], scores, answers)
    assert (finals.first, finals.second, finals.disagreement) == ("best", "far", 0.2)
    del answers["far"], answers["farther"], scores["far"], scores["farther"]
    finals = choose_finals(METRICS["macro_f1"], scores, answers)
    assert (finals.first, finals.second, finals.disagreement) == ("best", None, 0)
