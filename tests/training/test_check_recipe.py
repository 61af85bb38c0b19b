"""A recipe that cannot be trained is refused before anything of the run is made."""

from pathlib import Path

import pytest
from tests.competition import Foldline, draw


def test_what_cannot_be_trained_is_one_line(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    densenet = "model.name=densenet121"
    cases = {
        ("model.arguments={stages_repeat: [1, 1, 1]}",): "did you mean stages_repeats?",
        ("model.arguments={stages_repeats: 3}",): "stages_repeats: expected a list, found 3",
        ("model.arguments={num_classes: 3}",): "the number of classes is that of the data",
        (densenet, "model.arguments={block_config: [6, 12]}"): "expected a list of 4 values",
        (densenet, "model.arguments={growth_rate: -3}"): "densenet121 cannot be built with",
        (densenet, "model.arguments={drop_rate: 5}"): "data.image_size, model.arguments: densenet",
        (densenet, "data.image_size=[8, 8]"): "data.image_size: densenet121 cannot look at",
        (
            "model.train=haed",
        ): "model.train: 'haed' is not a block of this model; did you mean head",
        ("train.save=head",): "train.save: head is for model.train=head; with model.train=all",
        ("train.save=head", "model.train=head"): "model.weights=none draws it at random",
        ("model.weights=imagnet",): "model.weights: imagnet: no such file; expected imagenet, none",
        ("train.augment=[{name: Flop}]",): "train.augment.0: 'Flop' is not a transform",
    }
    cases[("train.batch_size=1",)] = "train.batch_size: 1 is too few for the batch norm of"
    recipe = project / "tiny.yaml"
    lines = recipe.read_text().splitlines(keepends=True)
    recipe.write_text("".join(line for line in lines if "arguments:" not in line))
    assert foldline("prepare") == 0
    for settings, fault in cases.items():
        capsys.readouterr()
        assert foldline("train", *settings) == 2, settings
        err = capsys.readouterr().err
        assert err.startswith("error: ")
        assert fault in err
        assert err.count("\n") == 1
    assert not (project / "outputs/runs").exists()


def test_a_fold_of_one_picture_is_too_few_for_batch_norm(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose batch norm is frozen, or who has none, may learn from one at a time."""
    for number, name in enumerate(("cat", "dog")):
        draw(project / f"inputs/two/train/{name}/{name}.jpg", (90 * number, 60, 120), number)
    draw(project / "inputs/two/test/1.jpg", (90, 60, 120), 2)
    settings = ("data.root=inputs/two", "data.scheme=folder")
    assert foldline("prepare", *settings) == 0
    capsys.readouterr()
    assert foldline("train", *settings) == 2
    assert "fold 0: one picture to train on is too few" in capsys.readouterr().err
    for name, change in {
        "frozen": ("model.train=head",),
        "none": ("model.name=squeezenet1_1", "model.arguments={}", "train.batch_size=1"),
    }.items():
        assert foldline("train", *settings, *change, f"run={name}", "train.epochs=1") == 0
