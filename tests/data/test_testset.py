from pathlib import Path

import pytest

from foldline.data.testset import (
    SampleFile,
    choose_columns,
    choose_values,
    describe_foreign_answers,
    load_sample_file,
    match_ids,
    name_ids,
)
from foldline.errors import UserError


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "info.csv"
    path.write_text(content, encoding="utf-8")
    return path


def test_the_sample_file_gives_columns_and_order(tmp_path: Path) -> None:
    path = write(tmp_path, "﻿ImageID,ans\r\nb.jpg,0\r\n007,0\r\nNA,0\r\n")
    sample = load_sample_file(path)
    assert sample == SampleFile(("ImageID", "ans"), ["b.jpg", "007", "NA"], ["0", "0", "0"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "expected a header"),
        ("id\n1\n", "two columns"),
        ("id,cat,dog\n1,0,0\n", "two columns"),
        ("id,label\n1,0\n1,0\n", "row 3: id 1 stands in row 2 already"),
        ("id,label\n1\n", "row 2: expected id and answer, found '1'"),
        ("id,label\n,0\n", "row 2: expected id and answer"),
    ],
)
def test_faulty_sample_files_are_refused(tmp_path: Path, content: str, expected: str) -> None:
    with pytest.raises(UserError) as error:
        load_sample_file(write(tmp_path, content))
    assert expected in str(error.value)


def test_a_hundred_faults_are_ten_lines_and_a_count(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        load_sample_file(write(tmp_path, "id,label\n" + "1,0\n" * 101))
    assert len(error.value.faults) == 11
    assert error.value.faults[-1] == "… and 90 more like these"


def test_ids_find_their_pictures_with_or_without_extension_in_their_own_order() -> None:
    paths = ["test/1.jpg", "test/10.png", "test/2.jpg", "test/deep/x.jpg"]
    test = match_ids(["10", "2.jpg", "deep/x.jpg", "x", "1"], paths, "test")
    assert test.paths == ["test/10.png", paths[2], paths[3], paths[3], "test/1.jpg"]
    assert test.num_extra == 0


def test_an_id_without_a_picture_keeps_its_row_and_no_path_leads_outside() -> None:
    test = match_ids(["gone.jpg", "../secret.jpg", "1.jpg"], ["test/1.jpg", "test/2.jpg"], "test")
    assert test.ids == ["gone.jpg", "../secret.jpg", "1.jpg"]
    assert test.paths == ["", "", "test/1.jpg"]
    assert test.num_extra == 1


def test_an_id_that_means_two_pictures_is_refused() -> None:
    with pytest.raises(UserError, match=r"id 1 may mean test/1\.jpg or test/1\.png"):
        match_ids(["1"], ["test/1.jpg", "test/1.png"], "test")
    assert match_ids(["1.png"], ["test/1.jpg", "test/1.png"], "test").paths == ["test/1.png"]


def test_without_a_sample_file_the_names_are_the_ids_in_natural_order() -> None:
    test = name_ids(["test/10.jpg", "test/2.jpg", "test/b.c.jpg"], "test")
    assert test.ids == ["2", "10", "b.c"]
    assert test.paths == ["test/2.jpg", "test/10.jpg", "test/b.c.jpg"]
    with pytest.raises(UserError, match="both would have the id 1"):
        name_ids(["test/1.jpg", "test/1.png"], "test")


def test_without_a_sample_file_a_folder_in_the_test_folder_is_no_part_of_the_ids() -> None:
    test = name_ids(["test/test1/10.jpg", "test/test1/2.jpg", "test/3.jpg"], "test")
    assert test.ids == ["2", "3", "10"]
    assert test.paths == ["test/test1/2.jpg", "test/3.jpg", "test/test1/10.jpg"]
    # but for names that stand in several folders
    test = name_ids(["test/b/1.jpg", "test/a/1.jpg", "test/a/2.jpg"], "test")
    assert test.ids == ["a/1", "a/2", "b/1"]


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
    assert choose_values(class_names, sample or None) == values


@pytest.mark.parametrize(
    ("class_names", "answers", "labels", "values"),
    [
        (("cat", "dog"), None, "names", ("cat", "dog")),
        (("cat", "dog"), ["0"], "names", ("cat", "dog")),
        (("cat", "dog"), ["cat"], "numbers", (0, 1)),
        (("1", "2", "3"), None, "numbers", (0, 1, 2)),
        (("1", "2", "3"), ["1"], "numbers", (0, 1, 2)),
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
    assert choose_values(class_names, sample, labels=labels) == values


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
