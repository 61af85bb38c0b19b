"""What is read of a run's folder, and what is said of damage."""

import json
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.written_runs import change_json, write_run

from foldline.config import Config
from foldline.config.recipe import dump_config
from foldline.errors import UserError
from foldline.runs.files import SubmissionRecord
from foldline.runs.listing import list_runs
from foldline.runs.record import RunRecord


def load_run(path: Path) -> RunRecord:
    record = RunRecord.load(path)
    record.require()
    return record


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_that_is_finished() -> None:
    path = write_run("one", model={"name": "resnet34"})
    run = load_run(path)
    scores = json.loads((path / "scores.json").read_text())
    assert run.config is not None
    assert (run.name, run.config.model.name) == ("one", "resnet34")
    assert (run.seal, run.scoring_seal, run.num_folds) == ("a" * 64, "b" * 64, 3)
    assert run.finished == (0, 1, 2)
    assert run.is_finished
    assert run.describe_folds() == "3 of 3"
    assert run.seconds == pytest.approx(7.5)
    assert run.scores is not None
    assert run.score == scores["out_of_fold"]["macro_f1"]
    assert run.interval == tuple(scores["out_of_fold"]["macro_f1_interval"])
    assert (sorted(run.scores.folds), run.scores.pictures) == ([0, 1, 2], 48)
    by_fold = [scores["folds"][fold]["macro_f1"] for fold in "012"]
    assert run.compute_spread(run.metric) == pytest.approx(
        (statistics.mean(by_fold), statistics.stdev(by_fold))
    )
    assert [(fold.epochs, fold.best_epoch) for fold in run.folds] == [(2, 2)] * 3
    assert run.submission is None
    assert run.next_command == "foldline infer --config outputs/runs/one/config.yaml"


def test_a_run_that_is_not() -> None:
    run = load_run(write_run("half", folds=[0, 2], train={"folds": [0, 2]}))
    assert (run.finished, run.is_finished, run.describe_folds()) == ((0, 2), False, "2 of 3")
    assert run.next_command == (
        "foldline train --config outputs/runs/half/config.yaml train.folds=null"
    )
    begun = load_run(write_run("begun", folds=[]))
    assert (begun.folds, begun.scores, begun.out_of_fold, begun.seconds) == ((), None, None, 0)
    assert not begun.is_finished


def test_a_fold_in_training_shows_its_best_epoch_so_far() -> None:
    path = write_run("one", folds=[0, 1])
    (path / "fold_1/oof.csv").unlink()
    scores = json.loads((path / "scores.json").read_text())
    del scores["folds"]["1"]
    (path / "scores.json").write_text(json.dumps(scores))
    run = load_run(path)
    assert run.finished == (0,)
    assert run.folds[1].scores is not None
    assert run.compute_spread(run.metric) is None  # one fold is scored


def test_an_older_run_has_no_scoring_seal_and_still_can_be_read() -> None:
    path = write_run("old")
    change_json(path / "environment.json", scoring_seal=None, num_folds=None)
    run = load_run(path)
    assert (run.scoring_seal, run.num_folds, run.describe_folds()) == (None, None, "3 of ?")
    assert run.is_finished


def put(name: str, text: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        (path / name).write_text(text)

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: (path / "config.yaml").unlink(), "one: not a run, as it has no config.yaml"),
        (lambda path: (path / "environment.json").unlink(), "it has no environment.json"),
        (put("config.yaml", "trian: {}"), "config.yaml: of another version of foldline"),
        (put("config.yaml", "a: ["), "config.yaml: of another version of foldline"),
        (put("environment.json", "{"), "environment.json: cannot be read"),
        (put("environment.json", "{}"), "environment.json: seal: missing"),
        (put("environment.json", '{"seal": 5}'), "environment.json: seal: expected a valid string"),
        (put("environment.json", '{"seal": "a", "num_folds": 0}'), "environment.json: num_folds: "),
    ],
)
def test_a_folder_that_is_no_run_is_named_and_never_stops_the_list(
    damage: Callable[[Path], None], said: str
) -> None:
    damage(write_run("one"))
    write_run("two")
    listed = list_runs(Path("outputs/runs"))
    with pytest.raises(UserError) as caught:
        load_run(Path("outputs/runs/one"))
    assert said in caught.value.faults[0]
    assert [run.name for run in listed.runs] == ["two"]
    assert listed.broken == (caught.value.faults[0],)


SCORES = '{"macro_f1": 0.5, "accuracy": 0.5, "log_loss": 1'
WHOLE = f'{{"folds": {{"0": {SCORES}}}}}, "pictures": 48, "out_of_fold": {SCORES}'


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("scores.json", "[", "cannot be read"),
        ("scores.json", "[]", "cannot be read: expected an object"),
        ("scores.json", '{"folds": {}}', "folds: "),
        ("scores.json", '{"folds": []}', "folds: expected an object"),
        ("scores.json", '{"folds": {"0": {"macro_f1": "x"}}}', "folds.0.macro_f1: "),
        ("scores.json", f'{WHOLE}, "macro_f1_interval": [0, NaN]}}}}', "macro_f1_interval.1: "),
        ("scores.json", f'{WHOLE}, "macro_f1_interval": [0.6, 0.4]}}}}', "lower bound first"),
        ("scores.json", WHOLE.replace("0.5", "1e400") + "}}", "macro_f1: expected a finite"),
        ("fold_1/metrics.jsonl", "{", "line 1: cannot be read"),
        ("fold_1/metrics.jsonl", "3", "line 1: cannot be read: expected an object"),
        ("fold_1/metrics.jsonl", "{}", "line 1: epoch: missing"),
        ("submission.json", "{", "cannot be read"),
        ("submission.json", '{"rows": -1}', "rows: "),
    ],
)
def test_a_damaged_file_is_named_and_costs_nothing_else(name: str, content: str, said: str) -> None:
    path = write_run("one")
    (path / "submission.csv").write_text("id,label\n")
    (path / name).write_text(content)
    write_run("two")
    listed = list_runs(Path("outputs/runs"))
    run = load_run(path)
    (problem,) = run.problems
    assert problem.startswith(f"outputs/runs/one/{name}: ")
    assert said in problem
    assert {one.name for one in listed.runs} == {"one", "two"}
    assert listed.broken == ()
    assert run.is_finished
    assert (run.scores is None) == (name == "scores.json")
    assert run.folds[1].scores is not None
    assert (run.folds[1].epochs == 0) == (name == "fold_1/metrics.jsonl")


@pytest.mark.parametrize("name", ["scores.json", "fold_0/metrics.jsonl", "submission.json"])
def test_a_folder_where_a_file_should_be_is_damage_too(name: str) -> None:
    path = write_run("one")
    (path / "submission.csv").write_text("id,label\n")
    (path / name).unlink(missing_ok=True)
    (path / name).mkdir()
    assert f"{name}: cannot be read: Is a directory" in load_run(path).problems[0]


def test_other_folders_are_no_folds() -> None:
    path = write_run("one")
    for name in ("fold_00", "fold_x", "fold_-1", "fold_٣", "fold_" + "9" * 40):
        (path / name).mkdir()
    assert [fold.fold for fold in load_run(path).folds] == [0, 1, 2]


def test_a_submission_is_described_as_far_as_is_known() -> None:
    path = write_run("one")
    (path / "submission.csv").write_text("id,label\n")
    run = load_run(path)
    assert (run.submission, run.has_submission, run.is_as_written) == (None, True, False)
    (path / "submission.json").write_text('{"rows": 0, "key of another version": 1}')
    assert load_run(path).submission == SubmissionRecord(rows=0)


def test_epochs_are_counted_where_there_are_several_validations_in_one() -> None:
    path = write_run("one")
    rows = [json.loads(line) for line in (path / "fold_0/metrics.jsonl").read_text().splitlines()]
    rows = [row | {"epoch": epoch} for epoch in (1, 2) for row in rows]
    (path / "fold_0/metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    fold = load_run(path).folds[0]
    assert (fold.epochs, fold.best_epoch, fold.seconds) == (2, 2, 5.0)


def test_a_run_is_ranked_by_its_own_metric() -> None:
    path = write_run("one", metric="log_loss")
    run = load_run(path)
    scores = json.loads((path / "scores.json").read_text())
    assert run.metric.key == "log_loss"
    assert run.score == scores["out_of_fold"]["log_loss"]
    assert run.interval == tuple(scores["out_of_fold"]["log_loss_interval"])
    assert [metric.key for metric in run.metrics] == ["log_loss", "macro_f1", "accuracy"]
    (path / "scores.json").unlink()
    assert RunRecord.load(path).metric.key == "log_loss"


def test_the_answers_of_finished_folds_are_there_before_they_are_joined() -> None:
    path = write_run("one")
    (path / "oof.csv").unlink()
    (path / "fold_1/oof.csv").unlink()
    run = RunRecord.load(path)
    assert run.out_of_fold is None
    assert run.out_of_fold_by_fold is not None
    assert run.out_of_fold_by_fold.table["fold"].tolist() == [0] * 16 + [2] * 16
    assert run.problems == ()


def test_a_damaged_file_is_a_problem_once_and_only_when_it_is_asked_for() -> None:
    path = write_run("one")
    names = ("oof.csv", "scores.json", "submission.json", "probs.csv", "members.json")
    for name in names:
        (path / name).write_text("{\n{\n")
    run = RunRecord.load(path)
    assert not run.problems
    for _ in range(2):
        assert (run.scores, run.submission, run.probs, run.members) == (None,) * 4
        assert (run.out_of_fold, run.score) == (None, None)
        assert not run.is_as_written
    assert len(run.problems) == len(names)
    for name in names:
        assert sum(problem.startswith(f"{path / name}: ") for problem in run.problems) == 1


def test_a_folder_that_is_not_there_is_a_record_of_nothing() -> None:
    run = RunRecord.load(Path("nowhere"))
    assert (run.config, run.environment, run.scores, run.submission) == (None,) * 4
    assert (run.out_of_fold, run.answers, run.probs, run.sha256) == (None,) * 4
    assert (run.folds, run.finished, run.problems) == ((), (), ())
    assert run.data_name == "unknown data"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"root": "inputs/mask"}, "mask"),
        ({"root": "inputs/mask", "name": "again"}, "again"),
        ({"root": "."}, "here"),
        ({"root": "inputs/.."}, "here"),
        ({"root": "link"}, "link"),
    ],
)
def test_everybody_calls_the_data_by_the_same_name(
    data: dict[str, str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("link").symlink_to(tmp_path / "elsewhere")
    config = Config.model_validate({"data": data})
    Path("config.yaml").write_text(dump_config(config))
    assert config.data_name == name
    assert RunRecord.load(Path()).data_name == name


def test_a_run_without_settings_has_data_that_are_not_known() -> None:
    assert RunRecord.load(Path()).data_name == "unknown data"
