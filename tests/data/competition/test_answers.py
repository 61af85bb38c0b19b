import unicodedata
from typing import Any

import pytest

from foldline.data.competition.answers import (
    choose_answers,
    choose_columns,
    describe_foreign_answers,
)
from foldline.data.competition.sample_file import SampleFile
from foldline.errors import UserError

PADDED = ("00000", "00001", "00014")


def decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def answer_with(*answers: str) -> SampleFile:
    return SampleFile(("id", "label"), [str(row) for row in range(len(answers))], answers)


@pytest.mark.parametrize(
    ("class_names", "answers", "values"),
    [
        (("cat", "dog"), None, (0, 1)),
        (("cat", "dog"), ["0", "0"], (0, 1)),
        (("cat", "dog"), ["0.5"], (0, 1)),
        (("cat", "dog"), [""], (0, 1)),
        (("cat", "dog"), ["cat", ""], ("cat", "dog")),
        (("cat", "dog"), ["unknown"], ("cat", "dog")),
        (("3", "5"), ["0"], ("3", "5")),
    ],
)
def test_classes_are_called_as_the_sample_calls_them(
    class_names: tuple[str, ...], answers: list[str] | None, values: tuple[int | str, ...]
) -> None:
    sample = answers and SampleFile(("id", "label"), ["1"] * len(answers), answers)
    assert choose_answers(class_names, sample or None)[1] == values


@pytest.mark.parametrize(
    ("class_names", "answers", "labels", "values"),
    [
        (("cat", "dog"), None, "names", ("cat", "dog")),
        (("cat", "dog"), ["0"], "names", ("cat", "dog")),
        (("cat", "dog"), ["cat"], "numbers", (0, 1)),
        (("1", "2", "3"), None, "numbers", (1, 2, 3)),
        (("1", "2", "3"), ["0"], "numbers", (1, 2, 3)),
        (("00000", "00014"), None, "numbers", (0, 14)),
        (("3", "5"), None, "auto", ("3", "5")),
    ],
)
def test_the_user_may_say_how_classes_are_called(
    class_names: tuple[str, ...],
    answers: list[str] | None,
    labels: str,
    values: tuple[int | str, ...],
) -> None:
    sample = SampleFile(("id", "label"), ["1"], answers) if answers else None
    assert choose_answers(class_names, sample, labels=labels)[1] == values


def test_the_sample_files_columns_stand_and_others_are_refused() -> None:
    sample = SampleFile(("img", "cls"), ["1"], ["0"])
    assert choose_columns(("id", "label"), None) == ("id", "label")
    assert choose_columns(("id", "label"), None, chosen=("nr", "kind")) == ("nr", "kind")
    assert choose_columns(("id", "label"), sample) == ("img", "cls")
    assert choose_columns(("id", "label"), sample, chosen=("img", "cls")) == ("img", "cls")
    with pytest.raises(UserError, match=r"submission_columns: nr,kind, but .* has img,cls"):
        choose_columns(("id", "label"), sample, chosen=("nr", "kind"))


def test_answers_that_the_submission_will_never_say_are_pointed_out() -> None:
    sample = SampleFile(("id", "label"), ["1", "2", "3"], ["0.5", "", "1"])
    (line,) = describe_foreign_answers((0, 1), sample)
    assert "answers with '0.5', the submission will with '0', '1'" in line
    assert not describe_foreign_answers((0, 1), SampleFile(("id", "label"), ["1"], ["1"]))
    assert not describe_foreign_answers((0, 1), None)


@pytest.mark.parametrize(
    ("class_names", "answers", "expected"),
    [
        (PADDED, ["14"], ("values", (0, 1, 14))),
        (PADDED, ["0"], ("values", (0, 1, 14))),
        (PADDED, ["00014", " 00001"], ("names", PADDED)),
        (PADDED, ["2", "0"], ("ranks", (0, 1, 2))),
        # 99 is a class without training pictures
        (PADDED, ["14", "99"], ("values", (0, 1, 14))),
        (PADDED, [], ("names", PADDED)),
        (("1", "2", "3"), ["0", "1", "2"], ("ranks", (0, 1, 2))),
        (("1", "2", "3"), ["1", "3"], ("names", ("1", "2", "3"))),
        # a single 0 is a placeholder
        (("1", "2", "3"), ["0", "0"], ("names", ("1", "2", "3"))),
        (("1", "2"), [" 1"], ("names", ("1", "2"))),
        (("cat", "dog"), ["1"], ("ranks", (0, 1))),
        # the same number twice says nothing
        (("1", "01"), ["1"], ("names", ("1", "01"))),
        (("02", "002"), ["2"], ("names", ("02", "002"))),
    ],
)
def test_the_samples_answers_tell_names_values_and_ranks(
    class_names: tuple[str, ...], answers: list[str], expected: Any
) -> None:
    assert choose_answers(class_names, answer_with(*answers)) == expected


def test_classes_of_one_number_are_no_numbers() -> None:
    with pytest.raises(UserError, match=r"^data\.submission_labels: .* 1 and 01 are the same num"):
        choose_answers(("1", "01"), None, labels="numbers")


def test_names_are_spelled_as_the_sample_file_spells_them() -> None:
    sample = answer_with(decompose("고양이"))
    expected = (decompose("강아지"), decompose("고양이"), "rat")
    assert choose_answers(("강아지", "고양이", "rat"), sample) == ("names", expected)
    assert not describe_foreign_answers(expected, sample)
    assert choose_answers(("고양이", "쥐"), answer_with("고양이"))[1] == ("고양이", "쥐")


def test_columns_of_another_spelling_are_the_same() -> None:
    sample = SampleFile((decompose("번호"), " 종류"), ["1"], ["0"])
    assert choose_columns(("id", "label"), sample, chosen=("번호", "종류")) == sample.columns
