"""What the scripts read says the same as the runs."""

import base64
import json
import re
from typing import Any

import numpy as np
from tests.reporting.page.test_tables import build_run

from foldline.reporting.page.blocks import HeatMap, PageTable, Pair, Thumbnails, build_blocks
from foldline.reporting.page.tables import Run, place_runs

BLOCK = re.compile(r'<script type="application/json" id="([^"]+)">(.*)</script>\n', re.DOTALL)


def read(blocks: list[str]) -> dict[str, Any]:
    matches = [BLOCK.fullmatch(block) for block in blocks]
    return {match[1]: json.loads(match[2]) for match in matches if match}


def numbers(block: dict[str, Any]) -> list[int]:
    content = base64.b64decode(block["base64"])
    return [int(value) for value in np.frombuffer(content, f"<u{block['bytes']}")]


def test_rows_answers_and_pictures() -> None:
    part = build_run("part", "10", answers="11", numbers=range(1, 3), seal="t")
    whole = build_run("a whole", confidence=(0.5, 0.6, 1.0, 0.25))
    new = Run("new", "s", {}, {}, {"0": {"macro_f1": [0.1]}})
    (table,) = place_runs([whole, part])
    page = PageTable(
        name="tiny",
        table=table,
        thumbnails=Thumbnails((64, 48), [[2, 3], [0, 1]], [b"first"]),
        pairs=[Pair("a whole", "part", 0.25, -0.5, float("nan"), "who knows")],
        heat_maps={"part": [HeatMap(2, np.array([[0.0, 1.0]], np.float32), (0, 0, 1, 0.5))]},
    )
    blocks = read(build_blocks([new, part, whole], [page]))

    runs = blocks["overview"]["runs"]
    assert [run["name"] for run in runs] == ["a whole", "new", "part"]
    assert [run["table"] for run in runs] == [0, None, 0]
    (described,) = blocks["overview"]["tables"]
    assert (described["pictures"], described["groups"]) == (4, 2)
    assert described["pairs"] == [
        {
            "first": 0,
            "second": 2,
            "difference": 0.25,
            "low": -0.5,
            "high": None,
            "verdict": "who knows",
        }
    ]
    rows = blocks["rows-0"]
    assert [rows["groups"][group] for group in numbers(rows["group"])] == ["p0", "p0", "p1", "p1"]
    assert numbers(rows["label"]) == [0, 1, 0, 1]
    assert numbers(blocks["answers-0"]["predicted"]) == [1, 2, 1, 2]
    assert numbers(blocks["answers-0"]["confidence"]) == [128, 153, 255, 64]
    assert numbers(blocks["answers-2"]["predicted"]) == [0, 2, 2, 0]
    assert "answers-1" not in blocks
    # the second strip did not fit any more
    assert blocks["strips-0"]["images"] == [base64.b64encode(b"first").decode()]
    assert numbers(blocks["strips-0"]["strip"]) == [0, 0, 1, 1]
    assert numbers(blocks["strips-0"]["slot"]) == [0, 0, 0, 1]
    (heat_map,) = blocks["maps-2"]
    assert heat_map["row"] == 2
    assert numbers(heat_map["heat"]) == [0, 255]


def test_the_order_of_the_runs_changes_nothing() -> None:
    one, two = build_run("one"), build_run("two", score=0.9)
    first = build_blocks([one, two], [PageTable("x", place_runs([one, two])[0])])
    second = build_blocks([two, one], [PageTable("x", place_runs([two, one])[0])])
    assert first == second
