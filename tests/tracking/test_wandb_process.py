"""What wandb is asked for, in which order; a stand-in for its module takes the calls."""

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from foldline.tracking.wandb_process import (
    Patience,
    PatienceOverError,
    track,
    track_elsewhere,
)

Call = tuple[str, Any]
Said = list[tuple[str | None, str | None]]


class CommError(Exception):
    """As wandb raises it where its server does not answer."""


class FakeWandb(ModuleType):
    """Notes what it is asked; `trouble` names the call that raises."""

    errors = types.SimpleNamespace(CommError=CommError)

    def __init__(self) -> None:
        super().__init__("wandb")
        self.calls: list[Call] = []
        self.trouble: dict[str, BaseException] = {}
        self.logged_in = True
        self.summary = self
        self.settings = types.SimpleNamespace(_offline=True, base_url="http://w", sync_file="")

    def _note(self, name: str, value: Any = None) -> None:
        self.calls.append((name, value))
        if name in self.trouble:
            raise self.trouble[name]

    def login(self, **settings: Any) -> bool:
        assert settings["prompt"] is False, "nobody is there to answer"
        self._note("login")
        return self.logged_in

    def setup(self) -> "FakeWandb":
        return self

    def Settings(self, **settings: Any) -> dict[str, Any]:  # noqa: N802
        return settings

    def init(self, **settings: Any) -> "FakeWandb":
        self.settings._offline = settings["mode"] == "offline"
        self._note("init", settings)
        return self

    def define_metric(self, name: str, **settings: Any) -> None:
        self._note("metric", (name, settings))

    def log(self, row: dict[str, Any], *, step: int) -> None:
        self._note("log", (row, step))

    def update(self, values: dict[str, Any]) -> None:
        self._note("summary", values)

    def finish(self, *, exit_code: int) -> None:
        self._note("finish", exit_code)

    def teardown(self, exit_code: int) -> None:
        assert self.calls[-1] == ("finish", exit_code), "what was logged is still being written"


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWandb]:
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("WANDB_DATA_DIR", "")  # undone afterwards, as the process sets it
    return fake


def run(tmp_path: Path, *messages: dict[str, Any], mode: str = "offline") -> Said:
    """Track `messages` between a start and an end; return what was said."""
    settings = {"dir": str(tmp_path), "id": "abc", "job_type": "train", "tags": ["a"]}
    start = {"do": "start", "mode": mode, "best": {"macro_f1": "max"}, "settings": settings}
    said: Said = []
    lines = [json.dumps(message) for message in (start, *messages)]
    track(lines, lambda state, reason=None: said.append((state, reason)), Patience())
    return said


FINISH = {"do": "finish", "failed": False}


def test_a_run_is_tracked_in_order(wandb: FakeWandb, tmp_path: Path) -> None:
    row = {"epoch": 1, "macro_f1": 0.1}
    said = run(
        tmp_path,
        {"do": "log", "row": row, "step": 7},
        {"do": "summarize", "summary": {"best": 0.2}},
        FINISH,
    )
    assert said == [("offline", None), ("done", None)]
    (_, settings), *rest = wandb.calls
    quiet = settings["settings"]
    assert (quiet["silent"], quiet["console"]) == (True, "off")
    assert (settings["id"], settings["resume"], settings["tags"]) == ("abc", "allow", ["a"])
    assert rest == [
        ("metric", ("epoch", {})),
        ("metric", ("*", {"step_metric": "epoch"})),
        ("metric", ("macro_f1", {"step_metric": "epoch", "summary": "max"})),
        ("log", (row, 7)),
        ("summary", {"best": 0.2}),
        ("finish", 0),
    ]


def test_a_row_that_an_earlier_command_has_logged_is_not_logged_again(
    wandb: FakeWandb, tmp_path: Path
) -> None:
    """The first was killed: its last row arrives all the same, as the process here ends it."""
    logs = [{"do": "log", "row": {"a": step}, "step": step} for step in (3, 6, 9)]
    run(tmp_path, *logs[:2])
    run(tmp_path, *logs[1:], FINISH)
    run(tmp_path, logs[0], FINISH)
    assert [value for name, value in wandb.calls if name == "log"] == [
        ({"a": 3}, 3),
        ({"a": 6}, 6),
        ({"a": 9}, 9),
    ]


def test_a_row_that_wandb_could_not_take_comes_again(wandb: FakeWandb, tmp_path: Path) -> None:
    log = {"do": "log", "row": {"a": 1}, "step": 1}
    wandb.trouble["log"] = RuntimeError("full")
    with pytest.raises(RuntimeError):
        run(tmp_path, log)
    wandb.trouble.clear()
    run(tmp_path, log, FINISH)
    assert [name for name, _ in wandb.calls].count("log") == 2


@pytest.mark.parametrize(
    ("messages", "exit_code"), [([{"do": "finish", "failed": True}], 1), ([], 1), ([FINISH], 0)]
)
def test_a_run_that_broke_off_is_marked_so(
    messages: list[dict[str, Any]], exit_code: int, wandb: FakeWandb, tmp_path: Path
) -> None:
    run(tmp_path, *messages)
    assert wandb.calls[-1] == ("finish", exit_code)


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
    wandb.settings.sync_file = str(tmp_path / "run-abc.wandb")
    assert run(tmp_path, FINISH, mode=mode)[0] == (expected, None)
    assert dict(wandb.calls)["init"]["mode"] == expected
    assert (tmp_path / "run-abc.wandb.synced").is_file() == (expected == "online")


def test_auto_asks_the_environment_first(
    wandb: FakeWandb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    run(tmp_path, FINISH, mode="auto")
    assert dict(wandb.calls)["init"]["mode"] == "offline"


def test_online_without_a_login_says_what_to_do(wandb: FakeWandb, tmp_path: Path) -> None:
    wandb.logged_in = False
    with pytest.raises(RuntimeError, match="wandb login"):
        run(tmp_path, mode="online")
    assert "init" not in dict(wandb.calls)


def test_a_server_that_is_not_there_is_given_up_for_the_disk(
    wandb: FakeWandb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_on: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "foldline.tracking.wandb_process.track_elsewhere",
        lambda lines, say: handed_on.extend(map(json.loads, lines)),
    )
    wandb.trouble["init"] = CommError("context deadline exceeded")
    log = {"do": "log", "row": {"a": 1}, "step": 1}
    said = run(tmp_path, log, FINISH, mode="online")
    why = "http://w: CommError: context deadline exceeded"
    assert said == [("offline", f"kept on disk: make sync; {why}")]
    assert [one["do"] for one in handed_on] == ["start", "log", "finish"]
    assert (handed_on[0]["mode"], handed_on[0]["settings"]["id"]) == ("offline", "abc")
    assert handed_on[1:] == [log, FINISH]


def test_another_process_tracks_and_what_it_says_is_handed_on(tmp_path: Path) -> None:
    """Without wandb, as nothing is begun."""
    said: Said = []
    track_elsewhere([], lambda state, reason: said.append((state, reason)))
    assert said == [("done", None)]


def test_an_artifact_that_cannot_be_kept_leaves_the_figures_alone(
    wandb: FakeWandb, tmp_path: Path
) -> None:
    artifact = {"name": "fold-0", "kind": "model", "files": {}, "aliases": [], "settled": []}
    said = run(
        tmp_path,
        {"do": "save_files", "artifact": artifact, "used": False},
        {"do": "log", "row": {"a": 1}, "step": 1},
        FINISH,
    )
    assert said[1][0] is None
    assert "fold-0 not kept: AttributeError" in str(said[1][1])
    assert ("log", ({"a": 1}, 1)) in wandb.calls


def test_waiting_ends_when_patience_does() -> None:
    patience = Patience()
    patience.end()
    assert patience.is_over
    with pytest.raises(PatienceOverError), patience.waiting():
        raise AssertionError("there is no time for this")
