"""What only real processes show: signals in the middle of an epoch, and two at once."""

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import forkserver
from pathlib import Path
from typing import Self

import pandas as pd
import pytest
import torch
from accelerate import Accelerator
from tests.competition import Foldline
from tests.noise import build_batch
from torch import distributed, nn
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from foldline.cli import main
from foldline.data.dataset import Batch
from foldline.training.loop import train_epoch

# so many epochs that a signal comes long before the last one, which is the best by this score
_SETTINGS = ("train.folds=[0]", "train.epochs=8", "train.batch_size=2", "train.monitor=log_loss")

_FORKS = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module", autouse=True)
def _import_once() -> None:
    """A process to fork trainings from, which has imported what takes seconds and has run nothing.

    One may be there already that other tests have had pictures checked with; it is stopped.
    """
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
    _FORKS.set_forkserver_preload(["foldline.training.run", __name__])
    forkserver.ensure_running()


class Training:
    """A training by `train` in a process of its own, in the current folder; ended with its block.

    The process has the environment of this one.
    """

    def __init__(self, train: Callable[..., None], *settings: str) -> None:
        self._log = Path("training.log").absolute()
        self._log.touch()
        self._process = _FORKS.Process(target=train, args=(self._log, dict(os.environ), settings))

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.is_alive():
            self.send(signal.SIGCONT)
            self._process.terminate()
            self._process.join(timeout=10)
            self._process.kill()

    def wait_for(self, path: Path) -> None:
        deadline = time.monotonic() + 120
        while not path.exists():
            assert self._process.is_alive(), self._log.read_text()
            assert time.monotonic() < deadline, f"{path} did not appear"
            time.sleep(0.005)

    def send(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def wait(self) -> tuple[int | None, str]:
        """How it ended, and what it said."""
        self._process.join(timeout=120)
        return self._process.exitcode, self._log.read_text()


def train_alone(log: Path, environment: dict[str, str], settings: tuple[str, ...]) -> None:
    os.environ.update(environment)
    with log.open("a") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    main(["train", "--config", "tiny.yaml", *settings])


def train_in_two(log: Path, environment: dict[str, str], settings: tuple[str, ...]) -> None:
    """In two processes under torch's elastic agent, as `torchrun` starts them."""
    two = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=2,
        run_id="pair",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="127.0.0.1",  # this machine's name may lead nowhere
        max_restarts=0,
        start_method="fork",
    )
    elastic_launch(two, train_alone)(log, environment, settings)


def draw_shares(rank: int) -> list[Batch]:
    """Three batches of two pictures for each of two processes."""
    random = torch.Generator().manual_seed(rank)
    images = torch.randn(3, 2, 3, 1, 1, generator=random)
    labels = torch.tensor([rank, 1])
    return [build_batch(one, labels, labels) for one in images]


def build_net() -> tuple[nn.Module, torch.optim.Optimizer]:
    """A network of six weights that are all 1."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False))
    nn.init.ones_(model.get_parameter("1.weight"))
    return model, torch.optim.SGD(model.parameters(), lr=1.0)


def learn_as_one_of_two(log: Path, environment: dict[str, str], settings: tuple[str, ...]) -> None:
    """Learn a share of three batches, two a step, and write the weights."""
    (rank,) = settings
    launched = {"WORLD_SIZE": "2", "RANK": rank, "LOCAL_WORLD_SIZE": "2", "LOCAL_RANK": rank}
    os.environ.update(environment | launched | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"})
    with log.open("a") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    distributed.init_process_group(
        "gloo",
        init_method=log.with_name("meeting").as_uri(),  # needs neither a port nor a name
        rank=int(rank),
        world_size=2,
        timeout=timedelta(seconds=60),
    )
    accelerator = Accelerator(cpu=True, mixed_precision="no")
    model, optimizer = build_net()
    prepared, prepared_optimizer = accelerator.prepare(model, optimizer)
    train_epoch(
        prepared,
        draw_shares(int(rank)),
        criterion=nn.CrossEntropyLoss(),
        optimizer=prepared_optimizer,
        after_step=lambda: None,
        accelerator=accelerator,
        accumulate=2,
    )
    torch.save(model.get_parameter("1.weight").detach(), log.with_name(f"{rank}.pt"))
    distributed.destroy_process_group()


def test_two_processes_that_accumulate_learn_what_one_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their weights are the same after a step of two batches and one of a single batch."""
    monkeypatch.chdir(tmp_path)
    with Training(learn_as_one_of_two, "0") as first, Training(learn_as_one_of_two, "1") as second:
        for training in (first, second):
            code, said = training.wait()
            assert code == 0, said
    weights = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    assert torch.equal(*weights)

    model, optimizer = build_net()
    shares = draw_shares(0), draw_shares(1)
    for batches in (slice(0, 2), slice(2, 3)):
        step = [batch for share in shares for batch in share[batches]]
        logits = model(torch.cat([batch.images for batch in step]))
        loss = nn.functional.cross_entropy(logits, torch.cat([batch.labels for batch in step]))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    torch.testing.assert_close(weights[0], model.get_parameter("1.weight").detach())


# of three steps an epoch, so that best.pt is there before an epoch is over
_MID_EPOCH = ("train.epochs=6", "train.validation.every=1 step")


@pytest.mark.parametrize(
    ("sent", "awaited", "more"),
    [
        (signal.SIGINT, "last.pt", ()),
        (signal.SIGKILL, "last.pt", ()),
        (signal.SIGKILL, "best.pt", _MID_EPOCH),
    ],
)
def test_a_killed_fold_ends_like_one_that_ran_through(
    sent: signal.Signals,
    awaited: str,
    more: tuple[str, ...],
    *,
    project: Path,
    foldline: Foldline,
    train_once: Callable[..., None],
) -> None:
    settings = (*_SETTINGS, *more)
    train_once(project, *settings, "run=whole")
    runs = project / "outputs/runs"
    with Training(train_alone, *settings, "run=killed") as training:
        training.wait_for(runs / "killed/fold_0" / awaited)
        training.send(sent)
        code, said = training.wait()
    assert code == (130 if sent == signal.SIGINT else -signal.SIGKILL), said
    assert "Traceback" not in said
    assert not (runs / "killed/fold_0/oof.csv").exists(), "it must be killed before its end"

    assert foldline("train", *settings, "run=killed") == 0
    for name in ("best.pt", "oof.csv"):
        killed, whole = runs / "killed/fold_0" / name, runs / "whole/fold_0" / name
        assert killed.read_bytes() == whole.read_bytes(), name
    assert not list(runs.rglob("*.tmp")), "nothing half-written is left"


def test_two_trainings_of_one_run_share_its_folds(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("prepare") == 0
    run = project / "outputs/runs/shared"
    # so many epochs that it is stopped long before its end, where it would hold the run's lock
    settings = ("train.epochs=12", "train.batch_size=2", "report.after_training=false")
    with Training(train_alone, *settings, "train.folds=[0]", "run=shared") as training:
        training.wait_for(run / "fold_0/last.pt")
        training.send(signal.SIGSTOP)
        assert foldline("train", *settings, "train.folds=[0]", "run=shared") == 2
        assert "fold 0: another process is training it" in capsys.readouterr().err
        assert foldline("train", *settings, "train.folds=[1]", "run=shared") == 0
        training.send(signal.SIGCONT)
        code, said = training.wait()
    assert code == 0, said
    scores = json.loads((run / "scores.json").read_text())
    assert scores["folds"].keys() == {"0", "1"}
    assert len(pd.read_csv(run / "oof.csv")) == scores["pictures"] == 12


def test_two_processes_train_one_fold_and_score_like_one(
    project: Path, foldline: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same weights, same answers; no picture of an uneven half counted twice."""
    settings = (
        "folds.number=3",
        "train.folds=[0]",
        "train.batch_size=2",
        "train.accumulate=2",
        "train.validation.every=1 step",
        "infer.batch_size=3",
    )
    (project / "inputs/tiny/train/images/000001_male_Asian_25/normal.jpg").unlink()
    assert foldline("prepare", *settings) == 0
    # whatever order they come in, some batches of one process or the other are now too small
    rows = pd.read_csv(project / "outputs/prepared/tiny/train.csv")
    for path in rows[rows["fold"] != 0]["path"].iloc[:5]:
        (project / "inputs/tiny" / path).write_bytes(b"")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    with Training(train_in_two, *settings, "run=pair") as training:
        code, said = training.wait()
    assert code == 0, said
    assert "2 processes" in said
    assert said.count("out of fold") == 1, "only the main process speaks"

    oof = project / "outputs/runs/pair/fold_0/oof.csv"
    two = pd.read_csv(oof)
    assert two["path"].is_unique
    oof.unlink()
    assert foldline("train", *settings, "run=pair") == 0  # answers again, alone, by best.pt
    one = pd.read_csv(oof)
    pd.testing.assert_frame_equal(one, two, rtol=1e-6)
