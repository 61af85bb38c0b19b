"""`foldline report`: what lies under outputs/runs, on one page."""

import base64
import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.competition import Foldline, list_files

from foldline.metrics.compare import compare_runs
from foldline.metrics.metric import METRICS
from foldline.runs.average import average_runs
from foldline.runs.files import Member, Members

BLOCK = re.compile(r'<script type="application/json" id="([^"]+)">(.*?)</script>\n')


@pytest.fixture
def trained(project: Path, foldline: Foldline, train_once: Callable[..., None]) -> Foldline:
    """A project with one trained run, `tiny`."""
    train_once(project, "train.epochs=1")
    return foldline


@pytest.fixture
def make_page(trained: Foldline) -> Foldline:
    """Make the page alone: a run that is not there has no pictures to be drawn."""
    return partial(trained, "report", "run=none")


def read_page(project: Path) -> dict[str, Any]:
    html = (project / "outputs/report/index.html").read_text(encoding="utf-8")
    return {name: json.loads(value) for name, value in BLOCK.findall(html)}


def numbers(block: dict[str, Any]) -> list[int]:
    content = base64.b64decode(block["base64"])
    return [int(value) for value in np.frombuffer(content, f"<u{block['bytes']}")]


def copy_run(project: Path, name: str) -> Path:
    target = project / "outputs/runs" / name
    shutil.copytree(project / "outputs/runs/tiny", target)
    return target


def test_the_page_says_what_the_files_say(
    project: Path, trained: Foldline, make_page: Foldline
) -> None:
    assert trained("infer") == 0
    assert trained("train", "run=half", "train.epochs=1", "train.folds=[1]", "seed=7") == 0
    before = list_files(project / "outputs/runs")
    assert make_page() == 0
    blocks = read_page(project)
    half, tiny = blocks["overview"]["runs"]
    assert (half["name"], tiny["name"]) == ("half", "tiny")
    scores = json.loads((project / "outputs/runs/tiny/scores.json").read_text())
    assert tiny["scores"]["macro_f1"] == scores["out_of_fold"]["macro_f1"]
    assert tiny["interval"] == scores["out_of_fold"]["macro_f1_interval"]
    by_fold = [scores["folds"][key]["macro_f1"] for key in "01"]
    assert tiny["folds"]["mean"] == pytest.approx(sum(by_fold) / 2)
    assert (tiny["folds"]["number"], half["folds"]["number"]) == (2, 1)
    assert (tiny["submission"], half["submission"]) == ("3 rows", None)
    assert (tiny["settings"]["seed"], half["settings"]["seed"]) == ("0", "7")
    assert list(half["curves"]["macro_f1"]["folds"]) == ["1"]
    (table,) = blocks["overview"]["tables"]
    assert (table["name"], table["pictures"], table["groups"]) == ("tiny", 12, 6)
    assert (table["note"], len(table["pairs"])) == ("", 1)

    paths = blocks["rows-0"]["paths"]
    for number, run in enumerate(("half", "tiny")):
        answered = pd.read_csv(project / "outputs/runs" / run / "oof.csv").set_index("path")
        expected = answered.filter(regex="^p_").to_numpy().argmax(axis=1) + 1
        known = dict(zip(answered.index, expected.tolist(), strict=True))
        predicted = numbers(blocks[f"answers-{number}"]["predicted"])
        assert predicted == [known.get(path, 0) for path in paths]
    assert all(numbers(blocks["strips-0"]["strip"]))
    assert list_files(project / "outputs/runs") == before


def test_the_same_runs_give_the_same_page(project: Path, make_page: Foldline) -> None:
    page = project / "outputs/report/index.html"
    pages = set()
    for _ in range(2):
        assert make_page("report.cam=3") == 0
        pages.add(page.read_bytes())
    assert len(pages) == 1


def test_maps_of_the_surest_mistakes(project: Path, make_page: Foldline) -> None:
    assert make_page() == 0
    assert not any(name.startswith("maps") for name in read_page(project))
    assert make_page("report.cam=3", "data.crop=[0.5, 0.5]") == 0
    blocks = read_page(project)
    answered = pd.read_csv(project / "outputs/runs/tiny/oof.csv")
    probs = answered.filter(regex="^p_").to_numpy()
    wrong = answered[probs.argmax(axis=1) != answered["label"]].index
    surest = sorted(wrong, key=lambda row: -probs[row].max())[:3]
    assert [one["row"] for one in blocks["maps-0"]] == sorted(surest)
    # of the run's own way of looking, not of today's configuration
    assert all(one["view"] == [0, 0, 1, 1] for one in blocks["maps-0"])


def test_a_fold_without_its_network_is_named(
    project: Path, make_page: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    for fold in (0, 1):
        (project / f"outputs/runs/tiny/fold_{fold}/best.pt").unlink()
    assert make_page("report.cam=12") == 0
    assert "tiny, fold 0: not shown where it looks" in capsys.readouterr().err
    assert "maps-0" not in read_page(project)


def test_no_runs_name_the_command(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("report") == 2
    assert "foldline train" in capsys.readouterr().err
    assert not (project / "outputs/report").exists()


def spoil_column(path: Path, column: str, value: Any) -> None:
    table = pd.read_csv(path, dtype=str)
    table.loc[0, column] = value
    table.to_csv(path, index=False)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (("label", "99"), "label '99' is no class of 18"),
        (("p_wear-male-<30", "inf"), "numbers from 0 to 1"),
        (("p_wear-male-<30", "much"), "numbers from 0 to 1"),
        (("path", "train/images/000006_female_Asian_60/normal.jpg"), "in it twice"),
    ],
)
def test_a_broken_out_of_fold_file_is_named_and_left_out(
    fault: tuple[str, str],
    expected: str,
    project: Path,
    make_page: Foldline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil_column(copy_run(project, "broken") / "oof.csv", *fault)
    assert make_page() == 0
    said = capsys.readouterr()
    assert expected in said.err
    assert "without out-of-fold answers yet: broken" in said.out
    broken, tiny = read_page(project)["overview"]["runs"]
    assert (broken["table"], tiny["table"]) == (None, 0)
    assert broken["curves"]


def test_other_broken_files_are_named_too(
    project: Path, make_page: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_run(project, "broken")
    (run / "config.yaml").write_text("run: [")
    (run / "scores.json").write_text("{")
    (run / "fold_0/metrics.jsonl").write_text("no\n")
    (run / "oof.csv").write_text("path,label\n")
    (project / "outputs/leaderboard.csv").write_text("a,b\n1,2\n")
    assert make_page() == 0
    said = capsys.readouterr().err
    for name in ("config.yaml", "scores.json", "metrics.jsonl", "oof.csv", "leaderboard.csv"):
        assert name in said
    broken = read_page(project)["overview"]["runs"][0]
    assert broken["settings"] == {}
    assert broken["scores"] == {}


def test_scores_of_the_leaderboard(project: Path, make_page: Foldline) -> None:
    (project / "outputs/leaderboard.csv").write_text(
        "time,event,run,data,sha256,out_of_fold,score,competition,message\n"
        "May,public,tiny,tiny,aa,0.3,0.75,,\n"
        "June,submit,tiny,tiny,bb,0.4,,masks,second\n"
        "June,public,tiny,tiny,bb,0.4,0.5,,\n"
        "June,public,other,tiny,cc,0.4,0.9,,\n"
        "July,public,tiny,tiny,bb,0.4,0.625,,\n"
        "July,private,tiny,tiny,bb,0.4,0.25,,\n"
    )
    assert make_page() == 0
    overview = read_page(project)["overview"]
    assert overview["runs"][0]["leaderboard"] == {
        "out_of_fold": 0.4,
        "public": 0.625,
        "private": 0.25,
    }
    assert overview["tables"][0]["leaderboardLine"] is None, "of one run"


def test_three_scores_make_a_line(project: Path, make_page: Foldline) -> None:
    lines = ["time,event,run,data,sha256,out_of_fold,score,competition,message"]
    for name, out_of_fold in (("tiny", 0.4), ("second", 0.5), ("third", 0.6)):
        if name != "tiny":
            copy_run(project, name)
        lines.append(f"May,public,{name},tiny,aa,{out_of_fold},{0.1 + out_of_fold / 2},,")
    (project / "outputs/leaderboard.csv").write_text("\n".join(lines) + "\n")
    assert make_page() == 0
    line = read_page(project)["overview"]["tables"][0]["leaderboardLine"]
    assert (line["slope"], line["intercept"]) == pytest.approx((0.5, 0.1))
    assert line["num_runs"] == 3


def test_every_two_runs_are_judged_on_what_both_have_answered(
    project: Path, make_page: Foldline
) -> None:
    answered = pd.read_csv(project / "outputs/runs/tiny/oof.csv")
    probs = answered.columns[answered.columns.str.startswith("p_")]
    for number in range(12):
        run = copy_run(project, f"perfect-{number:02d}")
        perfect = answered.assign(**{probs[0]: 0.0})
        perfect[probs] = np.eye(len(probs))[answered["label"]]
        # the last one has only answered a part, from the end
        part = perfect[perfect["fold"] == 1][::-1] if number == 11 else perfect
        part.to_csv(run / "oof.csv", index=False)
    assert make_page("report.thumbnails=0") == 0
    overview = read_page(project)["overview"]
    names = [run["name"] for run in overview["runs"]]
    pairs = {
        frozenset((names[one["first"]], names[one["second"]])): one
        for one in overview["tables"][0]["pairs"]
    }
    assert len(pairs) == 13 * 12 / 2
    assert pairs[frozenset(names[:2])]["verdict"] == "noise"
    one = pairs[frozenset(("tiny", "perfect-11"))]
    labels, groups = answered["label"].to_numpy(), answered["group"]
    there = (answered["fold"] == 1).to_numpy()
    found = compare_runs(
        METRICS["macro_f1"],
        labels[there],
        groups[there].tolist(),
        np.eye(len(probs))[labels[there]],
        answered.loc[there, probs].to_numpy(),
    )
    sign = 1 if names[one["first"]] == "tiny" else -1
    assert sign * one["difference"] == pytest.approx(found.difference, abs=1e-6)
    bounds = sorted((sign * one["low"], sign * one["high"]))
    assert bounds == pytest.approx([found.low, found.high], abs=1e-6)


def test_an_average_of_runs_is_on_the_page(
    project: Path,
    trained: Foldline,
    make_page: Foldline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert trained("infer") == 0
    average_runs("average", Members(members=(Member(run="tiny", weight=1),)))
    assert make_page("report.cam=3") == 0
    assert "warning" not in capsys.readouterr().err
    blocks = read_page(project)
    overview = blocks["overview"]
    one, tiny = overview["runs"]
    assert (one["name"], one["table"]) == ("average", tiny["table"])
    assert (one["settings"]["members"], "model.name" in one["settings"]) == ("1 tiny", False)
    assert (one["curves"], one["seconds"]) == ({}, None)
    for key in ("seal", "scores", "interval", "folds", "metric"):
        assert one[key] == tiny[key], key
    (table,) = overview["tables"]
    assert (table["name"], len(table["pairs"])) == ("tiny", 1)
    assert blocks["answers-0"] == blocks["answers-1"]
    assert "maps-0" not in blocks


def test_runs_are_compared_by_their_own_metric(project: Path, make_page: Foldline) -> None:
    answered = pd.read_csv(project / "outputs/runs/tiny/oof.csv")
    probs = answered.columns[answered.columns.str.startswith("p_")]
    better = answered.copy()
    better[probs] = (answered[probs] + np.eye(len(probs))[answered["label"]]) / 2
    for name, table in (("better", better), ("worse", answered)):
        run = copy_run(project, name)
        table.to_csv(run / "oof.csv", index=False)
        config = (run / "config.yaml").read_text().replace("metric: macro_f1", "metric: log_loss")
        (run / "config.yaml").write_text(config)
        (run / "scores.json").unlink()
    assert make_page("report.thumbnails=0") == 0
    overview = read_page(project)["overview"]
    names = [run["name"] for run in overview["runs"]]
    assert [run["metric"] for run in overview["runs"]] == ["log_loss", "macro_f1", "log_loss"]
    assert [run["rank"] for run in overview["runs"]] == [0, 1, 2], "by names where they are equal"
    (described,) = overview["tables"]
    assert described["metric"] == "log_loss"
    found = compare_runs(
        METRICS["log_loss"],
        answered["label"].to_numpy(),
        answered["group"].tolist(),
        answered[probs].to_numpy(),
        better[probs].to_numpy(),
    )
    pairs = {(names[one["first"]], names[one["second"]]): one for one in described["pairs"]}
    assert len(pairs) == 3
    one = pairs["better", "worse"]
    assert one["verdict"] == found.verdict
    assert one["difference"] < 0
    measured = [one[key] for key in ("difference", "low", "high")]
    assert measured == pytest.approx([found.difference, found.low, found.high], abs=1e-6)


def test_pictures_are_left_out_where_there_is_no_room(project: Path, make_page: Foldline) -> None:
    assert make_page("report.thumbnails=0.004") == 0
    (table,) = read_page(project)["overview"]["tables"]
    some = sum(map(bool, numbers(read_page(project)["strips-0"]["strip"])))
    assert 0 < some < 12
    assert f"{some} of 12 pictures" in table["note"]
    assert make_page("report.thumbnails=0") == 0
    assert "strips-0" not in read_page(project)
    (project / "inputs/tiny").rename(project / "elsewhere")
    assert make_page() == 0
    (table,) = read_page(project)["overview"]["tables"]
    assert "cannot be read under inputs/tiny" in table["note"]


def test_an_unreadable_picture_is_no_reason_to_stop(project: Path, make_page: Foldline) -> None:
    path = next((project / "inputs/tiny/train/images").glob("*/normal.jpg"))
    path.write_bytes(path.read_bytes()[:200])
    assert make_page("report.cam=12") == 0
    assert all(numbers(read_page(project)["strips-0"]["strip"]))
