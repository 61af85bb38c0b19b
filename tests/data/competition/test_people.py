import unicodedata
from pathlib import Path

import pytest

from foldline.data.competition.people import compare_people

HEADER = "id,gender,race,age,path\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "train.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_that_agrees_says_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "1,male,Asian,25,1_male_Asian_25\n")
    assert compare_people(path, {"1_male_Asian_25"}) == []


def test_each_difference_is_one_line_that_names_people(tmp_path: Path) -> None:
    rows = [
        "1,male,Asian,25,1_male_Asian_25",
        "2,female,Asian,30,2_male_Asian_30",
        "3,male,Asian,30,3_male_Asian_31",
        "4,male,Asian,30,4_male_Asian_30",
        "4,male,Asian,30,4_male_Asian_30",
    ]
    folders = {"2_male_Asian_30", "3_male_Asian_31", "4_male_Asian_30", "5_male_Asian_30"}
    assert compare_people(write(tmp_path, HEADER + "\n".join(rows)), folders) == [
        "people in train.csv without pictures: 1 (1_male_Asian_25)",
        "people's folders that are not in train.csv: 1 (5_male_Asian_30)",
        "people of another gender or age in train.csv than in their folder's name: "
        "2 (2_male_Asian_30, 3_male_Asian_31)",
        "people that are twice in train.csv: 1 (4_male_Asian_30)",
    ]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", HEADER, HEADER + "1,male\n"])
def test_a_list_that_cannot_be_used_says_so(tmp_path: Path, text: str) -> None:
    (line,) = compare_people(write(tmp_path, text), {"1_male_Asian_25"})
    assert "not compared" in line


def test_a_missing_list_and_one_that_is_not_text_say_so(tmp_path: Path) -> None:
    assert "is missing" in compare_people(tmp_path / "train.csv", set())[0]
    (tmp_path / "train.csv").write_bytes(b"id,gender\xff\n1,2\n")
    assert "not UTF-8" in compare_people(tmp_path / "train.csv", set())[0]


def test_a_path_that_is_no_persons_folder_is_no_crash(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "1,male,Asian,25,odd\n")
    (line,) = compare_people(path, {"odd"})
    assert line.endswith("than in their folder's name: 1 (odd)")


def test_the_list_may_be_in_another_spelling_than_the_folders(tmp_path: Path) -> None:
    folder = unicodedata.normalize("NFD", "가_male_아시아_25")
    path = write(tmp_path, "id, gender,race,age, path\n가,male ,아시아,25,가_male_아시아_25\n\n")
    assert compare_people(path, {folder}) == []
