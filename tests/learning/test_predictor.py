"""What a predictor answers, on a network of a few hundred weights and pictures of noise."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image
from tests.noise import build_batch, build_empty_batch, build_net, count, draw_batches
from torch import nn

from foldline.data.bad_pictures import BadPictures
from foldline.data.transforms import Transform
from foldline.errors import UserError
from foldline.learning import predictor
from foldline.learning.networks.model import build_model, find_head
from foldline.learning.predictor import Predictor
from foldline.learning.runtime import Runtime
from foldline.learning.views import VIEWS


def build(
    networks: Sequence[nn.Module],
    accelerator: Accelerator,
    *,
    views: Sequence[str] = ("none",),
    channels_last: bool = False,
) -> Predictor:
    transform = Transform(image_size=(6, 6), crop=None, mean=[0.5] * 3, std=[0.2] * 3)
    runtime = Runtime(accelerator, "fp32", channels_last=channels_last, workers=0)
    return Predictor(networks, transform, runtime, views=views)


@pytest.mark.parametrize("channels_last", [False, True])
def test_pictures_come_in_the_memory_format_asked_for(
    accelerator: Accelerator, channels_last: bool
) -> None:
    model, seen = build_net(), []
    model.register_forward_pre_hook(
        lambda _, args: seen.append(args[0].is_contiguous(memory_format=torch.channels_last))
    )
    build([model], accelerator, channels_last=channels_last).predict(draw_batches(2))
    assert seen == [channels_last]


def test_predict_returns_rows_ascending_and_probabilities(accelerator: Accelerator) -> None:
    model, batches = build_net(norm=True).train(), draw_batches(3, 3, 1)
    rows, probs = build([model], accelerator).predict(reversed(batches))
    assert rows.tolist() == list(range(7))
    assert probs.shape == (1, 7, 3)
    assert probs.dtype == np.float64
    np.testing.assert_allclose(probs.sum(axis=2), 1, rtol=1e-12)
    images = torch.cat([batch.images for batch in batches])
    expected = (
        model.eval()(images).softmax(1).detach()
    )  # by the running statistics, not the batch's
    np.testing.assert_allclose(probs[0], expected, rtol=1e-5)


def test_flip_averages_with_the_mirrored_picture(accelerator: Accelerator) -> None:
    model, batches = build_net(), draw_batches(4)
    mirrored = [replace(batches[0], images=batches[0].images.flip(-1))]
    _, plain = build([model], accelerator).predict(batches)
    _, mirror = build([model], accelerator).predict(mirrored)
    _, both = build([model], accelerator, views=("none", "flip")).predict(batches)
    assert not np.allclose(plain, mirror, atol=1e-2)
    np.testing.assert_allclose(both, (plain + mirror) / 2)


def test_a_new_view_is_one_entry(accelerator: Accelerator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIEWS, "quarter", lambda images: images.rot90(1, (2, 3)))
    model, (batch,) = build_net(), draw_batches(4)
    turned = replace(batch, images=batch.images.rot90(1, (2, 3)))
    views = [batch, replace(batch, images=batch.images.flip(-1)), turned]
    alone = [build([model], accelerator).predict([view])[1] for view in views]
    _, probs = build([model], accelerator, views=("none", "flip", "quarter")).predict([batch])
    np.testing.assert_allclose(probs, np.mean(alone, axis=0))
    assert not np.allclose(alone[0], alone[2], atol=1e-2)


def test_heads_of_one_network_are_averaged_over_the_views_one_by_one(
    accelerator: Accelerator,
) -> None:
    class Twins(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.nets = nn.ModuleList([build_net(), nn.Sequential(nn.Flatten(), nn.Linear(108, 2))])

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(net(images) for net in self.nets)

    twins, views = Twins(), ("none", "flip")
    _, probs = build([twins], accelerator, views=views).predict(draw_batches(3))
    assert probs.shape == (2, 3, 3)
    for net, answers in zip(twins.nets, probs, strict=True):
        _, (alone,) = build([net], accelerator, views=views).predict(draw_batches(3))
        np.testing.assert_array_equal(answers[:, : alone.shape[1]], alone)
    assert not probs[1, :, 2].any(), "zeros behind fewer classes"


def test_answering_reads_pictures_moves_the_bar_and_records_bad_ones(
    accelerator: Accelerator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    Image.new("RGB", (6, 6)).save(tmp_path / "black.png")
    moved: list[int] = []
    bar: Any = SimpleNamespace(advance=moved.append)
    bad, predictor = BadPictures("reject"), build([build_net()], accelerator)
    names = ["broken.png", "black.png"]
    rows, probs = predictor.answer(tmp_path, names, batch_size=1, bad=bad, bar=bar)
    assert (rows.tolist(), probs.shape, moved) == ([1], (1, 1, 3), [0, 1])
    bad.report("answer")
    assert "1 picture left out, such as" in capsys.readouterr().err
    with pytest.raises(UserError, match="none of the pictures could be read"):
        predictor.answer(tmp_path, names[:1], batch_size=1, bad=bad, bar=bar)


def test_several_models_share_one_pass(accelerator: Accelerator) -> None:
    models = [build_net(), nn.Sequential(nn.Flatten(), nn.Linear(108, 3))]
    drawn: list[int] = []
    _, probs = build(models, accelerator).predict(count(draw_batches(2, 2, 1), drawn))
    assert len(drawn) == 3
    for model, answers in zip(models, probs, strict=True):
        _, alone = build([model], accelerator).predict(draw_batches(2, 2, 1))
        np.testing.assert_array_equal(answers, alone[0])


def test_a_batch_whose_pictures_were_all_bad_is_passed_over(accelerator: Accelerator) -> None:
    batches = [build_empty_batch(), *draw_batches(2)]
    rows, _ = build([build_net()], accelerator).predict(batches)
    assert rows.tolist() == [0, 1]
    rows, probs = build([build_net()], accelerator).predict(batches[:1])
    assert (rows.shape, probs.shape) == ((0,), (1, 0, 0))


def test_the_shares_of_several_processes_are_put_into_order(
    accelerator: Accelerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, whole = build([build_net()], accelerator).predict(draw_batches(4))
    (batch,) = draw_batches(4)
    images, labels, rows = batch.images, batch.labels, batch.rows
    shares = [build_batch(images[rank::2], labels[rank::2], rows[rank::2]) for rank in range(2)]
    gathered: list[Any] = []

    def gather(own: list[Any]) -> list[Any]:
        gathered.extend(own)
        return gathered

    monkeypatch.setattr(predictor, "gather_object", gather)
    build([build_net()], accelerator).predict(shares[1:])
    found, probs = build([build_net()], accelerator).predict(shares[:1])
    assert found.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(probs, whole, rtol=1e-5)


def test_predicting_tells_how_many_pictures_are_done(accelerator: Accelerator) -> None:
    done: list[int] = []
    build([build_net()], accelerator).predict(
        draw_batches(3, 3, 1), on_batch=lambda count, note: done.append(count)
    )
    assert done == [3, 3, 1]


@pytest.mark.parametrize(
    ("name", "width"),
    [("squeezenet1_1", 512), ("shufflenet_v2_x0_5", 1024)],
)
def test_features_are_what_the_head_is_given(
    name: str, width: int, accelerator: Accelerator
) -> None:
    torch.manual_seed(0)
    model = build_model(name, 3)
    images = torch.randn(3, 3, 64, 64)
    rows = torch.tensor([1, 4, 7])
    batches = [build_batch(images[part], rows[part], rows[part]) for part in ([0, 1], [2])]
    done: list[int] = []
    head = find_head(model, 3)
    found, features = build([model], accelerator).extract_features(
        batches, head, on_batch=lambda n, _: done.append(n)
    )
    assert (found.tolist(), features.shape, done) == ([1, 4, 7], (3, width), [2, 1])
    layer = model.get_submodule(head)
    assert not layer._forward_pre_hooks
    if isinstance(layer, nn.Linear):
        with torch.no_grad():
            logits = layer(torch.tensor(features, dtype=torch.float32))
            assert torch.allclose(logits, model(images), atol=1e-4)
