"""A project folder with a tiny competition, and the command line run inside the test."""

import shutil
from collections.abc import Callable
from contextlib import chdir
from functools import cache, partial
from pathlib import Path

import pytest
from tests.competition import Foldline, Said, write_competition
from tests.drawn_runs import DrawnProject, draw_project

from foldline.cli import main

# a dozen layers: what a training costs beside its network is what the tests wait for; what `auto`
# would find out about the machine is said
RECIPE = """\
data: {root: inputs/tiny, image_size: [32, 24]}
folds: {number: 2}
model:
  name: shufflenet_v2_x0_5
  arguments: {stages_repeats: [1, 1, 1], stages_out_channels: [8, 16, 32, 64, 128]}
  weights: none
train:
  {epochs: 2, batch_size: 4, patience: 0, optimizer: {lr: 1e-3}, precision: fp32, workers: 0}
report: {after_training: false}
track: {mode: disabled}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with `inputs/tiny` and `tiny.yaml`, made the current one."""
    _write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    # git of the test's folder, not of this project
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


@pytest.fixture
def foldline(project: Path) -> Foldline:
    """Run one command in `project` with `tiny.yaml`; gives the exit code."""
    return _run_stage


@pytest.fixture(scope="session")
def train_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Give a project the outputs of prepare and train; each setting is trained only once."""

    @cache
    def train(*overrides: str) -> Path:
        folder = tmp_path_factory.mktemp("trained")
        _write_project(folder)
        with chdir(folder):
            for stage in ("prepare", "train"):
                assert _run_stage(stage, *overrides) == 0
        return folder / "outputs"

    def give(project: Path, *overrides: str) -> None:
        shutil.copytree(train(*overrides), project / "outputs")

    return give


@pytest.fixture
def keep_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every training were killed between its end and the shrinking of `last.pt`."""
    monkeypatch.setattr("foldline.training.run.shrink_last", lambda folder: None)


@pytest.fixture
def sweep(command: Callable[..., Said]) -> Callable[..., Said]:
    """Run the sweep of `grid.yaml` with `tiny.yaml`."""
    return partial(command, "sweep", "--sweep", "grid.yaml", "--config", "tiny.yaml")


def _write_project(folder: Path) -> None:
    write_competition(folder / "inputs/tiny")
    (folder / "tiny.yaml").write_text(RECIPE)


def _run_stage(stage: str, *overrides: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main([stage, "--config", "tiny.yaml", *overrides])
    return int(stop.value.code or 0)


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DrawnProject:
    """A project without pictures, made the current one; runs are drawn, not trained."""
    monkeypatch.chdir(tmp_path)
    return draw_project(tmp_path)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run one command in the current folder; gives exit code, output and errors."""

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        return Said(int(stop.value.code or 0), *capsys.readouterr())

    return run
