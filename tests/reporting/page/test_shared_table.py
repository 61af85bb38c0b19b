"""Which runs can be compared: those that answered the same pictures with the same labels."""

import numpy as np
import pandas as pd

from foldline.metrics.compare import Comparison, Verdict
from foldline.metrics.metric import METRICS
from foldline.reporting.page.shared_table import (
    PageRun,
    Predictions,
    count_mistakes,
    find_mistakes,
    share_tables,
)

CLASSES = ("a", "b")


def build_rows(numbers: range, labels: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "path": [f"{n}.jpg" for n in numbers],
            "group": [f"p{n // 2}" for n in numbers],
            "fold": [n % 2 for n in numbers],
            "label": [int(label) for label in labels],
        }
    )


def compare(difference: float, low: float, high: float, verdict: Verdict) -> Comparison:
    metric = METRICS["macro_f1"]
    return Comparison(metric, 0.0, difference, difference, 0.0, low, high, verdict, 4, 100)


def build_run(
    name: str,
    labels: str = "0101",
    *,
    answers: str = "0101",
    confidence: tuple[float, ...] | None = None,
    numbers: range = range(4),
    seal: str = "s",
    score: float = 0.5,
    metric: str = "macro_f1",
    classes: tuple[str, ...] = CLASSES,
) -> PageRun:
    predicted = [int(answer) for answer in answers]
    confidences = confidence or [0.9] * len(answers)
    pairs = zip(predicted, confidences, strict=True)
    return PageRun(
        name=name,
        seal=seal,
        metric=metric,
        scores={metric: score},
        predictions=Predictions(
            classes,
            build_rows(numbers, labels),
            np.array([[1 - sure, sure] if one else [sure, 1 - sure] for one, sure in pairs]),
        ),
    )


def test_runs_on_the_same_rows_share_a_table_whatever_their_seal() -> None:
    (table,) = share_tables([build_run("one"), build_run("two", seal="t", score=0.9)])
    assert [run.name for run in table.runs] == ["two", "one"]


def test_the_best_by_the_metric_of_most_runs_comes_first() -> None:
    runs = [
        build_run("high", score=0.9, metric="log_loss"),
        build_run("low", score=0.2, metric="log_loss"),
        build_run("accurate", score=0.5, metric="accuracy"),
    ]
    (table,) = share_tables(runs)
    assert table.metric.key == "log_loss"
    assert [run.name for run in table.runs] == ["low", "high", "accurate"]
    (tie,) = share_tables(runs[1:])
    assert tie.metric.key == "accuracy", "the one that METRICS has first"


def test_other_labels_people_folds_or_classes_are_another_table() -> None:
    runs = [
        build_run("one"),
        build_run("labels", "0100", seal="t"),
        build_run("classes", classes=("a", "c")),
        build_run("pictures", numbers=range(4, 8), seal="u"),
    ]
    tables = share_tables(runs)
    assert sorted(run.name for table in tables for run in table.runs) == sorted(
        run.name for run in runs
    )
    assert len(tables) == 4


def test_a_run_of_some_folds_finds_its_table() -> None:
    part = build_run("part", "10", answers="11", numbers=range(1, 3), seal="t")
    (table,) = share_tables([part, build_run("whole")])
    assert table.positions["part"].tolist() == [1, 2]
    assert find_mistakes(table, part).tolist() == [2]


def test_runs_of_different_folds_of_one_seal_are_joined() -> None:
    (table,) = share_tables(
        [
            build_run("early", "01", answers="01", numbers=range(2)),
            build_run("late", "01", answers="00", numbers=range(2, 4)),
        ]
    )
    assert table.rows["path"].tolist() == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert table.positions["late"].tolist() == [2, 3]
    assert count_mistakes(table).tolist() == [0, 0, 0, 1]


def test_rows_in_another_order_keep_their_answers() -> None:
    run = build_run("turned", "1010", answers="1110", numbers=range(3, -1, -1), seal="t")
    (table,) = share_tables([build_run("one"), run])
    whole = table.rows["path"].tolist()
    assert [whole[row] for row in find_mistakes(table, run)] == ["2.jpg"]


def test_the_surest_mistakes_come_first() -> None:
    run = build_run("one", answers="1011", confidence=(0.6, 0.8, 0.99, 0.9))
    (table,) = share_tables([run])
    assert find_mistakes(table, run).tolist() == [2, 1, 0]


def test_a_run_without_answers_is_in_no_table() -> None:
    assert share_tables([PageRun("new")]) == []
