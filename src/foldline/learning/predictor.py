"""The one way to answer pictures: in validation, in out-of-fold files and in inference."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from accelerate.utils import gather_object
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from foldline import console
from foldline.data.bad_pictures import BadPictures
from foldline.data.dataset import Batch, ImageDataset, OrderedBatches
from foldline.data.transforms import Transform
from foldline.errors import UserError
from foldline.learning.checkpoint import Checkpoint
from foldline.learning.runtime import Runtime, build_batches
from foldline.learning.shared_backbone import build_networks
from foldline.learning.views import VIEWS

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
OnBatch = Callable[[int, str], None]  # pictures done, note


def ignore_progress(count: int, note: str) -> None:
    """Show nothing."""


class Predictor:
    """Networks, and how they look at pictures: through `transform`, in each of `views`.

    A network with several heads, which returns a tuple of logits, counts as several networks.
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        transform: Transform,
        runtime: Runtime,
        *,
        views: Sequence[str] = ("none",),
    ) -> None:
        self.networks = [network.to(runtime.accelerator.device) for network in networks]
        self.transform, self.runtime = transform, runtime
        self.views = [VIEWS[name] for name in views]

    @classmethod
    def from_checkpoints(
        cls,
        checkpoints: Sequence[Checkpoint],
        runtime: Runtime,
        *,
        views: Sequence[str] = ("none",),
    ) -> "Predictor":
        """Build the networks of checkpoints that share an evaluation transform, in their order."""
        transform = Transform(**checkpoints[0].eval_transform)
        return cls(build_networks(checkpoints), transform, runtime, views=views)

    def build_batches(
        self, root: Path, paths: Sequence[str], *, batch_size: int
    ) -> "DataLoader[Batch]":
        """Return every picture once, in order and without labels, shared among the processes."""
        dataset = ImageDataset(root, paths, [0] * len(paths), self.transform)
        rank, world = self.runtime.rank, self.runtime.world
        order = OrderedBatches(len(paths), batch_size, rank=rank, world=world)
        return build_batches(dataset, order, self.runtime)

    def answer(
        self,
        root: Path,
        paths: Sequence[str],
        *,
        batch_size: int,
        bad: BadPictures,
        bar: console.Bar,
    ) -> tuple[Rows, Floats]:
        """Read and predict the pictures, moving `bar` on; `bad` records the unreadable ones.

        Raises `UserError` if none of them can be read.
        """
        batches = self.build_batches(root, paths, batch_size=batch_size)
        rows, probs = self.predict(bad.watch(batches), on_batch=self.move(bar))
        if not len(rows):
            raise UserError(f"{root}: none of the pictures could be read; mend them")
        return rows, probs

    def move(self, bar: console.Bar) -> OnBatch:
        """Return a callback that moves `bar` on by the pictures of all processes."""
        return lambda count, _: bar.advance(count * self.runtime.world)

    def predict(
        self, batches: Iterable[Batch], *, on_batch: OnBatch = ignore_progress
    ) -> tuple[Rows, Floats]:
        """Return `rows` `[N]`, ascending, and `probs` `[M, N, C]` by each of M networks.

        Each picture is read once, and its probabilities are the mean over the views. A network of
        fewer classes than the others has zeros behind its own. Several processes each do their
        share and all get the whole.
        """
        rows, probs = self._collect(batches, self._compute_probs, on_batch)
        if not len(rows):
            return rows, np.empty((len(self.networks), 0, 0))
        return rows, np.ascontiguousarray(probs.swapaxes(0, 1))

    def extract_features(
        self, batches: Iterable[Batch], layer: str, *, on_batch: OnBatch = ignore_progress
    ) -> tuple[Rows, Floats]:
        """Return `rows` `[N]`, ascending, and the input of `layer` in the first network, `[N, F]`.

        Feature maps are averaged over height and width.
        """
        (network, *_) = self.networks
        given: list[torch.Tensor] = []

        def compute(images: torch.Tensor) -> torch.Tensor:
            given.clear()
            network(images)
            features = given[0].flatten(2).mean(2) if given[0].ndim > 2 else given[0]
            return features.cpu().double()

        hook = network.get_submodule(layer).register_forward_pre_hook(
            lambda _, inputs: given.append(inputs[0])
        )
        try:
            return self._collect(batches, compute, on_batch)
        finally:
            hook.remove()

    @torch.no_grad()
    def _collect(
        self,
        batches: Iterable[Batch],
        compute: Callable[[torch.Tensor], torch.Tensor],
        on_batch: OnBatch,
    ) -> tuple[Rows, Floats]:
        """Return the rows of all processes, ascending, and each picture's result of `compute`."""
        for network in self.networks:
            network.eval()
        rows: list[int] = []
        results: list[Floats] = []
        device = self.runtime.accelerator.device
        for batch in batches:
            if len(batch.rows):
                images, _ = batch.to_device(device, channels_last=self.runtime.channels_last)
                results.extend(compute(images).numpy())
                rows.extend(batch.rows.tolist())
            on_batch(len(batch.rows), "")
        gathered: list[tuple[list[int], list[Floats]]] = gather_object([(rows, results)])
        pairs = [pair for share in gathered for pair in zip(*share, strict=True)]
        pairs.sort(key=lambda pair: pair[0])
        return np.array([row for row, _ in pairs], np.int64), np.array([one for _, one in pairs])

    def _compute_probs(self, images: torch.Tensor) -> torch.Tensor:
        """Return `[B, M, C]` float64."""
        answers: list[torch.Tensor] = []
        for network in self.networks:
            with self.runtime.accelerator.autocast():
                outputs = [network(view(images)) for view in self.views]
            heads = [one if isinstance(one, tuple) else (one,) for one in outputs]
            for of_head in zip(*heads, strict=True):  # a tensor of logits each view
                # in double precision, which not every device has
                probs = [torch.softmax(logits.cpu().double(), dim=1) for logits in of_head]
                answers.append(torch.stack(probs).mean(0))
        widest = max(answer.shape[1] for answer in answers)
        return torch.stack([F.pad(one, (0, widest - one.shape[1])) for one in answers], dim=1)
