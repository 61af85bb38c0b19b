"""Runs side by side: the table, the verdict, and pairs that must not be compared."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.written_runs import build_prepared, change_json, write_run

from foldline.errors import UserError
from foldline.files import write_json
from foldline.metrics.compare import compare_runs
from foldline.metrics.metric import METRICS
from foldline.reporting.compare import run_compare
from foldline.runs.out_of_fold import load_out_of_fold

Print = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read_table(printed: str) -> dict[str, list[str]]:
    """The cells of the table by the first of each row, down to the empty line."""
    lines = printed.split("\n\n", maxsplit=1)[0].splitlines()[1:]
    return {line.split("  ")[0]: line.split("  ", 1)[1].split() for line in lines}


def test_two_runs_side_by_side(capsys: Print) -> None:
    one = write_run("one", right=0.3, train={"epochs": 2})
    two = write_run(
        "two", right=0.95, draw=1, train={"optimizer": {"name": "sgd"}, "augment": []}, seed=4
    )
    run_compare([one, two])
    printed = capsys.readouterr().out
    table = read_table(printed)
    assert table["seed"] == ["0", "4"]
    assert table["train.epochs"] == ["2", "12"]
    assert table["train.optimizer.name"] == ["adamw", "sgd"]
    assert table["train.optimizer.momentum"] == ["–", "0.9"]
    assert table["train.augment"] == ["–", "[]"]
    assert table["train.augment[0].name"] == ["HorizontalFlip", "–"]
    assert table["folds finished"] == ["3", "of", "3"] * 2
    assert not {"run", "model.name", "data.root", "train.batch_size"} & set(table)

    a, b = (load_out_of_fold(path / "oof.csv") for path in (one, two))
    found = compare_runs(METRICS["macro_f1"], a.labels, a.groups, a.probs, b.probs)
    assert table["macro-F1"] == [f"{found.score_a:.3f}", f"{found.score_b:.3f}"]
    assert f"two − one: macro-F1 {found.difference:+.3f}" in printed
    assert f"{found.low:+.3f} to {found.high:+.3f}" in printed
    assert printed.rstrip().endswith("12 people): real gain")

    run_compare([two, one])
    assert capsys.readouterr().out.rstrip().endswith("12 people): real loss")


def test_three_runs_give_three_comparisons_and_a_word_of_caution(capsys: Print) -> None:
    paths = [write_run(name, draw=draw) for draw, name in enumerate("abc")]
    run_compare(paths)
    verdicts = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert [line.split(":")[0] for line in verdicts[:3]] == ["b − a", "c − a", "c − b"]
    assert verdicts[3].startswith("3 comparisons: the more there are")


def test_other_training_labels_on_the_same_folds_may_be_compared(capsys: Print) -> None:
    one = write_run("one", prepared=build_prepared(seal="1" * 64))
    two = write_run("two", prepared=build_prepared(seal="2" * 64), data={"train_age_cut": 58})
    run_compare([one, two])
    printed = capsys.readouterr().out
    assert read_table(printed)["data.train_age_cut"] == ["null", "58"]
    assert "two − one: macro-F1 +0.000" in printed
    assert "noise" in printed


def test_only_folds_that_both_have_finished_are_compared(capsys: Print) -> None:
    one = write_run("one", folds=[0, 1])
    two = write_run("two", folds=[1, 2], draw=1)
    run_compare([one, two])
    printed = capsys.readouterr().out
    assert ", 4 people): " in printed
    assert "only folds 1, which both have finished" in printed


def test_an_interrupted_run_is_compared_by_the_folds_it_has_finished(capsys: Print) -> None:
    one, two = write_run("one"), write_run("two", folds=[0], draw=1)
    for name in ("oof.csv", "scores.json"):
        (two / name).unlink()
    run_compare([one, two])
    printed = capsys.readouterr().out
    assert "only folds 0, which both have finished" in printed


def refuse(*paths: Path) -> list[str]:
    with pytest.raises(UserError) as caught:
        run_compare(paths)
    return list(caught.value.faults)


def test_another_scoring_seal_is_refused_with_both_names(capsys: Print) -> None:
    one, two = write_run("one"), write_run("two", prepared=build_prepared(scoring_seal="c" * 64))
    assert refuse(one, two) == [
        "outputs/runs/one is scored on the table bbbbbbbbbbbb, outputs/runs/two on cccccccccccc: "
        "other pictures, people, labels or folds; only runs on the same ones can be compared"
    ]
    assert capsys.readouterr().out == ""


def test_a_run_of_an_older_version_is_refused() -> None:
    one, two = write_run("one"), write_run("two")
    change_json(one / "environment.json", scoring_seal=None)
    (said,) = refuse(one, two)
    assert said.startswith("outputs/runs/one/environment.json: no scoring seal")


def test_one_run_is_not_two() -> None:
    one = write_run("one")
    for paths in ((), (one,), (one, one), (one, one.resolve())):
        assert refuse(*paths) == [
            "compare: name two different runs or more, as in: foldline compare a b"
        ]
    copy = Path("elsewhere/one")
    one.parent.joinpath("one").rename(one.parent / "one.old")
    write_run("one")
    copy.parent.mkdir()
    (one.parent / "one.old").rename(copy)
    assert "have the same name" in refuse(one, copy)[0]


def test_runs_without_a_fold_in_common_are_refused() -> None:
    one, two, none = (
        write_run("one", folds=[0]),
        write_run("two", folds=[1, 2]),
        write_run("none", folds=[]),
    )
    assert refuse(one, two) == [
        "outputs/runs/one and outputs/runs/two have no finished fold in common: 0 there, 1, 2 here"
    ]
    assert refuse(one, none)[0].startswith("outputs/runs/none: no fold is finished; go on with: ")


def change_rows(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    table = pd.read_csv(path / "fold_1/oof.csv", dtype=str, keep_default_na=False)
    change(table).to_csv(path / "fold_1/oof.csv", index=False)


def set_cell(column: str, value: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(
        **{column: [value if row == 2 else old for row, old in enumerate(table[column])]}
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (set_cell("label", "0"), "row 19 of the folds in common is not the same picture, person "),
        (set_cell("group", "x"), "p1/2.jpg, person 1, 1 in outputs/runs/one, p1/2.jpg, x, 1 in "),
        (set_cell("path", "x.jpg"), "p1/2.jpg, person 1, 1 in outputs/runs/one, x.jpg, person 1"),
        (lambda table: table.drop(index=2), "row 19 of the folds"),
        (lambda table: table.iloc[::-1], "row 17 of the folds"),
    ],
)
def test_other_truth_in_the_rows_is_refused_by_the_first(
    change: Callable[[pd.DataFrame], pd.DataFrame], said: str
) -> None:
    one, two = write_run("one"), write_run("two")
    change_rows(two, change)
    assert said in refuse(one, two)[0]


def test_rows_that_end_early_are_refused() -> None:
    one, two = write_run("one", folds=[1]), write_run("two", folds=[1])
    change_rows(two, lambda table: table.iloc[:-1])
    assert (
        "p10/3.jpg, person 10, 1 in outputs/runs/one, nothing in outputs/runs/two"
        in (refuse(one, two)[0])
    )


def test_probabilities_that_are_no_numbers_are_refused() -> None:
    one, two = write_run("one"), write_run("two")
    change_rows(two, set_cell("p_cat", "nan"))
    (said,) = refuse(one, two)
    assert said.startswith("outputs/runs/two/fold_1/oof.csv: line 4: expected probabilities that ")


def test_a_run_whose_rows_are_damaged_costs_the_others_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, two, bad = write_run("one"), write_run("two", draw=1), write_run("bad")
    change_rows(bad, set_cell("label", "7"))
    run_compare([one, two, bad])
    said = capsys.readouterr()
    assert "two − one: macro-F1" in said.out
    assert "bad" not in said.out
    assert said.err.startswith("warning: outputs/runs/bad/fold_1/oof.csv: line 4: label '7' is no ")


def test_an_average_without_its_answers_is_named_and_left_out(capsys: Print) -> None:
    one, two, average = write_run("one"), write_run("two", draw=1), write_run("average")
    write_json(average / "members.json", {"members": [{"run": "one", "weight": 1}]})
    (average / "oof.csv").unlink()
    run_compare([one, two, average])
    said = capsys.readouterr()
    assert "average" not in said.out
    assert "outputs/runs/average/oof.csv: missing; make the average again" in said.err


def test_folds_that_are_each_others_are_refused() -> None:
    one, two = write_run("one"), write_run("two")
    (two / "fold_2/oof.csv").write_bytes((two / "fold_1/oof.csv").read_bytes())
    assert "two/fold_2/oof.csv: line 2: fold '1' is another one" in refuse(one, two)[0]


def test_runs_are_compared_by_the_metric_of_the_first(capsys: Print) -> None:
    one = write_run("one", right=0.9, metric="log_loss")
    two, three = write_run("two", right=0.3, draw=1, metric="log_loss"), write_run("three", draw=2)
    run_compare([one, two, three])
    said = capsys.readouterr()
    table = read_table(said.out)
    assert said.out.index("log loss") < said.out.index("macro-F1")
    a, b = (load_out_of_fold(path / "oof.csv") for path in (one, two))
    found = compare_runs(METRICS["log_loss"], a.labels, a.groups, a.probs, b.probs)
    assert table["log loss"][:2] == [f"{found.score_a:.3f}", f"{found.score_b:.3f}"]
    assert table["95 %"][-1] == "–"
    assert f"two − one: log loss {found.difference:+.3f}" in said.out
    assert said.out.count("real loss") == 2
    assert said.err == (
        "warning: three is ranked by macro-F1; it is compared by log loss, as one is\n"
    )
