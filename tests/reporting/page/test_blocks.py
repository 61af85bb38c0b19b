"""What the scripts read says the same as the runs."""

import base64
import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.reporting.page.test_shared_table import build_run, compare

from foldline.metrics.metric import METRICS
from foldline.reporting.learning_curves import Curve
from foldline.reporting.page.blocks import HeatMap, PageTable, Thumbnails, build_blocks
from foldline.reporting.page.shared_table import PageRun, share_tables

BLOCK = re.compile(r'<script type="application/json" id="([^"]+)">(.*)</script>\n', re.DOTALL)


def read(blocks: list[str]) -> dict[str, Any]:
    matches = [BLOCK.fullmatch(block) for block in blocks]
    return {match[1]: json.loads(match[2]) for match in matches if match}


def numbers(block: dict[str, Any]) -> list[int]:
    content = base64.b64decode(block["base64"])
    return [int(value) for value in np.frombuffer(content, f"<u{block['bytes']}")]


def test_rows_answers_and_pictures() -> None:
    part = build_run("part", "10", answers="11", numbers=range(1, 3), seal="t")
    whole = build_run("a whole", confidence=(0.5, 0.6, 1.0, 0.75))
    new = PageRun("new", curves={"0": Curve((1.0,), {"macro_f1": (0.1,)}, None)})
    (table,) = share_tables([whole, part])
    page = PageTable(
        name="tiny",
        table=table,
        thumbnails=Thumbnails((64, 48), [[2, 3], [0, 1]], [b"first"]),
        pairs={("a whole", "part"): compare(0.25, -0.5, float("nan"), "noise")},
        heat_maps={"part": [HeatMap(2, np.array([[0.0, 1.0]], np.float32), (0, 0, 1, 0.5))]},
    )
    blocks = read(build_blocks([new, part, whole], [page]))

    runs = blocks["overview"]["runs"]
    assert [run["name"] for run in runs] == ["a whole", "new", "part"]
    assert [run["table"] for run in runs] == [0, None, 0]
    assert [run["rank"] for run in runs] == [0, 2, 1]
    (described,) = blocks["overview"]["tables"]
    assert (described["pictures"], described["groups"]) == (4, 2)
    assert described["pairs"] == [
        {
            "first": 0,
            "second": 2,
            "difference": 0.25,
            "low": -0.5,
            "high": None,
            "verdict": "noise",
        }
    ]
    rows = blocks["rows-0"]
    assert [rows["groups"][group] for group in numbers(rows["group"])] == ["p0", "p0", "p1", "p1"]
    assert numbers(rows["label"]) == [0, 1, 0, 1]
    assert numbers(blocks["answers-0"]["predicted"]) == [1, 2, 1, 2]
    assert numbers(blocks["answers-0"]["confidence"]) == [128, 153, 255, 191]
    assert numbers(blocks["answers-2"]["predicted"]) == [0, 2, 2, 0]
    assert "answers-1" not in blocks
    # the second strip did not fit any more
    assert blocks["strips-0"]["images"] == [base64.b64encode(b"first").decode()]
    assert numbers(blocks["strips-0"]["strip"]) == [0, 0, 1, 1]
    assert numbers(blocks["strips-0"]["slot"]) == [0, 0, 0, 1]
    (heat_map,) = blocks["maps-2"]
    assert heat_map["row"] == 2
    assert numbers(heat_map["heat"]) == [0, 255]


def test_metrics_and_which_of_them_ranks_are_data(monkeypatch: pytest.MonkeyPatch) -> None:
    kappa = replace(METRICS["accuracy"], key="kappa", title="Cohen's kappa", range=(-1.0, 1.0))
    monkeypatch.setitem(METRICS, "kappa", kappa)
    losses = [build_run("a", score=0.9, metric="log_loss"), build_run("b", metric="log_loss")]
    other = build_run("c", metric="kappa", classes=("x", "y"))
    curve = Curve((0.5, 1.0), {"lr": (0.1, 0.2), "seconds": (1.0, 2.0), "kappa": (0.0, 0.5)}, 1)
    runs = [*losses, replace(other, curves={"0": curve})]
    pages = [PageTable("x", table) for table in share_tables(runs)]
    overview = read(build_blocks(runs, pages))["overview"]
    assert overview["metrics"][-2:] == [
        {"key": "log_loss", "title": "log loss", "greaterIsBetter": False, "range": [0, None]},
        {"key": "kappa", "title": "Cohen's kappa", "greaterIsBetter": True, "range": [-1, 1]},
    ]
    assert [table["metric"] for table in overview["tables"]] == ["log_loss", "kappa"]
    assert [run["metric"] for run in overview["runs"]] == ["log_loss", "log_loss", "kappa"]
    assert [run["rank"] for run in overview["runs"]] == [1, 0, 2], "the lower log loss first"
    assert overview["series"] == [
        {"key": "kappa", "title": "Cohen's kappa"},
        {"key": "lr", "title": "learning rate"},
        {"key": "seconds", "title": "seconds"},
    ]


def test_curves_stand_at_their_epochs_with_their_mean() -> None:
    folds = {
        "0": Curve((0.5, 1.0, 1.5), {"macro_f1": (0.2, math.nan, 1 / 3)}, None),
        "1": Curve((0.5, 1.0), {"macro_f1": (0.4, 0.6)}, None),
    }
    run = replace(build_run("half"), curves=folds, fold_scores=(0.5, 0.75))
    (described,) = read(build_blocks([run], [PageTable("x", share_tables([run])[0])]))["overview"][
        "runs"
    ]
    assert described["curves"]["macro_f1"] == {
        "folds": {
            "0": {"x": [0.5, 1.5], "y": [0.2, 0.333333]},
            "1": {"x": [0.5, 1], "y": [0.4, 0.6]},
        },
        "mean": {"x": [0.5, 1], "y": [0.3, 0.433333]},
    }
    assert described["folds"] == {
        "number": 2,
        "mean": 0.625,
        "deviation": pytest.approx(0.125 * 2**0.5),
    }


def test_the_order_of_the_runs_changes_nothing() -> None:
    one, two = build_run("one"), build_run("two", score=0.9)
    first = build_blocks([one, two], [PageTable("x", share_tables([one, two])[0])])
    second = build_blocks([two, one], [PageTable("x", share_tables([two, one])[0])])
    assert first == second
