"""An average of runs is a run: the mean of what they answered, taken by every reader."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.competition import Said
from tests.drawn_runs import DrawnProject
from tests.written_runs import build_prepared, change_json, write_run

from foldline.errors import UserError
from foldline.metrics.metric import compute_scores
from foldline.runs.average import average_runs
from foldline.runs.begin import find_run, require_run
from foldline.runs.files import Member, Members
from foldline.runs.out_of_fold import build_out_of_fold, load_out_of_fold, save_out_of_fold
from foldline.runs.record import RunRecord
from foldline.runs.submission import SubmissionProbs, save_probs

Command = Callable[..., Said]


def average(name: str, **weights: float) -> RunRecord:
    members = tuple(Member(run=run, weight=weight) for run, weight in weights.items())
    return average_runs(name, Members(members=members))


def write_member(
    name: str, *, draw: int, ids: tuple[str, ...] = ("1", "2"), **kinds: object
) -> Path:
    path = write_run(name, draw=draw, **kinds)  # type: ignore[arg-type]
    probs = np.random.default_rng(draw).dirichlet(np.ones(2), len(ids))
    save_probs(path / "probs.csv", SubmissionProbs("id", ids, ("a", "b"), probs))
    return path


@pytest.fixture
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_in_tmp_path")
def test_an_average_is_the_weighted_mean_and_scored_like_a_trained_run() -> None:
    one = RunRecord.load(write_member("one", draw=1))
    two = RunRecord.load(write_member("two", draw=2, ids=("2", "1")))
    both = average("both", one=3, two=1)
    assert both.members is not None
    assert both.members.describe() == "0.75 one + 0.25 two"
    assert (both.problems, both.next_command, both.is_finished) == ((), None, True)

    assert one.out_of_fold is not None
    assert two.out_of_fold is not None
    assert both.out_of_fold is not None
    mean = 0.75 * one.out_of_fold.probs + 0.25 * two.out_of_fold.probs
    assert both.out_of_fold.probs == pytest.approx(mean)
    assert both.out_of_fold.table["path"].tolist() == one.out_of_fold.table["path"].tolist()
    assert one.probs is not None
    assert two.probs is not None
    assert both.probs is not None
    assert both.probs.ids == ["1", "2"]
    assert both.probs.probs == pytest.approx(0.75 * one.probs.probs + 0.25 * two.probs.probs[::-1])

    labels = both.out_of_fold.labels
    assert both.scores is not None
    assert both.scores.joined == compute_scores(labels, both.out_of_fold.probs)
    fold = both.out_of_fold.select_folds([1])
    assert both.folds[1].scores == compute_scores(fold.labels, fold.probs)
    assert both.finished == (0, 1, 2)
    assert (both.seal, both.scoring_seal, both.num_folds) == (one.seal, "b" * 64, 3)
    assert both.data_name == "pets"
    by_fold = both.out_of_fold_by_fold
    assert by_fold is not None
    assert by_fold.table["fold"].tolist() == [0] * 16 + [1] * 16 + [2] * 16


@pytest.mark.usefixtures("_in_tmp_path")
def test_the_same_members_give_the_same_bytes() -> None:
    write_member("one", draw=1)
    write_member("two", draw=2)
    folders = [average(name, one=1, two=1).path for name in ("a", "b")]
    for name in ("oof.csv", "probs.csv", "scores.json", "members.json", "environment.json"):
        first, second = ((folder / name).read_bytes() for folder in folders)
        assert first == second, name
    assert sorted(path.name for path in Path("outputs/runs").iterdir()) == ["a", "b", "one", "two"]


def move_a_person(path: Path) -> None:
    part = load_out_of_fold(path / "oof.csv")
    rows = part.table.assign(group=["x", *part.groups[1:]])
    save_out_of_fold(path / "oof.csv", build_out_of_fold(rows, part.probs, part.class_names))


def answer_others(path: Path) -> None:
    probs = np.full((2, 2), 0.5)
    save_probs(path / "probs.csv", SubmissionProbs("id", ("1", "3"), ("a", "b"), probs))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda path: (path / "oof.csv").unlink(),
            "two/oof.csv: missing; make it with: ",
        ),
        (lambda path: (path / "oof.csv").write_text("a,b\n"), "two/oof.csv: expected the columns"),
        (lambda path: (path / "probs.csv").unlink(), "two/probs.csv: missing; make it with: "),
        (lambda path: (path / "config.yaml").unlink(), "two: not a run, as it has no config.yaml"),
        (
            move_a_person,
            "one, two: cannot be averaged: part 2 has other rows than the ",
        ),
        (answer_others, "two/probs.csv: not of the test pictures and classes of outputs/runs/one"),
        (
            lambda path: change_json(path / "environment.json", scoring_seal="c" * 64),
            "only runs on the same ones can be averaged",
        ),
        (
            lambda path: change_json(path / "environment.json", scoring_seal=None),
            "two/environment.json: no scoring seal",
        ),
    ],
)
@pytest.mark.usefixtures("_in_tmp_path")
def test_what_cannot_be_averaged_leaves_no_folder(
    spoil: Callable[[Path], object], said: str
) -> None:
    write_member("one", draw=1)
    spoil(write_member("two", draw=2))
    with pytest.raises(UserError, match=re.escape(said)):
        average("both", one=1, two=1)
    assert sorted(path.name for path in Path("outputs/runs").iterdir()) == ["one", "two"]


@pytest.mark.usefixtures("_in_tmp_path")
def test_a_name_that_is_taken_or_none_is_refused() -> None:
    write_member("one", draw=1)
    write_member("two", draw=2)
    with pytest.raises(UserError, match="there is such a run already"):
        average("two", one=1)
    with pytest.raises(UserError, match="run"):
        average("a/b", one=1)


@pytest.fixture
def averaged(drawn: DrawnProject) -> RunRecord:
    """The runs `one` and `two` with their folds, and `both`, the mean of them."""
    for seed, name in enumerate(("one", "two")):
        path = drawn.add_run(name, seed=seed)
        whole = load_out_of_fold(path / "oof.csv")
        for fold in range(3):
            save_out_of_fold(path / f"fold_{fold}/oof.csv", whole.select_folds([fold]))
    both = average("both", one=1, two=1)
    assert both.probs is not None
    drawn.submit_probs(both.path, both.probs.probs)
    return RunRecord.load(both.path)


def test_every_reader_takes_an_average(averaged: RunRecord, command: Command) -> None:
    score = f"{averaged.score:.3f}"
    said = {
        words: command(*words.split())
        for words in (
            "runs",
            "show both",
            "compare one both",
            "check-submission outputs/runs/both/submission.csv",
            "score both 0.5",
            "leaderboard",
            "report",
        )
    }
    for words, one in said.items():
        assert one.code == 0, f"{words}: {one.err}"
    listed = {line.split()[0]: line for line in said["runs"].out.splitlines()}
    assert score in listed["both"]
    assert "3 of 3" in listed["both"]
    assert "0.5 one + 0.5 two" in listed["both"]
    shown = said["show both"].out
    assert shown.startswith("run both: average of 2 runs\n")
    assert f"out of fold: macro-F1 {score} (95 % " in shown
    assert "worst classes" in shown
    assert "next " not in shown
    compared = said["compare one both"].out
    assert "both − one: macro-F1 " in compared
    assert ", only folds" not in compared
    assert "average of" in compared
    assert "model.name" not in compared
    assert "nothing that stops it" in said["check-submission outputs/runs/both/submission.csv"].out
    assert f"both  {averaged.score:>11.4f}  0.5000" in said["leaderboard"].out
    page = Path("outputs/report/index.html").read_text(encoding="utf-8")
    runs = re.search(r'<script type="application/json" id="overview">(.*?)</script>', page)
    assert runs is not None
    assert {one["name"] for one in json.loads(runs[1])["runs"]} == {"one", "two", "both"}


@pytest.mark.usefixtures("_in_tmp_path")
def test_an_average_cannot_be_trained_and_has_no_networks() -> None:
    write_member("one", draw=1)
    both = average("both", one=1)
    assert both.config is not None
    for find in (find_run, require_run):
        with pytest.raises(UserError, match="outputs/runs/both: an average of other runs"):
            find(both.config, build_prepared())
