"""A grid of two parameters, trained by whoever is started, each trial under a name of its own."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.competition import Foldline, Said
from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

from foldline.config.recipe import load_config
from foldline.data.prepared import load_prepared
from foldline.files import write_json, write_text
from foldline.runs.begin import begin_run
from foldline.training.sweep import run_sweep
from foldline.training.trials import Trial

GRID = """\
method: grid
metric: {name: score, goal: maximize}
parameters:
  train.optimizer.lr: {values: [0.001, 0.01]}
  train.loss.label_smoothing: {values: [0.0, 0.1]}
"""
SETTINGS = ("train.folds=[0]",)


@pytest.fixture
def grid(project: Path) -> Path:
    path = project / "grid.yaml"
    path.write_text(GRID)
    return path


@pytest.fixture
def trainers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Trials leave what training would, without a network; gives who trained, one a trial.

    A smaller learning rate and less smoothing score better; a learning rate above 1 fails.
    """
    threads: list[int] = []

    def train(trial: Trial, config_path: Path | None) -> int:
        threads.append(threading.get_ident())
        time.sleep(0.2)
        settings: Any = trial.config.train
        if settings.optimizer.lr > 1:
            return 2
        run = begin_run(trial.config, load_prepared(trial.config.prepared_dir), "cpu")
        write_text(run.fold(0).oof, "")
        scores = dict.fromkeys(("macro_f1", "accuracy", "log_loss"), 0.0)
        scores["macro_f1"] = 0.7 - settings.optimizer.lr - settings.loss.label_smoothing
        scores["log_loss"] = scores["macro_f1"]
        whole = {**scores, "macro_f1_interval": [0.6, 0.8]}
        write_json(run.scores, {"folds": {"0": scores}, "out_of_fold": whole, "pictures": 1})
        return 0

    monkeypatch.setattr("foldline.training.sweep._train", train)
    return threads


def test_two_agents_share_the_trials_and_name_the_same_winner(
    foldline: Foldline, grid: Path, trainers: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("prepare") == 0
    agents = [
        threading.Thread(target=run_sweep, args=(grid, Path("tiny.yaml"), SETTINGS))
        for _ in range(2)
    ]
    for agent in agents:
        agent.start()
    for agent in agents:
        agent.join()
    runs = sorted(path.parent.name for path in Path("outputs/runs").glob("*/scores.json"))
    assert len(runs) == len(trainers) == 4, "each trial is trained once"
    assert len(set(trainers)) == 2, "both agents had a part"
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("winner: ")]
    assert len(said) == 2
    assert said[0] == said[1]
    winner = said[0].split()[1].rstrip(",")
    assert said[0].endswith("0.6990: train.optimizer.lr=0.001 train.loss.label_smoothing=0.0")
    settings: Any = load_config(Path("outputs/runs", winner, "config.yaml")).train
    assert (settings.optimizer.lr, settings.loss.label_smoothing) == (0.001, 0.0)
    head, *rows = Path("outputs/sweeps/tiny/trials.tsv").read_text().splitlines()
    assert head.split("\t")[0] == "trial"
    assert rows[0].split("\t")[0] == winner
    assert sorted(row.split("\t")[0] for row in rows) == runs


@pytest.mark.parametrize(
    ("metric", "winner"),
    [
        ("", "lr=0.001 train.loss.label_smoothing=0.0"),
        ("metric: {name: out_of_fold_log_loss}\n", "lr=0.01 train.loss.label_smoothing=0.1"),
    ],
)
@pytest.mark.usefixtures("trainers")
def test_the_best_wins_where_no_goal_is_given_and_when_it_is_asked_again(
    metric: str, winner: str, foldline: Foldline, grid: Path, sweep: Callable[..., Said]
) -> None:
    """The trials that score better have, here, the higher log loss as well."""
    grid.write_text(GRID.replace("metric: {name: score, goal: maximize}\n", metric))
    assert foldline("prepare") == 0
    for _ in range(2):
        said = sweep(*SETTINGS)
        assert said.code == 0, said.err
        assert said.out.split("winner: ")[1].splitlines()[0].endswith(winner)
        name = said.out.split("winner: ")[1].partition(",")[0]
        _, first, *_ = Path("outputs/sweeps/tiny/trials.tsv").read_text().splitlines()
        assert first.split("\t")[0] == name
    assert "4 of them finished before" in said.out


@pytest.mark.usefixtures("grid", "trainers")
def test_trials_that_are_scored_on_other_folds_are_said_to_be(
    foldline: Foldline, sweep: Callable[..., Said]
) -> None:
    assert foldline("prepare") == 0
    assert sweep(*SETTINGS).err == ""
    path = min(Path("outputs/runs").glob("*/scores.json"))
    scores = json.loads(path.read_text())
    scores["folds"]["1"] = scores["folds"]["0"]
    write_json(path, scores)
    said = sweep(*SETTINGS)
    assert said.code == 0
    assert "warning: not all trials are scored on the same folds" in said.err
    assert f"{path.parent.name} on 0 1" in said.err


@pytest.mark.usefixtures("grid")
def test_finished_trials_are_kept_and_a_failed_one_is_named(
    project: Path, foldline: Foldline, trainers: list[int], sweep: Callable[..., Said]
) -> None:
    (project / "grid.yaml").write_text(GRID.replace("0.001", "10.0"))
    assert foldline("prepare") == 0
    said = sweep(*SETTINGS)
    assert said.code == 2
    assert said.err.count("failed (train.optimizer.lr=10.0 ") == said.err.count("\n") == 2
    assert "winner: " in said.out
    assert "lr=0.01" in said.out.split("winner: ")[1]
    assert len(trainers) == 4
    (project / "grid.yaml").write_text(GRID)
    said = sweep(*SETTINGS)
    assert (said.code, "2 of them finished before" in said.out) == (0, True)
    assert len(trainers) == 6


@pytest.mark.usefixtures("grid")
def test_ctrl_c_ends_the_sweep_and_keeps_what_is_finished(
    foldline: Foldline, sweep: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert foldline("prepare") == 0
    monkeypatch.setattr("foldline.training.sweep._train", lambda trial, config_path: 130)
    said = sweep(*SETTINGS)
    assert said.code == 130
    assert "finished trials are kept; go on with: foldline sweep" in said.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("method: bayes\nparameters: {seed: {values: [1]}}\n", "method bayes needs Weights"),
        ("method: grid\n", "expected parameters:, each with values: [...]"),
        ("method: grid\nparameters: {seed: {min: 1, max: 2}}\n", "parameters.seed: a grid needs"),
        ("method: grid\nparameters: {run: {values: [a]}}\n", "parameters.run: every trial has"),
        (
            "method: grid\nmetric: {goal: best}\nparameters: {seed: {values: [1]}}\n",
            "metric: expected {name: score, goal: maximize}",
        ),
        ("method: grid\nparameters: {train.epoch: {values: [1]}}\n", "did you mean"),
        ("[", "not YAML"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_a_line(
    text: str, expected: str, project: Path, grid: Path, sweep: Callable[..., Said]
) -> None:
    grid.write_text(text)
    said = sweep()
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert expected in said.err
    assert not (project / "outputs/sweeps").exists()


@pytest.mark.parametrize("name", ["grid", "bayes"])
def test_the_sweeps_here_start_what_they_say(name: str, tmp_path: Path) -> None:
    """Their command, as an agent of W&B puts it together, is one that this command line takes."""
    root = Path(__file__).parents[2]
    given = yaml.safe_load((root / f"configs/sweeps/{name}.yaml").read_text())
    assert given["metric"] == {"name": "score", "goal": "maximize"}
    values = {
        key: {"value": one["values"][-1] if "values" in one else one["max"]}
        for key, one in given["parameters"].items()
    }
    *shell, last = given["command"]
    assert last == "${args_no_hyphens}"
    assert shell[:2] == ["sh", "-c"]
    script = shell[2].replace("exec .venv/bin/foldline train", 'printf "%s\\n"')
    words = create_sweep_command_args({"args": values})["args_no_hyphens"]
    done = subprocess.run(
        [*shell[:2], script, *shell[3:], *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "WANDB_RUN_ID": "ab12"},
    )
    option, path, *overrides = done.stdout.splitlines()
    assert option == "--config"
    config = load_config(root / path, overrides)
    assert config.run == "sample-ab12"
    assert config.train.optimizer.lr == values["train.optimizer.lr"]["value"]
