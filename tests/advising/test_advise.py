import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.competition import list_files

from foldline.cli import main
from foldline.learning.networks.model import build_model

NETWORK = ("model.name=squeezenet1_1", "data.image_size=[32, 32]", "infer.batch_size=8")


def draw(path: Path, color: tuple[int, int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(-20, 20, (32, 32, 3))
    stream = io.BytesIO()
    Image.fromarray(np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)).save(stream, "PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Red and blue pictures, and a file of weights that can tell them apart."""
    monkeypatch.chdir(tmp_path)
    for number in range(24):
        draw(Path(f"inputs/colors/train/red/{number}.png"), (200, 60, 60), number)
        draw(Path(f"inputs/colors/train/blue, dark/{number}.png"), (60, 60, 200), 100 + number)
    torch.manual_seed(0)
    torch.save(build_model("squeezenet1_1", 5).state_dict(), "weights.pth")
    Path("colors.yaml").write_text(
        "data: {root: inputs/colors, scheme: folder}\ntrain: {precision: fp32}\n"
    )
    return tmp_path


def run(stage: str, *overrides: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main([stage, "--config", "colors.yaml", *overrides])
    return int(stop.value.code or 0)


def test_it_measures_says_why_and_gives_the_command(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("prepare") == 0
    before = list_files(project)
    capsys.readouterr()
    assert run("advise", *NETWORK, "model.weights=weights.pth") == 0
    printed, warned = capsys.readouterr()
    assert warned == ""
    lines = printed.splitlines()
    assert lines[0] == "advise outputs/prepared/colors: squeezenet1_1 (weights.pth), 32×32"
    assert lines[1] == "pictures  48 in 2 classes, 24 to 24 a class"
    assert lines[2].startswith("size      small: 24 pictures a class on average; large from 1000")
    assert lines[3].startswith(
        "similar   yes: 1.00 (95 % by picture 1.00 to 1.00); similar from 0.5"
    )
    assert lines[6] == "rule      small and similar: model.train=head"
    assert lines[8] == (
        "command   foldline train --config colors.yaml model.name=squeezenet1_1 "
        "'data.image_size=[32, 32]' infer.batch_size=8 model.weights=weights.pth model.train=head"
    )
    assert all(len(line) <= 100 for line in lines[:8])
    assert list_files(project) == before


def test_pictures_that_cannot_be_told_apart_are_different(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(24):
        draw(Path(f"inputs/colors/train/red/{number}.png"), (60, 60, 200), number)
    assert run("prepare") == 0
    assert run("advise", *NETWORK, "model.weights=weights.pth", "run=new") == 0
    printed = capsys.readouterr().out
    assert "rule      small and different: model.train=all_but_first\n" in printed


def test_without_weights_everything_learns_and_nothing_is_looked_at(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("prepare") == 0
    (project / "inputs").rename(project / "elsewhere")
    assert run("advise", *NETWORK, "model.weights=none") == 0
    printed = capsys.readouterr().out
    assert "rule      no pretrained weights: model.train=all\n" in printed
    assert "similar" not in printed


def test_weights_that_cannot_be_had_leave_the_size(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(project / "cache"))
    # nothing listens there, whatever the machine's network
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert run("prepare") == 0
    assert run("advise", *NETWORK, "model.weights=imagenet") == 0
    printed = capsys.readouterr().out
    assert "similar   not measured: model.weights: the ImageNet weights of squeeze" in printed
    assert "rule      small, by size alone: model.train=head\n" in printed
    command, compare = printed.splitlines()[-2:]
    assert command.endswith("model.train=head run=colors-head")
    assert compare.endswith("model.train=all_but_first run=colors-all_but_first")


def test_weights_that_have_seen_the_pictures_measure_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = (*NETWORK, "train.epochs=1", "train.batch_size=8", "track.mode=disabled")
    given = ("folds.kind=holdout",)
    assert run("prepare", *given) == 0
    assert run("train", *quick, *given, "model.weights=none", "run=first") == 0
    for weights in ("outputs/runs/first/fold_{fold}/best.pt", "run:first"):
        assert run("advise", *NETWORK, *given, f"model.weights={weights}") == 0
        printed = capsys.readouterr().out
        assert "not measured: outputs/runs/first/fold_0/best.pt was trained on these" in printed


def test_what_is_validated_only_is_not_counted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        for label in ("red", "blue, dark"):
            draw(Path(f"inputs/colors/val/{label}/{number}.png"), (60, 60, 60), number)
    given = ("folds.kind=given", "data.valid_dir=val")
    assert run("prepare", *given) == 0
    assert run("advise", *NETWORK, *given, "model.weights=none") == 0
    assert "pictures  48 in 2 classes, 24 to 24 a class\n" in capsys.readouterr().out


def test_too_few_pictures_are_not_measured(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4, 24):
        Path(f"inputs/colors/train/red/{number}.png").unlink()
    assert run("prepare") == 0
    assert run("advise", *NETWORK, "model.weights=weights.pth") == 0
    printed = capsys.readouterr().out
    assert "similar   not measured: fewer than two classes have 5 pictures\n" in printed


@pytest.mark.parametrize(
    ("overrides", "fault"),
    [
        (["model.weights=gone.pth"], "model.weights: gone.pth: no such file; expected"),
        (["model.weights=imagenet", "model.name=squezenet1_1"], "did you mean squeezenet"),
        (["folds.number=4", "model.weights=none"], "prepared with folds.number=5"),
        (["data.name=other"], "outputs/prepared/other/train.csv is missing; run: foldline prepare"),
    ],
)
def test_what_train_would_refuse_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], overrides: list[str], fault: str
) -> None:
    assert run("prepare") == 0
    assert run("advise", *NETWORK, *overrides) == 2
    assert fault in capsys.readouterr().err
