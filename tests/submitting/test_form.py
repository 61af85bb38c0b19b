"""What is wrong with the form is said in words."""

import unicodedata

import pytest

from foldline.runs.submission import Submission
from foldline.submitting.form import check_form

IDS = ["a", "b", "c", "d"]


def check(ids: list[str], answers: list[str], values: list[object]) -> list[str]:
    given = Submission(("id", "label"), ids, answers)
    return [f.message for f in check_form(given, columns=("id", "label"), ids=IDS, values=values)]


def test_what_is_right_has_no_findings() -> None:
    assert check(IDS, ["0", "2", "1", "1"], [0, 1, 2]) == []
    assert check(IDS, ["쥐", "a, b", "쥐", "쥐"], ["a, b", "쥐"]) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("2.0", "write 2"),
        ("02", "write 2"),
        (" 1", "write 1"),
        ("3", "whole numbers 0 to 2"),
        ("nan", "whole numbers"),
        ("1e999", "whole numbers"),
        ("1.5", "whole numbers"),
        ("", "whole"),
    ],
)
def test_a_number_written_otherwise_is_named(answer: str, expected: str) -> None:
    (fault,) = check(IDS, ["0", answer, "1", "1"], [0, 1, 2])
    assert f"{answer!r} is no class (1 rows, such as b)" in fault
    assert expected in fault


def test_names_are_compared_as_they_are() -> None:
    (fault,) = check(IDS, ["cat", "Cat", "dog", "dog "][:4], ["cat", "dog"])[:1]
    assert "'Cat' is no class" in fault
    assert "expected cat, dog" in fault


def test_many_wrong_values_are_not_a_page() -> None:
    faults = check(IDS, ["w", "x", "y", "z"], [0, 1])
    assert len(faults) == 4
    assert faults[-1] == "1 more values that are no class"


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        # exactly twice, in place of another, which leaves the number of rows as it was
        (
            ["a", "b", "c", "c"],
            [
                "ids missing: 1, such as d; every id must come once",
                "ids more than once: 1, such as c; every id must come once",
            ],
        ),
        (
            ["a", "b", "c", "d", "b"],
            ["ids more than once: 1, such as b; every id must come once", "5 rows; expected 4"],
        ),
        (
            ["a", "a", "a", "b", "b", "c", "d"],
            ["ids more than once: 2, such as a; every id must come once", "7 rows; expected 4"],
        ),
    ],
)
def test_an_id_that_comes_twice_is_named(ids: list[str], expected: list[str]) -> None:
    assert check(ids, ["0"] * len(ids), [0, 1]) == expected


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["d", "c", "b", "a"], "4 rows are not where the sample file has them: the rows are rev"),
        (["b", "c", "d", "a"], "the rows are shifted by one; row 2 is b, expected a"),
        (["d", "a", "b", "c"], "the rows are shifted by one"),
        (["c", "d", "a", "b"], "the rows are shifted by 2"),
        (["a", "c", "b", "d"], "2 rows are not where the sample file has them; row 3 is c"),
    ],
)
def test_how_the_order_is_wrong(ids: list[str], expected: str) -> None:
    (fault,) = check(ids, ["0"] * 4, [0, 1])
    assert expected in fault


def test_ids_in_another_spelling_are_named_as_such_and_not_as_missing() -> None:
    expected, answers = ["가.jpg", "b.jpg", "c.jpg"], ["0", "1", "1"]
    given = Submission(
        ("id", "label"), [unicodedata.normalize("NFD", "가.jpg"), "b.jpg ", "c.jpg"], answers
    )
    (finding,) = check_form(given, columns=("id", "label"), ids=expected, values=[0, 1])
    assert (finding.check, finding.level) == ("ids", "stop")
    assert "ids spelled otherwise than in the sample file" in finding.message
    assert ": 2, such as " in finding.message
    assert "write it '가.jpg' as there" in finding.message


def test_ids_that_differ_in_blanks_alone_are_two() -> None:
    given = Submission(("id", "label"), ["a ", "a"], ["0", "1"])
    assert not check_form(given, columns=("id", "label"), ids=["a ", "a"], values=[0, 1])
    # which of the two a third spelling means nobody knows
    given = Submission(("id", "label"), ["a ", " a"], ["0", "1"])
    faults = check_form(given, columns=("id", "label"), ids=["a ", "a"], values=[0, 1])
    assert [fault.message.split(":")[0] for fault in faults] == [
        "ids missing",
        "ids of no test picture",
    ]


def test_a_class_in_another_spelling_is_named() -> None:
    answer = unicodedata.normalize("NFD", "쥐")
    (fault,) = check(IDS, [answer, "cat", "cat", "cat"], ["cat", "쥐"])
    assert fault.endswith("write 쥐")
