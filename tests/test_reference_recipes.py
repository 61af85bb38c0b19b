"""Every reference recipe, one epoch long, on a dozen tiny pictures, through the command line."""

from pathlib import Path

import pandas as pd
import pytest
import torch
import torchvision
from tests.competition import draw, write_competition
from torch import nn

from foldline.cli import main
from foldline.config import Config, Data
from foldline.config.recipe import load_config
from foldline.learning.checkpoint import load_checkpoint, load_state, save_state
from foldline.learning.networks.model import build_model, copy_state, find_head
from foldline.runs.paths import FoldFolder, RunFolder

RECIPES = sorted((Path(__file__).parents[1] / "configs/reference").glob("*.yaml"))
SMALL = (
    *("data.image_size=[64, 64]", "folds.number=2", "train.epochs=1", "train.batch_size=4"),
    *("train.folds=[0]", "evaluate.folds=[0]", "infer.folds=[0]", "train.precision=fp32"),
    "train.validation.floor=null",  # no network reaches one in three steps
    *("report.after_training=false", "track.mode=disabled"),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("torch")


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def recipe(
    request: pytest.FixtureRequest, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A recipe in a project of its own, with all it needs in place and no network."""

    def refuse(*address: object) -> None:
        raise AssertionError(f"the network was asked: {address}")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("TORCH_HOME", str(cache))
    path: Path = request.param
    config = load_config(path)
    write_pictures(config.data)
    if not (weights := find_download(config)).exists():
        weights.parent.mkdir(parents=True, exist_ok=True)
        save_state(weights, copy_state(build_settled(config.model.name)))
    return path


def build_settled(name: str) -> nn.Module:
    """Random weights whose batch norm knows its pictures, or a deep network answers infinity."""
    torch.manual_seed(0)
    model = build_model(name, 1000).train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    model(torch.randn(8, 3, 64, 64))
    return model


def find_download(config: Config) -> Path:
    """Where torchvision looks for ImageNet weights before it downloads them."""
    url: str = torchvision.models.get_model_weights(config.model.name)["DEFAULT"].url
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]


def write_pictures(data: Data) -> None:
    """Twelve pictures as the scheme has them, of two classes or more, and three to be answered."""
    if data.scheme == "mask":
        write_competition(data.root)
        return
    for number in range(12):
        label, color = [("ants", (200, 60, 20)), ("bees", (20, 60, 200))][number % 2]
        folder = data.valid_dir if data.valid_dir and number >= 8 else data.train_dir or "train"
        name = f"{label}/{number}"
        if data.scheme == "filename":
            name = data.pattern.format(label=label, id=number)
        draw(data.root / folder / f"{name}.jpg", color, seed=number)
    for number in (10, 9, 1):
        draw(data.root / (data.test_dir or "test") / f"{number}.jpg", (90, 60, 90), seed=number)


def test_the_systems_of_the_write_ups_are_there() -> None:
    assert {path.stem[0] for path in RECIPES} >= set("abdef")


def test_a_recipe_runs_to_its_end(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = load_config(recipe, SMALL)
    keeps_every = config.train.keep == "every"
    for stage in ("prepare", "train", *(["evaluate"] if keeps_every else []), "infer"):
        with pytest.raises(SystemExit) as stop:
            main([stage, "--config", str(recipe), *SMALL])
        assert not stop.value.code, capsys.readouterr().err
    run = RunFolder(Path("outputs/runs") / recipe.stem)

    answered = pd.read_csv(run.oof)
    table = pd.read_csv(config.prepared_dir / "train.csv")
    assert answered["path"].tolist() == table[table["fold"] == 0]["path"].tolist()
    assert answered.filter(regex="^p_").sum(axis=1).to_numpy() == pytest.approx(1)
    check_weights(config, run.fold(0))
    if keeps_every:
        evaluated = pd.read_csv(run.path / "evaluation.csv")
        assert evaluated["checkpoint"].tolist() == ["epoch_1.pt"]

    submission = pd.read_csv(run.submission)
    if config.data.scheme == "mask":
        sample = pd.read_csv(config.data.root / "eval/info.csv")
        assert submission["ImageID"].tolist() == sample["ImageID"].tolist()
    else:
        assert submission["id"].tolist() == [1, 9, 10]
        assert set(submission["label"]) <= {0, 1}


def check_weights(config: Config, fold: FoldFolder) -> None:
    """Of the backbone has learned what the recipe says, and no more is saved than it says."""
    checkpoint = load_checkpoint(fold.best)
    model = checkpoint.build_model()
    head = find_head(model, len(checkpoint.class_names))
    before, after = load_state(find_download(config)), model.state_dict()
    changed = [
        key
        for key, value in after.items()
        if not key.startswith(f"{head}.") and not torch.equal(before[key], value)
    ]
    assert bool(changed) == (config.model.train != "head")
    if config.train.save == "head":
        assert all(key.startswith(f"{head}.") for key in checkpoint.state)
