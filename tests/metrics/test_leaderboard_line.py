"""Lines, noise and choices by hand arithmetic."""

import numpy as np
import pytest

from foldline.metrics.leaderboard_line import choose_finals, draw_macro_f1, fit_line
from foldline.metrics.scores import compute_macro_f1


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


def test_drawn_scores_stray_around_the_score_as_people_do() -> None:
    rng = np.random.default_rng(0)
    groups = [str(number) for number in range(400) for _ in range(3)]
    labels = np.repeat(rng.integers(0, 3, 400), 3)
    answers = np.where(np.repeat(rng.random(400) < 0.7, 3), labels, (labels + 1) % 3)
    drawn = draw_macro_f1(labels, answers, groups, 3, people=200)
    assert drawn.shape == (2000,)
    assert drawn.mean() == pytest.approx(compute_macro_f1(labels, answers, 3), abs=0.005)
    # accuracy by person has a variance of 0.7 · 0.3 / 200, and macro-F1 is near it here
    assert drawn.std() == pytest.approx((0.21 / 200) ** 0.5, rel=0.1)
    assert (draw_macro_f1(labels, answers, groups, 3, people=200) == drawn).all()


def test_two_runs_that_answer_alike_have_no_noise_between_them() -> None:
    labels = np.arange(30) % 3
    groups = [str(number) for number in range(30)]
    one = draw_macro_f1(labels, labels[::-1], groups, 3, people=10)
    assert (one - draw_macro_f1(labels, labels[::-1], groups, 3, people=10)).std() == 0


def test_the_second_choice_differs_enough() -> None:
    first = np.array(list("aaaaaaaaaa"))
    near, far, farther = first.copy(), first.copy(), first.copy()
    far[:2], farther[:8] = "b", "b"
    answers = {"near": near, "best": first, "far": far, "farther": farther}
    scores = {"near": 0.79, "best": 0.8, "far": 0.7, "farther": 0.6}
    finals = choose_finals(scores, answers)
    assert (finals.first, finals.second, finals.disagreement) == ("best", "far", 0.2)
    del answers["far"], answers["farther"], scores["far"], scores["farther"]
    finals = choose_finals(scores, answers)
    assert (finals.first, finals.second, finals.disagreement) == ("best", None, 0)
