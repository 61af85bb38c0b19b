"""Submitting: the file that infer wrote, once, by Kaggle's client, and written down."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.competition import Said
from tests.drawn_runs import DrawnProject
from tests.needs import needs_kaggle

from foldline.runs.leaderboard import LEADERBOARD, load_events

Command = Callable[..., Said]
ROOT = Path(__file__).parents[2]
PYTHON = sys.executable

# stands in for Kaggle's client, which needs an account: writes down what it is called with
CLIENT = """\
#!{python}
import json, pathlib, sys
pathlib.Path({calls!r}).write_text(json.dumps(sys.argv[1:]))
print({out!r})
print({err!r}, file=sys.stderr)
sys.exit({code})
"""


def put_client(
    folder: Path, *, out: str = "Successfully submitted", err: str = "", code: int = 0
) -> Path:
    """An executable `kaggle` in `folder`; gives the file of its arguments."""
    folder.mkdir(parents=True, exist_ok=True)
    calls = folder / "calls.json"
    client = folder / "kaggle"
    client.write_text(CLIENT.format(python=PYTHON, calls=str(calls), out=out, err=err, code=code))
    client.chmod(0o755)
    return calls


@pytest.fixture
def home(drawn: DrawnProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither a client nor credentials but those that the test puts there."""
    for name in list(os.environ):
        if name.startswith(("KAGGLE_", "XDG_")):
            monkeypatch.delenv(name)
    home = drawn.root / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(drawn.root / "bin"))
    monkeypatch.setattr(sys, "executable", str(drawn.root / "nowhere/python"))
    return home


@pytest.fixture
def ready(drawn: DrawnProject, home: Path, monkeypatch: pytest.MonkeyPatch) -> DrawnProject:
    """A run, and a token that is none."""
    monkeypatch.setenv("KAGGLE_API_TOKEN", "a token")
    drawn.add_run("one", seed=1)
    return drawn


@pytest.mark.parametrize(
    "message", ["plain", """it's "5" $HOME `x` \\ ;""", "마스크 첫 시도", "-m --force", "두\n줄"]
)
def test_what_was_typed_arrives_and_is_recorded(
    message: str, ready: DrawnProject, command: Command
) -> None:
    calls = put_client(ready.root / "bin")
    said = command("submit", "one", "--competition", "mask-2026", f"--message={message}")
    assert said.code == 0, said.err
    assert json.loads(calls.read_text()) == [
        *("competitions", "submit", "--competition=mask-2026"),
        "--file=outputs/runs/one/submission.csv",
        f"--message={message}",
    ]
    (event,) = load_events()
    record = json.loads((ready.root / "outputs/runs/one/submission.json").read_text())
    assert (event.event, event.run, event.data) == ("submit", "one", "drawn")
    assert (event.competition, event.message) == ("mask-2026", " ".join(message.split()))
    assert event.sha256 == record["submission_sha256"]
    assert "kaggle: Successfully submitted" in said.out


def test_without_a_message_the_run_and_its_score_are_said(
    ready: DrawnProject, command: Command
) -> None:
    calls = put_client(ready.root / "bin")
    assert command("submit", "one", "--competition", "mask").code == 0
    score = json.loads((ready.root / "outputs/runs/one/scores.json").read_text())["out_of_fold"]
    message = f"one, out of fold {score['macro_f1']:.4f}"
    assert json.loads(calls.read_text())[-1] == f"--message={message}"


def test_the_same_answers_are_not_submitted_twice(ready: DrawnProject, command: Command) -> None:
    calls = put_client(ready.root / "bin")
    assert command("submit", "one", "--competition", "mask").code == 0
    calls.unlink()
    shutil.copytree("outputs/runs/one", "outputs/runs/copy")
    for run in ("one", "copy"):
        said = command("submit", run, "--competition", "mask")
        assert said.code == 2
        assert "the same answers were submitted to mask as one at 2" in said.err
        assert not calls.exists()
    assert command("submit", "one", "--competition", "another").code == 0
    assert command("submit", "one", "--competition", "mask", "--force").code == 0
    assert len(load_events()) == 3


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ({"err": "Traceback\nValueError: 404 - Not Found", "code": 1}, "ValueError: 404 - Not F"),
        ({"out": "Could not submit to competition"}, "Could not submit to competition"),
        # ends with 0, its reason on the one stream and its bar on the other
        (
            {
                "out": "403 Client Error: Forbidden for url: https://www.kaggle.com/api/v1/x",
                "err": "\r 0%| | 0.0/5.1k [00:00<?, ?B/s]\r100%|█| 5.1k/5.1k [00:00<00:00, 9kB/s]",
            },
            "403 Client Error: Forbidden: is the name right? join the competition and accept its "
            "rules at https://www.kaggle.com/competitions/mask/rules",
        ),
        (
            {"err": "100%|██| 5.1k/5.1k [00:00<00:00, 9kB/s]", "out": "401 - no\x1b[2J", "code": 1},
            "401 - no: the token is not accepted",
        ),
        ({"out": "Authentication required to call\n\nLong help", "code": 1}, "Authentication req"),
        ({"out": "", "code": 3}, "exit code 3"),
    ],
)
def test_a_client_that_fails_is_quoted_and_nothing_recorded(
    client: dict[str, str | int], expected: str, ready: DrawnProject, command: Command
) -> None:
    put_client(ready.root / "bin", **client)  # type: ignore[arg-type]
    said = command("submit", "one", "--competition", "mask")
    assert said.code == 2
    assert expected in said.err
    assert len(said.err.splitlines()) == 1
    assert "%|" not in said.err
    assert not LEADERBOARD.exists()


def test_a_client_that_cannot_be_started(ready: DrawnProject, command: Command) -> None:
    put_client(ready.root / "bin")
    client = ready.root / "bin/kaggle"
    client.write_text("#!/nowhere/python\n")
    said = command("submit", "one", "--competition", "mask")
    assert said.code == 2
    assert "cannot be started: No such file" in said.err


def test_a_file_that_was_changed_is_not_submitted(ready: DrawnProject, command: Command) -> None:
    calls = put_client(ready.root / "bin")
    path = ready.root / "outputs/runs/one/submission.csv"
    path.write_text(path.read_text() + "\n")
    said = command("submit", "one", "--competition", "mask", "--force")
    assert said.code == 2
    assert "not the file that submission.json is about" in said.err
    assert not calls.exists()


def test_the_gate_stands_before_it(ready: DrawnProject, command: Command) -> None:
    """A run whose answers are all of one class, written by force."""
    calls = put_client(ready.root / "bin")
    constant = np.tile(np.eye(18)[3], (len(ready.ids), 1))
    ready.submit_probs(ready.root / "outputs/runs/one", constant)
    said = command("submit", "one", "--competition", "mask")
    assert said.code == 2
    assert "every answer is wear-female-<30" in said.err
    assert not calls.exists()
    said = command("submit", "one", "--competition", "mask", "--force")
    assert said.code == 0
    assert "overridden: every answer is" in said.err


def test_without_a_client_it_says_how_to_get_one(ready: DrawnProject, command: Command) -> None:
    said = command("submit", "one", "--competition", "mask")
    assert said.code == 2
    assert "Kaggle's client is not installed; install it with: .venv/bin/uv pip" in said.err


@pytest.mark.parametrize(
    "place",
    [
        ".kaggle/access_token",
        ".kaggle/kaggle.json",
        ".kaggle/credentials.json",
        ".config/kaggle/kaggle.json",
        None,
    ],
)
def test_credentials_may_be_in_any_of_kaggles_places(
    place: str | None, drawn: DrawnProject, home: Path, command: Command
) -> None:
    drawn.add_run("one", seed=1)
    put_client(drawn.root / "bin")
    if place:
        (home / place).parent.mkdir(parents=True)
        (home / place).write_text("{}")
    said = command("submit", "one", "--competition", "mask")
    assert said.code == (0 if place else 2)
    if not place:
        assert "no credentials for Kaggle: make a token at https://" in said.err
        assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("run", "competition", "expected"),
    [
        ("two", "mask", "outputs/runs/two: no such run; foldline runs lists those there are"),
        ("oen", "mask", "did you mean one?"),
        ("", "mask", "RUN: expected the name of a run"),
        ("outputs/runs/bare", "mask", "no such file; make it with: foldline infer --config"),
        ("one", "https://www.kaggle.com/c/mask", "expected the last part of the competition's"),
        ("one", "", "expected the last part of the competition's"),
    ],
)
def test_what_does_not_exist(
    run: str, competition: str, expected: str, ready: DrawnProject, command: Command
) -> None:
    (ready.root / "outputs/runs/bare").mkdir()
    said = command("submit", run, "--competition", competition)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert expected in said.err


def test_make_hands_everything_over_as_it_was_typed(tmp_path: Path) -> None:
    """The real Makefile, with a `foldline` that writes down its arguments."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    calls = put_client(tmp_path / ".venv/bin")
    (tmp_path / ".venv/bin/kaggle").rename(tmp_path / ".venv/bin/foldline")
    (tmp_path / ".venv/.ready").touch()
    message = """it's "5" $(HOME) $x `y` 마스크"""
    done = subprocess.run(
        ["make", "submit", "RUN=one", "COMPETITION=mask", f"MESSAGE={message}"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(calls.read_text()) == [
        *("submit", "--competition", "mask", "--message", message, "--", "one")
    ]
    subprocess.run(["make", "score", "RUN=one", "SCORE=0.7", "PRIVATE=1"], cwd=tmp_path, check=True)
    assert json.loads(calls.read_text()) == ["score", "--private", "--", "one", "0.7"]


@needs_kaggle
def test_the_real_client_knows_these_options(
    drawn: DrawnProject, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads its options before it looks for an account, and stops there without one."""
    monkeypatch.undo()
    client = shutil.which("kaggle", path=str(Path(PYTHON).parent))
    assert client
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    arguments = ["--competition=mask", "--file=none.csv", "--message=-m"]
    done = subprocess.run(
        [client, "competitions", "submit", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Authentication required" in done.stdout
    assert "unrecognized" not in done.stderr
