"""Several tasks on one backbone, through the command line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from tests.competition import Said, draw

from foldline.cli import main
from foldline.data.transforms import Transform
from foldline.learning.checkpoint import load_checkpoint
from foldline.learning.networks.model import build_model, copy_state
from foldline.learning.shared_backbone import SharedBackbone

Command = Callable[..., Said]

BACKBONE = "backbone.pth"
NETWORK = (
    *("model.name=shufflenet_v2_x0_5", f"model.weights={BACKBONE}", "model.train=head"),
    *("data.scheme=folder", "data.image_size=[32, 32]", "folds.number=2", "train.epochs=1"),
    *("report.after_training=false", "track.mode=disabled"),
)
TASKS = {"color": ("blue", "green", "red"), "light": ("dark", "light"), "even": ("0", "1")}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tasks, each trained twice: saved as heads, and whole; and pictures to be answered."""
    root = tmp_path_factory.mktemp("tasks")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
        torch.manual_seed(0)
        torch.save(copy_state(build_model("shufflenet_v2_x0_5", 10)), BACKBONE)
        for task, names in TASKS.items():
            for number in range(4 * len(names)):
                label = names[number % len(names)]
                color = (60 * number % 256, 200 - 40 * len(label), 90)
                draw(root / f"inputs/{task}/train/{label}/{number}.jpg", color, seed=number)
            settings = (f"data.root=inputs/{task}", *NETWORK)
            finish("prepare", *settings)
            finish("train", *settings, f"run={task}", "train.save=head")
            finish("train", *settings, f"run={task}-whole")
    for number in range(5):
        draw(root / f"inputs/new/{number}.jpg", (50 * number, 90, 90), seed=number)
    return root


def finish(*arguments: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert not stop.value.code, arguments


@pytest.fixture
def project(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What was trained, for this test to change, made the current folder."""
    shutil.copytree(trained, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def test_heads_on_one_backbone_answer_as_their_whole_networks_do(
    project: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    forward = SharedBackbone.forward

    def count(network: SharedBackbone, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        passes.append(len(images))
        return forward(network, images)

    monkeypatch.setattr(SharedBackbone, "forward", count)
    said = command("answer", "inputs/new", *TASKS)
    assert said.code == 0, said.err
    assert "5 pictures by color, light, even; heads 6, backbones 1, " in said.out
    assert passes == [5], "three tasks in two folds each, and the backbone is computed once"
    by_heads = pd.read_csv("outputs/answers/new.csv", dtype=str)
    assert by_heads.columns.tolist() == [
        *("path", "color", "p_color", "light", "p_light", "even", "p_even")
    ]

    said = command("answer", "inputs/new", *(f"{task}-whole" for task in TASKS))
    assert "heads 6, backbones 6, " in said.out
    assert "(replaces another one)" in said.out
    by_whole = pd.read_csv("outputs/answers/new.csv", dtype=str)
    assert passes == [5]
    # to the last bit, as both are written at full precision
    assert by_heads.to_numpy().tolist() == by_whole.to_numpy().tolist()


def test_answers_are_those_computed_by_hand(project: Path, command: Command) -> None:
    assert command("answer", "inputs/new", "color", "light-whole").code == 0
    found = pd.read_csv("outputs/answers/new.csv")
    assert found["path"].tolist() == [f"{number}.jpg" for number in range(5)]
    for task, run in (("color", "color"), ("light", "light-whole")):
        probs = []
        for fold in (0, 1):
            checkpoint = load_checkpoint(Path(f"outputs/runs/{run}/fold_{fold}/best.pt"))
            assert checkpoint.class_names == TASKS[task]
            transform = Transform(**checkpoint.eval_transform)
            images = [
                transform(np.asarray(Image.open(f"inputs/new/{path}"))) for path in found["path"]
            ]
            with torch.no_grad():
                logits = checkpoint.build_model()(transform.normalize(torch.stack(images)))
            probs.append(logits.double().softmax(1).numpy())
        mean = np.mean(probs, axis=0)
        assert found[run].tolist() == [TASKS[task][answer] for answer in mean.argmax(1)]
        assert found[f"p_{run}"].to_numpy() == pytest.approx(mean.max(1), rel=1e-5)


def test_a_picture_that_cannot_be_read_has_no_answer(project: Path, command: Command) -> None:
    (project / "inputs/new/2.jpg").write_bytes(b"no picture")
    said = command("answer", "inputs/new", "color")
    assert said.code == 0
    assert "answer: 1 picture left out, such as inputs/new/2.jpg" in said.err
    found = pd.read_csv("outputs/answers/new.csv")
    assert found["color"].isna().tolist() == [False, False, True, False, False]
    assert found["p_color"].isna().tolist() == [False, False, True, False, False]


def test_what_the_user_must_change(project: Path, command: Command) -> None:
    cases = {
        ("inputs/new",): "answer: name a run or more, each once",
        ("inputs/new", "color", "color"): "answer: name a run or more, each once",
        ("inputs/new", "colour"): "outputs/runs/colour: no such run; did you mean color?",
        ("inputs/nowhere", "color"): "inputs/nowhere: no such folder",
        ("outputs/prepared", "color"): "outputs/prepared: no pictures there",
    }
    for arguments, fault in cases.items():
        said = command("answer", *arguments)
        assert (said.code, said.out) == (2, ""), arguments
        assert fault in said.err
        assert said.err.count("\n") == 1
    for path in Path("outputs/runs/even").glob("fold_*/oof.csv"):
        path.unlink()
    said = command("answer", "inputs/new", "even")
    assert (said.code, said.out) == (2, "")
    assert "outputs/runs/even: no fold is trained to the end" in said.err
    (project / BACKBONE).unlink()
    said = command("answer", "inputs/new", "color")
    assert said.code == 2
    assert f"{BACKBONE}: no such file; it is the backbone of a best.pt" in said.err
    assert not Path("outputs/answers").exists()
