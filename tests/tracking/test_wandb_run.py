"""Training goes on whatever Weights & Biases does; `wandb` itself is never imported here."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from foldline.tracking import wandb_run
from foldline.tracking.wandb_run import WandbRun

Call = tuple[str, Any]


class FakeWandb(ModuleType):
    """Notes what it is asked; `trouble` names the call that raises, or hangs until `released`."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.calls: list[Call] = []
        self.trouble: dict[str, BaseException | None] = {}
        self.released = threading.Event()
        self.may_start = threading.Event()
        self.may_start.set()
        self.logged_in = True
        self.summary = self

    def _note(self, name: str, value: Any) -> None:
        self.calls.append((name, value))
        if name in self.trouble:
            error = self.trouble[name]
            if error is None:
                self.released.wait(10)
                raise RuntimeError("too late")
            raise error

    def login(self, **settings: Any) -> bool:
        assert settings["prompt"] is False, "nobody is there to answer"
        self._note("login", None)
        return self.logged_in

    def Settings(self, **settings: Any) -> dict[str, Any]:  # noqa: N802
        return settings

    def init(self, **settings: Any) -> "FakeWandb":
        self._note("init", settings)
        self.may_start.wait(10)
        return self

    def log(self, row: dict[str, Any], *, step: int) -> None:
        self._note("log", (row, step))

    def update(self, values: dict[str, Any]) -> None:
        self._note("summary", values)

    def finish(self) -> None:
        self._note("finish", None)


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWandb]:
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")  # undone afterwards, as the run sets it
    yield fake
    fake.released.set()


def start(tmp_path: Path, reports: list[str], mode: str = "offline") -> WandbRun:
    return WandbRun(
        mode=mode,
        project="masks",
        group="resnet",
        job_type="train",
        name="resnet-fold-0",
        identity="abc123",
        config={"seed": 1},
        tags=("a", "b"),
        directory=tmp_path / "runs/resnet",
        report=reports.append,
    )


def train(track: WandbRun) -> None:
    for epoch in (1, 2):
        track.log({"macro_f1": epoch / 10}, step=epoch)
    track.summarize({"best": 0.2})
    track.finish()


def test_a_run_is_mirrored_in_order(wandb: FakeWandb, tmp_path: Path) -> None:
    reports: list[str] = []
    train(start(tmp_path, reports))
    assert reports == []
    (init, settings), *rest = wandb.calls
    assert init == "init"
    quiet = settings.pop("settings")
    assert (quiet["silent"], quiet["console"]) == (True, "off")
    assert settings == {
        "mode": "offline",
        "reinit": "create_new",  # an earlier fold's run may still be open
        "project": "masks",
        "group": "resnet",
        "job_type": "train",
        "name": "resnet-fold-0",
        "id": "abc123",
        "resume": "allow",
        "config": {"seed": 1},
        "tags": ["a", "b"],
        "dir": str(tmp_path / "runs/resnet"),
    }
    assert (tmp_path / "runs/resnet").is_dir(), "wandb would write elsewhere"
    assert rest == [
        ("log", ({"macro_f1": 0.1}, 1)),
        ("log", ({"macro_f1": 0.2}, 2)),
        ("summary", {"best": 0.2}),
        ("finish", None),
    ]


def test_a_row_is_mirrored_as_it_was_when_it_was_logged(wandb: FakeWandb, tmp_path: Path) -> None:
    wandb.may_start.clear()
    track, row = start(tmp_path, []), {"macro_f1": 0.1}
    track.log(row, step=1)
    track.summarize(row)
    row["macro_f1"] = 0.9
    wandb.may_start.set()
    track.finish()
    assert wandb.calls[1:3] == [("log", ({"macro_f1": 0.1}, 1)), ("summary", {"macro_f1": 0.1})]


@pytest.mark.parametrize(
    ("mode", "logged_in", "expected"),
    [
        ("auto", True, "online"),
        ("auto", False, "offline"),
        ("online", True, "online"),
        ("offline", True, "offline"),
    ],
)
def test_auto_is_online_where_logged_in(
    mode: str, logged_in: bool, expected: str, wandb: FakeWandb, tmp_path: Path
) -> None:
    wandb.logged_in = logged_in
    start(tmp_path, [], mode).finish()
    assert dict(wandb.calls)["init"]["mode"] == expected


def test_auto_asks_the_environment_first(
    wandb: FakeWandb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    start(tmp_path, [], "auto").finish()
    assert dict(wandb.calls)["init"]["mode"] == "offline"


def test_disabled_neither_imports_nor_starts_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)  # importing it raises
    before, reports = threading.active_count(), list[str]()
    track = start(tmp_path, reports, "disabled")
    assert threading.active_count() == before
    train(track)
    assert reports == []
    assert list(tmp_path.iterdir()) == []


def test_training_finishes_where_wandb_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    reports: list[str] = []
    train(start(tmp_path, reports))
    assert len(reports) == 1
    assert "ModuleNotFoundError" in reports[0]


@pytest.mark.parametrize("call", ["login", "init", "log", "summary", "finish"])
@pytest.mark.parametrize("error", [OSError("no\nroute"), SystemExit("key"), KeyboardInterrupt()])
def test_training_finishes_where_wandb_raises(
    call: str, error: BaseException, wandb: FakeWandb, tmp_path: Path
) -> None:
    wandb.trouble = {call: error}
    reports: list[str] = []
    track = start(tmp_path, reports, "auto")
    train(track)
    train(track)
    assert len(reports) == 1
    assert type(error).__name__ in reports[0]
    assert "\n" not in reports[0]
    assert "training goes on without it" in reports[0]
    assert [name for name, _ in wandb.calls].count(call) == 1, "it is not asked again"


@pytest.mark.parametrize("call", ["init", "log", "finish"])
def test_training_finishes_in_time_where_wandb_hangs(
    call: str, wandb: FakeWandb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wandb_run, "_PATIENCE", 0.05)
    wandb.trouble = {call: None}
    reports: list[str] = []
    track = start(tmp_path, reports)
    started = time.monotonic()
    train(track)
    train(track)
    assert time.monotonic() - started < 2
    assert len(reports) == 1
    assert "no answer within" in reports[0]
    wandb.released.set()
    track._thread.join(10)
    assert not track._thread.is_alive()
    assert len(reports) == 1, "what it says later is of no interest"


def test_a_hanging_wandb_does_not_keep_the_process_alive(wandb: FakeWandb, tmp_path: Path) -> None:
    track = start(tmp_path, [])
    assert track._thread.daemon
    track.finish()


def test_online_without_a_login_says_what_to_do(wandb: FakeWandb, tmp_path: Path) -> None:
    wandb.logged_in = False
    reports: list[str] = []
    start(tmp_path, reports, "online").finish()
    assert "init" not in dict(wandb.calls)
    assert len(reports) == 1
    assert "wandb login" in reports[0]
