"""Runs are found by name and by path, and listed the best first."""

from pathlib import Path

import pytest
from tests.written_runs import write_run

from foldline.errors import UserError
from foldline.runs.listing import find_run_path, list_runs


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_best_run_comes_first_and_those_without_a_score_last() -> None:
    write_run("middle", right=0.6)
    write_run("best", right=0.95)
    write_run("begun", folds=[])
    write_run("worst", right=0.2)
    root = Path("outputs/runs")
    (root / ".ipynb_checkpoints").mkdir()
    (root / "notes.txt").write_text("of mine")
    listed = list_runs(root)
    assert [run.name for run in listed.runs] == ["best", "middle", "worst", "begun"]
    assert listed.broken == ()
    assert list_runs(Path("nowhere")).runs == ()


def test_the_lowest_log_loss_comes_first() -> None:
    for name, right in (("worse", 0.3), ("better", 0.9)):
        write_run(name, right=right, metric="log_loss")
    assert [run.name for run in list_runs(Path("outputs/runs")).runs] == ["better", "worse"]


def test_a_run_is_found_by_name_and_by_path() -> None:
    path = write_run("resnet-50")
    root = Path("outputs/runs")
    assert find_run_path("resnet-50", root) == path
    assert find_run_path("outputs/runs/resnet-50/", root) == path
    with pytest.raises(UserError, match=r"resnet50: no such run; did you mean resnet-50\?"):
        find_run_path("resnet50", root)
    with pytest.raises(UserError, match="vit: no such run; foldline runs lists"):
        find_run_path("vit", root)
    for name in ("", "x" * 300, "a\0b", "/"):
        with pytest.raises(UserError, match="no such run"):
            find_run_path(name, root)
