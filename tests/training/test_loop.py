"""An epoch of training, on a network of a few hundred weights and pictures of noise."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from tests.noise import build_empty_batch, build_net, count, draw_batches
from torch import nn

from foldline.data.dataset import Batch
from foldline.errors import UserError
from foldline.learning.loss import build_loss
from foldline.training.loop import NonFiniteLossError, TrainResult, train_epoch


def train(
    model: nn.Module,
    batches: Iterable[Batch],
    accelerator: Accelerator,
    *,
    lr: float = 0.1,
    **settings: Any,
) -> TrainResult:
    defaults: dict[str, Any] = {
        "criterion": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=lr),
        "after_step": lambda: None,
    }
    return train_epoch(model, batches, accelerator=accelerator, **(defaults | settings))


def flatten(model: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_one_batch_can_be_overfitted(accelerator: Accelerator) -> None:
    model, batches = build_net(), draw_batches(6)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(40):
        result = train(model, batches, accelerator, optimizer=optimizer)
    assert result.loss < 0.02
    assert result.accuracy == 1


def test_losses_of_a_few_steps_have_not_changed(accelerator: Accelerator) -> None:
    model = build_net(norm=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = [
        train(model, draw_batches(4, 4, 2), accelerator, optimizer=optimizer, clip_norm=1.0).loss
        for _ in range(3)
    ]
    assert losses == pytest.approx([1.065074, 0.640899, 0.282688], rel=1e-4)


@pytest.mark.parametrize("num_whole", [2, 20, 45])  # losses are looked at every 20 batches
def test_loss_and_accuracy_are_means_over_pictures_with_a_short_last_batch(
    num_whole: int, accelerator: Accelerator
) -> None:
    model, batches = build_net(), draw_batches(*[3] * num_whole, 1)
    with torch.no_grad():
        logits = [model(batch.images) for batch in batches]
    losses = [
        nn.functional.cross_entropy(one, batch.labels, reduction="none")
        for one, batch in zip(logits, batches, strict=True)
    ]
    labels = torch.cat([batch.labels for batch in batches])

    result = train(model, batches, accelerator, lr=0.0)

    assert result.loss == pytest.approx(float(torch.cat(losses).mean()))
    assert result.loss != pytest.approx(np.mean([float(one.mean()) for one in losses]), rel=1e-4)
    assert result.accuracy == pytest.approx(
        float((torch.cat(logits).argmax(1) == labels).double().mean())
    )
    assert result.images == 3 * num_whole + 1


@pytest.mark.parametrize(("accumulate", "steps"), [(1, 7), (3, 3), (7, 1), (9, 1)])
def test_the_optimizer_steps_once_in_accumulate_batches(
    accelerator: Accelerator, accumulate: int, steps: int
) -> None:
    model, told = build_net(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen: list[bool] = []
    optimizer.register_step_pre_hook(lambda *_: seen.append(bool(flatten_grads(model).any())))
    train(
        model,
        draw_batches(*[2] * 7),
        accelerator,
        optimizer=optimizer,
        accumulate=accumulate,
        after_step=lambda: told.append(len(seen)),
    )
    assert seen == [True] * steps
    assert told == list(range(1, steps + 1)), "the schedule is told after each step"


def flatten_grads(model: nn.Module) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
@pytest.mark.parametrize(
    ("small", "accumulate", "large"),
    [((4, 4, 1), 3, (9,)), ((4, 4, 1), 2, (8, 1)), ((3, 3, 3, 3, 2), 2, (6, 6, 2))],
)
def test_accumulated_steps_equal_those_of_large_batches(
    accelerator: Accelerator,
    small: Sequence[int],
    accumulate: int,
    large: Sequence[int],
    class_weights: str,
) -> None:
    criterion = build_loss(
        "cross_entropy", [5, 1, 2], class_weights=class_weights, label_smoothing=0.0
    )
    one, other = build_net(), build_net()
    result = train(
        one, draw_batches(*small), accelerator, accumulate=accumulate, criterion=criterion
    )
    expected = train(other, draw_batches(*large), accelerator, criterion=criterion)
    torch.testing.assert_close(flatten(one), flatten(other))
    assert result.loss == pytest.approx(expected.loss, rel=1e-5)


@pytest.mark.parametrize("learns", [True, False])
def test_batch_norm_gathers_statistics_unless_it_is_frozen(
    accelerator: Accelerator, learns: bool
) -> None:
    model = build_net(norm=True).eval()  # as the last prediction left it
    norm = model.get_submodule("1").requires_grad_(learns)
    before = norm.state_dict()["running_mean"].clone()
    train(model, draw_batches(4), accelerator)
    assert torch.equal(norm.state_dict()["running_mean"], before) is not learns


def test_gradients_are_clipped_at_their_norm(accelerator: Accelerator) -> None:
    def moved(clip_norm: float) -> float:
        model = build_net()
        before = flatten(model)
        train(model, draw_batches(4), accelerator, lr=1.0, clip_norm=clip_norm)
        return float((flatten(model) - before).norm())

    free = moved(0.0)
    assert free > 0.1
    assert moved(0.1) == pytest.approx(0.1, rel=1e-3)
    assert moved(2 * free) == pytest.approx(free)


def test_the_schedule_is_not_told_of_a_step_that_fp16_skipped(accelerator: Accelerator) -> None:
    model, told = build_net(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.step_was_skipped = True  # type: ignore[attr-defined]
    train(
        model,
        draw_batches(2, 2),
        accelerator,
        optimizer=optimizer,
        after_step=lambda: told.append(1),
    )
    assert told == []


@pytest.mark.parametrize("cuts", [(3,), (1, 2), (2, 4)])
def test_an_epoch_in_parts_learns_what_a_whole_one_learns(
    accelerator: Accelerator, cuts: Sequence[int]
) -> None:
    """Seven batches, the last one short, two a step: four steps."""
    sizes = (2, 2, 2, 2, 2, 2, 1)

    def run(*stops: int | None) -> tuple[TrainResult, torch.Tensor]:
        model, batches = build_net(norm=True), iter(draw_batches(*sizes))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        total = TrainResult()
        for stop in stops:
            count = None if stop is None else 2 * (stop - total.steps)
            total += train(
                model,
                islice(batches, count),
                accelerator,
                optimizer=optimizer,
                accumulate=2,
                first_step=total.steps + 1,
            )
            model.eval()  # as a validation leaves it
        return total, flatten(model)

    whole, weights = run(None)
    parts, same_weights = run(*cuts, None)
    assert torch.equal(weights, same_weights)
    assert (parts.images, parts.steps) == (whole.images, whole.steps) == (13, 4)
    assert parts.loss == pytest.approx(whole.loss)
    assert parts.accuracy == pytest.approx(whole.accuracy)


def test_two_parts_of_an_epoch_count_by_their_pictures() -> None:
    both = TrainResult(6.0, 1, 4, 2) + TrainResult(3.0, 5, 8, 3)
    assert both == TrainResult(9.0, 6, 12, 5)
    assert (both.loss, both.accuracy) == (0.75, 0.5)


class BreakingLoss(nn.CrossEntropyLoss):
    """Cross entropy, but `value` at `steps`, counted from 1."""

    def __init__(self, steps: Sequence[int], value: float) -> None:
        super().__init__()
        self.steps, self.value, self.step = steps, value, 0

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        self.step += 1
        return super().forward(logits, labels) + (self.value if self.step in self.steps else 0)


@pytest.mark.parametrize(
    ("number", "steps", "span"),
    [
        (5, [5], "at step 5"),
        (5, [3, 5], "at steps 3 to 5"),
        (25, [22, 24], "at steps 22 to 24"),
        (90, [3, 20, 21], "at steps 3 to 20"),
    ],
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_the_epoch_and_names_the_steps(
    accelerator: Accelerator, number: int, steps: list[int], span: str, value: float
) -> None:
    batches, drawn = draw_batches(*[1] * number), list[int]()
    criterion = BreakingLoss(steps, value)
    with pytest.raises(NonFiniteLossError, match=f"{span}$") as caught:
        train(build_net(), count(batches, drawn), accelerator, criterion=criterion)
    assert caught.value.where == span
    assert len(drawn) <= steps[0] + 20, "a long epoch is not trained to its end"


def test_steps_are_those_of_the_optimizer_counted_over_the_epoch(
    accelerator: Accelerator,
) -> None:
    criterion = BreakingLoss([3], float("nan"))
    with pytest.raises(NonFiniteLossError, match=r"at step 12$"):
        train(
            build_net(),
            draw_batches(*[1] * 4),
            accelerator,
            criterion=criterion,
            accumulate=2,
            first_step=11,
        )


def test_the_rest_of_an_epoch_may_be_empty(accelerator: Accelerator) -> None:
    assert train(build_net(), [], accelerator, first_step=5) == TrainResult()


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_batch_without_pictures_is_the_users_to_mend(
    accelerator: Accelerator, accumulate: int
) -> None:
    batches = [*draw_batches(2), build_empty_batch()]
    with pytest.raises(UserError, match="none of the training pictures"):
        train(build_net(), batches, accelerator, accumulate=accumulate)


def test_progress_counts_pictures_and_shows_the_loss_once_it_is_known(
    accelerator: Accelerator,
) -> None:
    told: list[tuple[int, str]] = []
    train(
        build_net(),
        draw_batches(*[2] * 20, 1),
        accelerator,
        on_batch=lambda *arguments: told.append(arguments),
    )
    assert [count for count, _ in told] == [2] * 20 + [1]
    assert [note for _, note in told[:19]] == [""] * 19
    assert told[-1][1].startswith("loss 0.")


@pytest.mark.parametrize("channels_last", [False, True])
def test_pictures_come_in_the_memory_format_asked_for(
    accelerator: Accelerator, channels_last: bool
) -> None:
    model, seen = build_net(), []
    model.register_forward_pre_hook(
        lambda _, args: seen.append(args[0].is_contiguous(memory_format=torch.channels_last))
    )
    train(model, draw_batches(2), accelerator, channels_last=channels_last)
    assert seen == [channels_last]
