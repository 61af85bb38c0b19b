"""The name of a run is enough: its own settings are taken, whatever the defaults are about."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.competition import Said, list_files
from tests.written_runs import write_run

from foldline.config import Config
from foldline.errors import UserError
from foldline.runs.settings import load_run_config

Command = Callable[..., Said]
PETS = Path("outputs/prepared/pets")


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run `one` of the competition `pets`, whose table is prepared."""
    monkeypatch.chdir(tmp_path)
    folder = write_run("one", train={"optimizer": {"name": "sgd", "momentum": 0.5}}, seed=7)
    PETS.mkdir(parents=True)
    (PETS / "summary.json").write_text("{}")
    return folder


@pytest.mark.usefixtures("pets")
def test_overrides_lie_over_the_settings_of_the_run() -> None:
    # a setting that is only known to the optimizer of the run
    overrides = ["run=one", "train.optimizer.momentum=0.7", "infer.flip=true"]
    config = load_run_config(None, overrides)
    assert (config.run, config.seed, config.prepared_dir) == ("one", 7, PETS)
    assert config.train.optimizer.model_dump()["momentum"] == 0.7
    assert config.infer.flip


def test_a_folder_that_was_renamed_is_the_run_that_it_is_called(pets: Path) -> None:
    pets.rename(pets.with_name("two"))
    config = load_run_config(None, ["run=two"])
    assert (config.run, config.seed) == ("two", 7)


def test_a_run_called_as_the_default_is_no_run_of_the_default_competition(pets: Path) -> None:
    pets.rename(pets.with_name("mask"))
    config = load_run_config(None, [])
    assert (config.run, config.prepared_dir) == ("mask", PETS)


@pytest.mark.usefixtures("pets")
def test_a_recipe_is_taken_at_its_word() -> None:
    Path("other.yaml").write_text("seed: 3\n")
    config = load_run_config(Path("other.yaml"), ["run=one"])
    assert (config.seed, config.data.root) == (3, Config().data.root)


@pytest.mark.usefixtures("pets")
def test_a_run_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"outputs/runs/on: no such run; did you mean one\?"):
        load_run_config(None, ["run=on"])
    assert load_run_config(None, ["run=on"], must_exist=False).run == "on"
    assert load_run_config(None, []) == Config()


def test_a_table_that_is_not_there_names_the_command_that_makes_it(pets: Path) -> None:
    (PETS / "summary.json").unlink()
    with pytest.raises(UserError) as caught:
        load_run_config(None, ["run=one"])
    assert caught.value.faults == (
        "outputs/prepared/pets: the table that outputs/runs/one was trained on is not there; make "
        "it with: foldline prepare --config outputs/runs/one/config.yaml",
    )


def test_every_command_on_a_run_takes_its_own_table(
    project: Path, train_once: Callable[..., None], command: Command
) -> None:
    """The default competition is `mask`, which is not there; the run is of `tiny`."""
    train_once(project, "train.epochs=1")
    runs = project / "outputs/runs"
    (runs / "tiny").rename(runs / "mask")
    for stage in ("infer", "evaluate", "report"):
        for words in ([], ["run=mask"]):
            said = command(stage, *words)
            assert said.code == 0, (stage, words, said)
    shutil.copy(runs / "mask/submission.csv", "copy.csv")
    for file in ("outputs/runs/mask/submission.csv", "copy.csv"):
        said = command("check-submission", file)
        assert said.code == 0, (file, said)
    assert (runs / "mask/report/classes.png").is_file()
    assert (project / "outputs/report/index.html").is_file()


def test_the_page_is_made_whatever_is_wrong_with_the_run(
    project: Path, train_once: Callable[..., None], command: Command
) -> None:
    train_once(project, "train.epochs=1")
    runs, page = project / "outputs/runs", project / "outputs/report/index.html"
    (runs / "tiny").rename(runs / "mask")
    shutil.rmtree(project / "outputs/prepared")
    drawn = list_files(runs)
    said = command("report", "run=mask")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "outputs/prepared/tiny: the table that outputs/runs/mask was trained on" in said.err
    assert page.is_file()
    page.unlink()
    said = command("report")
    assert said.code == 0, "nobody has asked for that run"
    assert "warning: outputs/prepared/tiny: the table that" in said.err
    assert page.is_file()
    page.unlink()
    (runs / "mask/config.yaml").write_text("train: [")
    assert command("report", "run=mask").code == 2
    assert page.is_file()
    assert list_files(runs).keys() == drawn.keys()


def test_a_run_of_another_table_is_refused_with_its_own_recipe(
    project: Path, train_once: Callable[..., None], command: Command
) -> None:
    train_once(project, "train.epochs=1")
    elsewhere = ("--config", "tiny.yaml", "data.name=other", "folds.seed=5")
    assert command("prepare", *elsewhere).code == 0
    said = command("infer", *elsewhere, "run=tiny")
    assert (said.code, said.err) == (
        2,
        "error: outputs/runs/tiny was trained on outputs/prepared/tiny, not on outputs/prepared/"
        "other; take its own settings, CONFIG=outputs/runs/tiny/config.yaml, or another name "
        "(run=tiny-2)\n",
    )


def test_a_file_of_nobody_needs_its_competition_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("copy.csv").write_text("id,label\n")
    said = command("check-submission", "copy.csv")
    assert (said.code, said.err) == (
        2,
        "error: copy.csv: the submission of no run here, and outputs/prepared/mask is not "
        "prepared; say which competition it is for: --config FILE\n",
    )
