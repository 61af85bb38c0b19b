"""A recipe that cannot be trained is refused before anything of the run is made."""

from pathlib import Path

import pytest
from tests.competition import Foldline


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
