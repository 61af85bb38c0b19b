"""A run that another machine has uploaded, and what is left where it does not arrive."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.competition import Said

from foldline.errors import UserError
from foldline.tracking import fetch

Command = Callable[..., Said]


class Server:
    """Gives the artifacts of a run `far` of two folds; `missing` ones do not arrive."""

    def __init__(self) -> None:
        self.about: dict[str, Any] = {"folds": [0, 2], "alias": "run-abc"}
        self.missing: set[str] = set()
        self.asked: list[tuple[str, str]] = []

    def download(
        self, *, entity: str | None, project: str, name: str, alias: str, directory: Path
    ) -> dict[str, Any]:
        assert (entity, project) == (None, "masks")
        self.asked.append((name, alias))
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "file").write_text(name)
        if name in self.missing:
            raise UserError(f"{name}: cannot be fetched")
        return self.about


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.chdir(tmp_path)
    server = Server()
    monkeypatch.setattr(fetch, "download_artifact", server.download)
    return server


def run_fetch(command: Command) -> Said:
    return command("fetch", "run=far", "track.project=masks")


def test_a_run_arrives_whole_with_the_folds_it_names(server: Server, command: Command) -> None:
    said = run_fetch(command)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(
        "written: outputs/runs/far, folds 0, 2; "
        "next: foldline infer --config outputs/runs/far/config.yaml\n"
    )
    # the folds of the very run, not the latest of that name
    assert server.asked == [
        ("far-run", "latest"),
        ("far-fold-0", "run-abc"),
        ("far-fold-2", "run-abc"),
    ]
    found = {str(path.relative_to("outputs/runs")) for path in Path("outputs/runs").rglob("file")}
    assert found == {"far/file", "far/fold_0/file", "far/fold_2/file"}


def test_a_fold_that_does_not_arrive_leaves_nothing_behind(
    server: Server, command: Command
) -> None:
    server.missing.add("far-fold-2")
    said = run_fetch(command)
    assert (said.code, said.err) == (2, "error: far-fold-2: cannot be fetched\n")
    assert not list(Path("outputs/runs").iterdir())


@pytest.mark.parametrize(
    "about", [{}, {"folds": None, "alias": "a"}, {"folds": ["x"], "alias": "a"}, {"folds": [0]}]
)
def test_what_foldline_has_not_uploaded_is_no_run(
    about: dict[str, Any], server: Server, command: Command
) -> None:
    server.about = about
    said = run_fetch(command)
    assert said.code == 2
    assert said.err == ("error: far-run: not a run that foldline has uploaded; see track.project\n")
    assert not list(Path("outputs/runs").iterdir())


def test_a_run_that_is_there_is_not_overwritten(server: Server, command: Command) -> None:
    assert run_fetch(command).code == 0
    asked = list(server.asked)
    said = run_fetch(command)
    assert (said.code, "is there already" in said.err) == (2, True)
    assert server.asked == asked
