"""What the leaderboard said is kept for the file that it scored, and weighed by its noise."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.drawn_answers import Skill
from tests.competition import Said
from tests.drawn_runs import DrawnProject, write_scores

from foldline.runs.leaderboard import Event, append_event, load_events

Command = Callable[..., Said]


def set_score(folder: Path, out_of_fold: float) -> None:
    write_scores(folder, {"macro_f1": out_of_fold, "accuracy": 0.5, "log_loss": 1.0})


def find_row(printed: str, run: str) -> list[str]:
    (row,) = [line.split() for line in printed.splitlines() if line.startswith(f"{run} ")]
    return row


def test_scores_stand_beside_out_of_fold(drawn: DrawnProject, command: Command) -> None:
    for number, out_of_fold in enumerate((0.5, 0.6)):
        set_score(drawn.add_run(f"run{number}", seed=number), out_of_fold)
    assert command("score", "run0", "0.48").code == 0
    assert command("score", "run0", "0.47", "--private").code == 0
    said = command("score", "run0", "0.49")
    assert "public was recorded as 0.48 before" in said.err
    printed = command("leaderboard").out
    assert "drawn: 2 runs" in printed
    assert find_row(printed, "run0") == ["run0", "0.5000", "0.4900", "0.4700", "-0.0100"]
    assert find_row(printed, "run1") == ["run1", "0.6000"]
    # best out of fold first
    assert printed.index("run1") < printed.index("run0")
    assert [event.score for event in load_events()] == ["0.48", "0.47", "0.49"]


@pytest.mark.parametrize("score", ["1.2", "75.41", "nan", "much"])
def test_what_is_no_score_is_refused(score: str, drawn: DrawnProject, command: Command) -> None:
    drawn.add_run("one", seed=1)
    said = command("score", "one", score)
    assert said.code == 2
    assert "expected a number from 0 to 1" in said.err
    assert load_events() == []


def test_a_run_without_a_submission_has_no_score(drawn: DrawnProject, command: Command) -> None:
    (drawn.add_run("one", seed=1) / "submission.csv").unlink()
    for run in ("one", "two"):
        said = command("score", run, "0.7")
        assert said.code == 2
        assert f"outputs/runs/{run}: no submission there" in said.err
    assert command("leaderboard").code == 2


def test_a_score_belongs_to_what_was_submitted(drawn: DrawnProject, command: Command) -> None:
    folder = drawn.add_run("one", seed=1)
    set_score(folder, 0.5)
    submitted = json.loads((folder / "submission.json").read_text())["submission_sha256"]
    append_event(
        Event("2026-01-31T09:30:00Z", "submit", "one", "drawn", submitted, "0.5", "", "mask", "")
    )
    drawn.add_run("one", seed=2)
    set_score(folder, 0.6)
    said = command("score", "one", "0.7")
    assert said.code == 0
    assert "has changed since it was submitted" in said.err
    assert load_events()[-1].sha256 == submitted
    row = find_row(command("leaderboard").out, "one")
    # the out-of-fold score of that time
    assert row[:3] == ["one", "0.6000", "0.7000"] or row[:3] == ["one", "0.5000", "0.7000"]
    assert row[-3:] == ["submission", "changed", "since"]


def test_a_run_whose_folder_is_gone_stays_in_the_table(
    drawn: DrawnProject, command: Command
) -> None:
    set_score(drawn.add_run("one", seed=1), 0.5)
    assert command("score", "one", "0.48").code == 0
    shutil.rmtree("outputs/runs/one")
    row = find_row(command("leaderboard").out, "one")
    assert row == ["one", "0.5000", "0.4800", "-0.0200", "its", "folder", "is", "gone"]


def test_a_lead_within_the_noise_is_warned_of(drawn: DrawnProject, command: Command) -> None:
    """Two runs alike: on thirty people the leaderboard cannot tell which is better."""
    set_score(drawn.add_run("ours", seed=1), 0.51)
    set_score(drawn.add_run("theirs", seed=2), 0.50)
    command("score", "ours", "0.60")
    command("score", "theirs", "0.62")
    said = command("leaderboard")
    assert (
        "theirs is ahead of ours by 0.0200 on the public leaderboard only, within its noise"
        in said.err
    )
    assert "drawn from out of fold, 30 people" in said.err
    command("score", "theirs", "0.95")
    assert "beyond its noise" in command("leaderboard").err
    command("score", "theirs", "0.55")
    assert command("leaderboard").err == ""


def test_with_enough_runs_the_noise_is_that_of_the_residuals(
    drawn: DrawnProject, command: Command
) -> None:
    scores = [(0.50, 0.45), (0.52, 0.47), (0.54, 0.49), (0.56, 0.51), (0.58, 0.54), (0.60, 0.53)]
    for number, (out_of_fold, public) in enumerate(scores):
        set_score(drawn.add_run(f"run{number}", seed=number), out_of_fold)
        command("score", f"run{number}", str(public))
        printed = command("leaderboard").out
        assert ("public = " in printed) == (number >= 2)
    said = command("leaderboard")
    # by hand: slope 0.0063/0.0070, residuals of 0.0147 and -0.0133 at the two last, squares
    # 0.000413 in all, four degrees of freedom
    assert "public = 0.003 + 0.90 × out of fold, give or take 0.0102" in said.out
    assert "residuals of 6 runs" in said.err
    assert "run4 is ahead of run5 by 0.0100" in said.err


def test_two_submissions_that_differ_are_proposed(drawn: DrawnProject, command: Command) -> None:
    good = Skill(signal=6)
    set_score(drawn.add_run("best", seed=1, skill=good), 0.8)
    shutil.copytree("outputs/runs/best", "outputs/runs/alike")
    set_score(Path("outputs/runs/alike"), 0.79)
    printed = command("leaderboard").out
    assert "final submission 1: best, the best out of fold" in printed
    assert "final submission 2: none yet; the others differ in 0%" in printed
    set_score(drawn.add_run("other", seed=2), 0.6)
    set_score(drawn.add_run("forced", seed=3), 0.7)
    record = Path("outputs/runs/forced/submission.json")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"overridden": ["order"]}))
    assert "final submission 2: other, the best of those" in command("leaderboard").out


def test_one_run_is_no_choice(drawn: DrawnProject, command: Command) -> None:
    drawn.add_run("one", seed=1)
    printed = command("leaderboard").out
    assert "drawn: 1 run\n" in printed
    assert "there is only one\n" in printed
    assert "final submission 1" not in printed
    (Path("outputs/runs/one") / "scores.json").unlink()
    assert "there is no run\n" in command("leaderboard").out


def test_damage_of_one_run_is_named_and_leaves_the_others(
    drawn: DrawnProject, command: Command
) -> None:
    for number, name in enumerate(("one", "two", "bad")):
        set_score(drawn.add_run(name, seed=number), 0.5 + number / 10)
    for name in ("scores.json", "submission.json"):
        (Path("outputs/runs/bad") / name).write_text('{"rows": NaN, "out_of_fold": []}')
    said = command("leaderboard")
    assert said.code == 0
    assert find_row(said.out, "two") == ["two", "0.6000"]
    assert "\nbad\n" in said.out
    assert "final submission 1: two" in said.out
    warned = said.err.splitlines()
    assert [line.split(": ")[1] for line in warned] == [
        "outputs/runs/bad/scores.json",
        "outputs/runs/bad/submission.json",
    ]


def test_competitions_are_apart(drawn: DrawnProject, command: Command) -> None:
    drawn.add_run("one", seed=1)
    config = drawn.add_run("two", seed=2) / "config.yaml"
    config.write_text(config.read_text().replace("name: drawn", "name: cats"))
    printed = command("leaderboard").out
    assert "cats: 1 run\n" in printed
    assert "drawn: 1 run\n" in printed


@pytest.mark.parametrize("share", ["0", "-1", "1.5"])
def test_a_share_that_is_none(share: str, drawn: DrawnProject, command: Command) -> None:
    drawn.add_run("one", seed=1)
    assert command("leaderboard", f"--public-share={share}").code == 2


def set_log_loss(folder: Path, out_of_fold: float) -> None:
    scores = {"macro_f1": 0.5, "accuracy": 0.5, "log_loss": out_of_fold}
    write_scores(folder, scores, metric="log_loss")


def test_a_leaderboard_of_log_losses_has_the_lowest_first(
    drawn: DrawnProject, command: Command
) -> None:
    for name, seed, out_of_fold, public in (("ours", 1, 1.1, "1.3"), ("theirs", 2, 1.2, "1.25")):
        set_log_loss(drawn.add_run(name, seed=seed), out_of_fold)
        assert command("score", name, public).code == 0
    said = command("leaderboard")
    assert find_row(said.out, "ours") == ["ours", "1.1000", "1.3000", "+0.2000"]
    assert said.out.index("ours ") < said.out.index("theirs ")
    assert "theirs is ahead of ours by 0.0500 on the public leaderboard only" in said.err
    assert "final submission 1: ours, the best out of fold" in said.out
    refused = command("score", "--", "ours", "-0.5")
    assert refused.code == 2
    assert "score -0.5: expected a number of 0 or more" in refused.err


def test_a_run_with_another_metric_than_most_is_warned_of(
    drawn: DrawnProject, command: Command
) -> None:
    for number in range(2):
        set_score(drawn.add_run(f"run{number}", seed=number), 0.5)
    set_log_loss(drawn.add_run("odd", seed=3), 1.5)
    said = command("leaderboard")
    assert "odd: its out-of-fold score is log loss, not macro-F1 as of most runs" in said.err
