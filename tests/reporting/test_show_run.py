"""The page of one run and the table of all, as printed."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score
from tests.written_runs import build_prepared, change_json, write_run

from foldline.files import write_json
from foldline.reporting.run_list import run_list
from foldline.reporting.show_run import run_show
from foldline.runs.out_of_fold import load_out_of_fold

Print = pytest.CaptureFixture[str]
RUNS = Path("outputs/runs")


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_finished_run_is_shown_whole(capsys: Print) -> None:
    path = write_run("one", model={"name": "resnet34"}, train={"epochs": 3})
    run_show(path)
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0] == "run one: resnet34 (imagenet), 128×96"
    assert "data      pets, sealed aaaaaaaaaaaa, scored on bbbbbbbbbbbb" in lines
    settings = [line.split()[1] for line in lines if line.startswith("setting ")]
    assert settings == ["data.root=inputs/pets", "model.name=resnet34", "train.epochs=3"]
    assert [line[0] for line in lines if line[:1].isdigit()] == ["0", "1", "2"]
    assert "next      foldline infer --config outputs/runs/one/config.yaml" in lines

    answered = load_out_of_fold(path / "oof.csv")
    by_class = f1_score(answered.labels, answered.probs.argmax(1), average=None)
    start = next(row for row, line in enumerate(lines) if line.startswith("worst classes"))
    shown = [line.rsplit(maxsplit=5)[:2] for line in lines[start + 1 : start + 4]]
    names = ["cat", "쥐, grey", "<b>dog</b>"]
    assert shown == [[names[k], f"{by_class[k]:.3f}"] for k in np.argsort(by_class)]
    right_of_first = [int(line.split()[-1]) for line in lines[start + 1 : start + 4]]
    assert sum(right_of_first) == (answered.probs.argmax(1) == answered.labels).sum()


def test_a_run_with_a_submission_says_what_made_it(capsys: Print) -> None:
    path = write_run("one")
    (path / "submission.csv").write_text("id,label\n")
    write_json(
        path / "submission.json",
        {"rows": 420, "checkpoints": [1, 2, 3], "flip": True, "truth": {"macro_f1": 0.5}},
    )
    run_show(path)
    printed = capsys.readouterr().out
    assert (
        "file      outputs/runs/one/submission.csv (420 rows, 3 networks, mirrored too, macro-F1 "
        "0.500 against the truth)\n"
    ) in printed
    assert "next " not in printed


def test_a_run_that_has_just_begun_and_one_in_between(capsys: Print) -> None:
    run_show(write_run("begun", folds=[]))
    printed = capsys.readouterr().out
    assert "next      foldline train --config outputs/runs/begun/config.yaml" in printed
    path = write_run("half", folds=[0, 1])
    (path / "fold_1/oof.csv").unlink()
    run_show(path)
    printed = capsys.readouterr().out
    assert "not finished" in printed
    assert "next      foldline train --config outputs/runs/half/config.yaml" in printed


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("oof.csv", "path,label\n"),
        ("scores.json", '{"folds": NaN}'),
        ("fold_0/metrics.jsonl", "{"),
    ],
)
def test_damage_is_named_and_the_rest_is_shown(name: str, content: str, capsys: Print) -> None:
    path = write_run("one")
    (path / name).write_text(content)
    run_show(path)
    printed = capsys.readouterr()
    assert printed.err.startswith(f"warning: outputs/runs/one/{name}: ")
    assert printed.err.count("\n") == 1
    assert "next      foldline infer" in printed.out
    assert ("worst classes" in printed.out) == (name == "fold_0/metrics.jsonl")


def test_damaged_scores_of_one_run_leave_the_others_in_the_list(capsys: Print) -> None:
    write_run("good")
    change_json(write_run("bad") / "scores.json", pictures=float("nan"))
    run_list(RUNS)
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()[:3]] == ["run", "good", "bad"]
    assert printed.err == (
        "warning: outputs/runs/bad/scores.json: pictures: expected a valid integer; "
        "make it again: foldline train --config outputs/runs/bad/config.yaml\n"
    )


def test_all_runs_in_a_table(capsys: Print) -> None:
    write_run("weak", right=0.3)
    write_run("strong", right=0.95, folds=[0, 1])
    write_run("begun", folds=[], model={"name": "vit_b_16"})
    (RUNS / "broken").mkdir()
    run_list(RUNS)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["run", "strong", "weak", "begun"]
    assert lines[0].split()[:4] == ["run", "data", "scored", "on"]
    assert lines[1].split()[1:3] == ["pets", "bbbbbbbb"]
    assert "2 of 3" in lines[1]
    assert lines[3].split()[-6:] == ["0", "0", "of", "3", "vit_b_16", "no"]
    assert lines[4] == (
        "strong: 2 of 3 folds finished; go on with: foldline train --config outputs/runs/strong/"
        "config.yaml"
    )
    assert lines[5].startswith("begun: 0 of 3 folds finished")
    assert len(lines) == 6
    assert err == "warning: outputs/runs/broken: not a run, as it has no config.yaml\n"


def test_runs_on_several_tables_are_said_to_be_so(capsys: Print) -> None:
    write_run("one")
    write_run("two", prepared=build_prepared(scoring_seal="c" * 64))
    change_json(write_run("old") / "environment.json", scoring_seal=None)
    run_list(RUNS)
    assert "where `scored on` is the same" in capsys.readouterr().out.splitlines()[-1]


def test_no_runs_yet(capsys: Print) -> None:
    run_list(RUNS)
    assert capsys.readouterr().out == (
        "no runs under outputs/runs yet; begin one with: foldline prepare && foldline train\n"
    )


def test_runs_are_listed_by_their_own_metric(capsys: Print) -> None:
    for name, right in (("weak", 0.3), ("strong", 0.95)):
        write_run(name, right=right, metric="log_loss")
    run_list(RUNS)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "strong", "weak"]
    assert "log loss" in lines[0]
    scores = json.loads((RUNS / "weak/scores.json").read_text())["out_of_fold"]
    low, high = scores["log_loss_interval"]
    assert f" {scores['log_loss']:.3f}  {low:.3f} to {high:.3f} " in lines[2]

    write_run("other")
    run_list(RUNS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[4:6] == ["metric", "score"]
    assert [line.split()[0] for line in lines[1:]] == ["other", "strong", "weak"]
    assert [" macro-F1 " in line for line in lines[1:]] == [True, False, False]


def test_a_run_is_shown_by_its_own_metric(capsys: Print) -> None:
    path = write_run("one", metric="log_loss")
    (path / "submission.csv").write_text("id,label\n")
    write_json(path / "submission.json", {"truth": {"macro_f1": 0.5, "log_loss": 1.5}})
    run_show(path)
    printed = capsys.readouterr().out
    assert "fold  log loss  macro-F1  accuracy  best epoch" in printed
    scores = json.loads((path / "scores.json").read_text())["out_of_fold"]
    assert f"out of fold: log loss {scores['log_loss']:.3f} (95 % " in printed
    assert f", macro-F1 {scores['macro_f1']:.3f}, accuracy " in printed
    assert "log loss 1.500 against the truth" in printed


def test_several_validations_in_an_epoch_are_no_epochs(capsys: Print) -> None:
    path = write_run("one", folds=[0])
    rows = (path / "fold_0/metrics.jsonl").read_text().splitlines(keepends=True)
    (path / "fold_0/metrics.jsonl").write_text("".join([rows[0], *rows]))
    run_show(path)
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("0 "))
    assert row.split()[-3:] == ["2", "2", "4"]


def test_scores_without_the_answers_they_are_of_are_shown_with_a_warning(capsys: Print) -> None:
    path = write_run("one")
    (path / "oof.csv").unlink()
    run_show(path)
    said = capsys.readouterr()
    assert "out of fold: macro-F1" in said.out
    assert "worst classes" not in said.out
    assert "outputs/runs/one/oof.csv: missing" in said.err
