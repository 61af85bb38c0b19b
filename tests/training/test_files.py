"""What a fold goes on from."""

import math
from pathlib import Path

import pytest
import torch
from tests.competition import Foldline

from foldline.runs.paths import FoldFolder
from foldline.training.files import Progress, name_kept
from foldline.training.loop import NonFiniteLossError, TrainResult

LEARNED = TrainResult(loss_sum=6.0, right=2, images=4, steps=2)
SCORES = {"macro_f1": 0.5, "accuracy": 0.25, "log_loss": 1.5}


def test_a_report_is_of_what_was_trained_since_the_last_one() -> None:
    progress = Progress()
    for _ in range(2):
        progress.add(LEARNED, 1.0)
        progress.add(LEARNED, 3.0)
        assert progress.report({"epoch": 1, "step": 4, "lr": 0.1}, SCORES) == {
            **{"epoch": 1, "step": 4, "lr": 0.1, "train_loss": 1.5, "train_accuracy": 0.5},
            **SCORES,
            **{"seconds": 4.0, "images_per_second": 2.0},
        }


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_not_finite_is_never_reported(score: float) -> None:
    progress = Progress()
    progress.add(LEARNED, 1.0)
    with pytest.raises(NonFiniteLossError, match="after the last step"):
        progress.report({}, SCORES | {"log_loss": score})


def test_progress_goes_on_from_its_state() -> None:
    progress = Progress(3, [{"epoch": 2}], LEARNED, 2.5)
    copy = Progress()
    copy.load_state_dict(progress.state_dict() | {"other": 1})
    assert copy == progress


@pytest.mark.parametrize(
    ("step", "name"), [(6, "epoch_2.pt"), (5, "epoch_2_step_5.pt"), (4, "epoch_2_step_4.pt")]
)
def test_a_kept_network_is_named_by_its_epoch_and_its_step_in_the_middle(
    step: int, name: str
) -> None:
    folder = FoldFolder(Path("fold_0"))
    assert name_kept(folder, {"epoch": 2, "step": step}, 3) == Path("fold_0", name)


@pytest.mark.usefixtures("keep_last")
def test_last_has_the_keys_that_a_fold_of_another_version_goes_on_from(
    project: Path, foldline: Foldline
) -> None:
    assert foldline("prepare") == 0
    assert foldline("train", "train.epochs=1", "train.folds=[0]") == 0
    last = torch.load(project / "outputs/runs/tiny/fold_0/last.pt", weights_only=True)
    learning = ["model", "optimizer", "schedule", "scaler", "tracker"]
    progress = ["epochs_done", "history", "unreported", "seconds", "machine"]
    assert list(last) == learning + progress
    assert last["unreported"] == {"loss_sum": 0.0, "right": 0, "images": 0, "steps": 0}
    assert list(last["machine"]) == ["processes", "precision"]
