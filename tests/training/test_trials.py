"""Which trials a sweep has, which of them are finished, and what happens to one on Ctrl-C."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.competition import Foldline, Said
from tests.written_runs import build_prepared, change_json, write_run

from foldline.cli import main
from foldline.config import Config
from foldline.errors import UserError
from foldline.metrics.metric import METRICS
from foldline.tracking.figures import list_figures
from foldline.training.sweep import _train
from foldline.training.trials import (
    Sweep,
    Trial,
    build_trials,
    check_figure,
    find_direction,
    load_sweep,
)

GRID = """\
method: grid
metric: {name: score, goal: maximize}
parameters:
  train.optimizer.lr: {values: [0.001, 0.01]}
  seed: {value: 7}
"""


def write_grid(text: str = GRID) -> Path:
    path = Path("grid.yaml")
    path.write_text(text)
    return path


def test_a_grid_has_every_combination_under_a_name_of_its_own(project: Path) -> None:
    trials = build_trials(
        load_sweep(write_grid(), "macro_f1"), Path("tiny.yaml"), ["train.epochs=1"]
    )
    assert [trial.describe() for trial in trials] == [
        "train.optimizer.lr=0.001 seed=7",
        "train.optimizer.lr=0.01 seed=7",
    ]
    assert [(one.config.seed, one.config.train.epochs) for one in trials] == [(7, 1)] * 2
    names = [trial.config.run for trial in trials]
    assert len(set(names)) == 2
    assert all(name.startswith("tiny-") for name in names)
    turned = write_grid(
        GRID.replace("  seed: {value: 7}\n", "").replace(
            "parameters:\n", "parameters:\n  seed: {value: 7}\n"
        )
    )
    again = build_trials(load_sweep(turned, "macro_f1"), Path("tiny.yaml"), ["train.epochs=1"])
    assert [trial.config.run for trial in again] == names, "whatever the order of the parameters"


def test_a_trial_of_a_run_in_korean_has_a_name_that_fits_a_file(project: Path) -> None:
    (trial,) = build_trials(
        Sweep(Path("g.yaml"), "score", "macro_f1", {"seed": [1]}),
        Path("tiny.yaml"),
        ["run=" + "가" * 66],
    )
    assert trial.config.run.startswith("가" * 60 + "-")
    assert len(trial.config.run.encode()) < 200


def test_what_is_wrong_in_any_trial_is_said_at_once(project: Path) -> None:
    sweep = Sweep(Path("g.yaml"), "score", "macro_f1", {"seed": [0, -1], "train.epochs": [1, "x"]})
    with pytest.raises(UserError) as caught:
        build_trials(sweep, Path("tiny.yaml"), [])
    assert caught.value.faults == (
        "g.yaml: train.epochs: expected a whole number, found 'x'",
        "g.yaml: seed: expected 0 or more, found -1",
    )


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", '{"folds": {"0": {}, "1": {}, "2": {}}, "pictures": 48}', "NaN", None],
)
def test_a_trial_whose_scores_are_damaged_is_not_finished(
    damage: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prepared = build_prepared()
    path = write_run("trial", prepared=prepared)
    trial = Trial({}, [], Config.model_validate({"run": "trial", "data": {"root": "inputs/pets"}}))
    assert trial.is_finished(prepared)
    if damage is None:
        (path / "scores.json").unlink()
    elif damage == "NaN":  # of a score, by which nothing can be ranked
        whole = json.loads((path / "scores.json").read_text())["out_of_fold"]
        change_json(path / "scores.json", out_of_fold=whole | {"macro_f1": float("nan")})
    else:
        (path / "scores.json").write_text(damage)
    assert not trial.is_finished(prepared)
    assert trial.load_scores() is None


def test_a_trial_that_was_scored_by_other_metrics_is_not_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prepared = build_prepared()
    write_run("trial", prepared=prepared)
    settings = {"run": "trial", "data": {"root": "inputs/pets"}}
    for metric, is_finished in (("macro_f1", True), ("log_loss", False)):
        trial = Trial({}, [], Config.model_validate(settings | {"metric": metric}))
        assert trial.is_finished(prepared) == is_finished
    trial = Trial({}, [], Config.model_validate(settings))
    monkeypatch.setitem(METRICS, "error", METRICS["accuracy"])
    assert not trial.is_finished(prepared), "it has no score by the metric that is new"


@pytest.mark.parametrize(
    ("metric", "folds"), [("scor", "null"), ("sd_macro_f1", "[0]"), ("macro_f1", "[1]")]
)
def test_a_metric_that_no_trial_will_have_is_refused_before_the_first_is_trained(
    metric: str, folds: str, foldline: Foldline, sweep: Callable[..., Said]
) -> None:
    assert foldline("prepare") == 0
    write_grid(GRID.replace("name: score, goal: maximize", f"name: {metric}"))
    said = sweep(f"train.folds={folds}")
    assert said.code == 2
    assert said.err.startswith(f"error: grid.yaml: metric.name: {metric} is not known; expected")
    assert "mean_macro_f1, out_of_fold_accuracy" in said.err
    assert ("sd_macro_f1" in said.err.partition("expected")[2]) == (folds == "null")
    assert not Path("outputs/runs").exists()


@pytest.mark.parametrize(
    ("metric", "name", "maximize"),
    [
        ("", "score", True),
        ("metric:\n", "score", True),
        ("metric: {name: score}\n", "score", True),
        ("metric: {goal: maximize}\n", "score", True),
        ("metric: {name: mean_accuracy, target: 0.9}\n", "mean_accuracy", True),
        ("metric: {name: out_of_fold_macro_f1_low}\n", "out_of_fold_macro_f1_low", True),
        ("metric: {name: out_of_fold_log_loss}\n", "out_of_fold_log_loss", False),
        ("metric: {name: mean_log_loss, goal: minimize}\n", "mean_log_loss", False),
        ("metric: {name: sd_macro_f1}\n", "sd_macro_f1", False),
    ],
)
def test_the_direction_follows_from_the_metric(
    metric: str, name: str, maximize: bool, tmp_path: Path
) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(f"method: grid\n{metric}parameters: {{seed: {{value: 7}}}}\n")
    sweep = load_sweep(path, "macro_f1")
    assert (sweep.figure, sweep.maximize) == (name, maximize)


def test_the_score_has_the_direction_of_its_metric(tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text("method: grid\nparameters: {seed: {value: 7}}\n")
    assert not load_sweep(path, "log_loss").maximize
    path.write_text("method: grid\nmetric: {goal: maximize}\nparameters: {seed: {value: 7}}\n")
    with pytest.raises(UserError, match="as less score is better; write goal: minimize"):
        load_sweep(path, "log_loss")


def test_every_figure_says_which_is_better_or_is_no_metric() -> None:
    ways = {name: find_direction(name, "macro_f1") for name in list_figures(3, "macro_f1")}
    assert [name for name, way in ways.items() if way is None] == [
        "folds_scored",
        "pictures",
    ]
    down = {name for name, way in ways.items() if way == "minimize"}
    assert down == {name for name in ways if name.endswith("log_loss") or name.startswith("sd_")}


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (
            "{name: score, goal: minimize}",
            "metric.goal: minimize would name the worst trial the winner, as more score is better; "
            "write goal: maximize, or leave it out",
        ),
        ("{goal: minimize}", "metric.goal: minimize would name the worst"),
        ("{name: mean_log_loss, goal: maximize}", "write goal: minimize, or leave it out"),
        ("{name: sd_accuracy, goal: maximize}", "write goal: minimize"),
        ("{nmae: mean_log_loss}", "metric.nmae is not known; did you mean name?"),
        ("{name: score, wish: 1}", "metric.wish is not known; expected name and goal"),
        ("score", "metric: expected {name: score, goal: maximize}"),
        ("[]", "metric: expected {name: score, goal: maximize}"),
    ],
)
def test_a_goal_that_contradicts_the_metric_is_refused(
    metric: str, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(f"method: grid\nmetric: {metric}\nparameters: {{seed: {{value: 7}}}}\n")
    with pytest.raises(UserError) as caught:
        load_sweep(path, "macro_f1")
    assert caught.value.faults[0].startswith(f"{path}: ")
    assert expected in caught.value.faults[0]


@pytest.mark.parametrize(
    ("metric", "hint"),
    [
        ("scoer", "; did you mean score?"),
        ("macro_f1", "; did you mean out_of_fold_macro_f1?"),
        ("log_loss", "; did you mean out_of_fold_log_loss?"),
        ("mean_acuracy", "; did you mean mean_accuracy?"),
        ("pictures", ", sd_macro_f1"),
        ("x", ", sd_macro_f1"),
    ],
)
def test_a_metric_that_is_not_known_has_the_nearest_named(metric: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        check_figure(Sweep(Path("g.yaml"), metric, "macro_f1", {}), 2)
    assert caught.value.faults[0].startswith(f"g.yaml: metric.name: {metric} is not known; ")
    assert caught.value.faults[0].endswith(hint)


def test_a_sweep_trains_its_trials_and_names_the_winner(
    project: Path, foldline: Foldline, capfd: pytest.CaptureFixture[str]
) -> None:
    assert foldline("prepare") == 0
    write_grid(GRID.replace("[0.001, 0.01]", "[0.001]"))
    settings = ("train.folds=[0]", "train.epochs=1", "report.after_training=false")
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "--sweep", "grid.yaml", "--config", "tiny.yaml", *settings])
    said = capfd.readouterr()
    assert stop.value.code == 0, said.err
    (run,) = (project / "outputs/runs").iterdir()
    score = json.loads((run / "scores.json").read_text())["out_of_fold"]["macro_f1"]
    assert f"winner: {run.name}, score {score:.4f}: train.optimizer.lr=0.001 seed=7" in said.out
    assert "out of fold: macro-F1" in said.out, "what the training itself has printed"


# stands in for the training: it takes its time to end, as one that has something to save
SLOW_TO_END = """\
import os, pathlib, signal, sys, time

def end(*_):
    time.sleep(0.7)
    pathlib.Path("saved").touch()
    sys.exit(130)

signal.signal(signal.SIGINT, end)
pathlib.Path("ready.tmp").write_text(str(os.getpid()))
pathlib.Path("ready.tmp").rename("ready")
time.sleep(60)
"""


def test_ctrl_c_lets_the_training_end_in_its_own_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("foldline.py").write_text(SLOW_TO_END)  # found before the real one
    main_thread = threading.get_ident()

    def press_ctrl_c() -> None:
        while not Path("ready").exists():
            time.sleep(0.01)
        os.kill(int(Path("ready").read_text()), signal.SIGINT)
        signal.pthread_kill(main_thread, signal.SIGINT)

    # as the command line does it, even where the tests run in the background
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    presser = threading.Thread(target=press_ctrl_c)
    presser.start()
    try:
        assert _train(Trial({}, [], Config()), None) == 130
    finally:
        presser.join()
        signal.signal(signal.SIGINT, before)
    assert Path("saved").exists()
