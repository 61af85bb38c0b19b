"""Runs are found by name and by path, and listed the best first."""

from pathlib import Path
from typing import Any

import pytest
from tests.written_runs import build_prepared, change_json, write_run

from foldline.errors import UserError
from foldline.files import compute_sha256, write_json
from foldline.runs.listing import find_owner, find_references, find_run_path, list_runs


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


def write_submitted(name: str, **kinds: Any) -> Path:
    path = write_run(name, **kinds)
    (path / "submission.csv").write_text(f"id,label\n1,{name}\n")
    sha256 = compute_sha256((path / "submission.csv").read_bytes())
    write_json(path / "submission.json", {"submission_sha256": sha256})
    return path


def test_references_are_the_best_other_runs_and_damaged_ones_are_warned_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, right in (("own", 0.9), ("weak", 0.3), ("strong", 0.8)):
        write_submitted(name, right=right, metric="log_loss")
    write_submitted("elsewhere", prepared=build_prepared(seal="c" * 64))
    change_json(write_submitted("forced") / "submission.json", overridden=["order"])
    (write_submitted("changed") / "submission.csv").write_text("id,label\n1,x\n")
    (write_submitted("damaged") / "scores.json").write_text("{")
    found = find_references("a" * 64, besides=Path("outputs/runs/own"))
    assert [one.name for one in found] == ["strong", "weak"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: outputs/runs/damaged/scores.json: cannot be read")
    assert line.endswith("; until then damaged does without it")


def test_a_submission_is_its_run_s_by_its_folder_or_its_bytes() -> None:
    path = write_submitted("one")
    write_submitted("two")
    copy, other = Path("copy.csv"), Path("other.csv")
    copy.write_bytes((path / "submission.csv").read_bytes())
    other.write_text("id,label\n")
    found = [find_owner(each) for each in (path / "submission.csv", copy, other)]
    assert [one and one.name for one in found] == ["one", "one", None]
