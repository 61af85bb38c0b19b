"""Which runs can be compared: those that answered the same pictures with the same labels."""

import numpy as np
import pandas as pd

from foldline.reporting.page.tables import (
    Answers,
    Run,
    count_mistakes,
    find_mistakes,
    place_runs,
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


def build_run(
    name: str,
    labels: str = "0101",
    *,
    answers: str = "0101",
    confidence: tuple[float, ...] | None = None,
    numbers: range = range(4),
    seal: str = "s",
    score: float = 0.5,
    classes: tuple[str, ...] = CLASSES,
) -> Run:
    return Run(
        name=name,
        seal=seal,
        settings={},
        scores={"macro_f1": score},
        curves={},
        answers=Answers(
            classes,
            build_rows(numbers, labels),
            np.array([int(answer) for answer in answers]),
            np.array(confidence or [0.9] * len(answers)),
        ),
    )


def test_runs_on_the_same_rows_share_a_table_whatever_their_seal() -> None:
    (table,) = place_runs([build_run("one"), build_run("two", seal="t", score=0.9)])
    assert [run.name for run in table.runs] == ["two", "one"]


def test_other_labels_people_folds_or_classes_are_another_table() -> None:
    runs = [
        build_run("one"),
        build_run("labels", "0100", seal="t"),
        build_run("classes", classes=("a", "c")),
        build_run("pictures", numbers=range(4, 8), seal="u"),
    ]
    tables = place_runs(runs)
    assert sorted(run.name for table in tables for run in table.runs) == sorted(
        run.name for run in runs
    )
    assert len(tables) == 4


def test_a_run_of_some_folds_finds_its_table() -> None:
    part = build_run("part", "10", answers="11", numbers=range(1, 3), seal="t")
    (table,) = place_runs([part, build_run("whole")])
    assert table.positions["part"].tolist() == [1, 2]
    assert find_mistakes(table, part).tolist() == [2]


def test_runs_of_different_folds_of_one_seal_are_joined() -> None:
    (table,) = place_runs(
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
    (table,) = place_runs([build_run("one"), run])
    whole = table.rows["path"].tolist()
    assert [whole[row] for row in find_mistakes(table, run)] == ["2.jpg"]


def test_the_surest_mistakes_come_first() -> None:
    run = build_run("one", answers="1011", confidence=(0.6, 0.8, 0.99, 0.9))
    (table,) = place_runs([run])
    assert find_mistakes(table, run).tolist() == [2, 1, 0]


def test_a_run_without_answers_is_in_no_table() -> None:
    assert place_runs([Run("new", "s", {}, {}, {})]) == []
