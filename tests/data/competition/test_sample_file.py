import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from foldline.data.competition.sample_file import (
    SampleFile,
    find_sample_file,
    load_sample_file,
    search_sample_file,
)
from foldline.errors import UserError

TEST = ["test/0.jpg", "test/1.jpg", "test/2.jpg"]
TRAIN = ["train/cat/c0.jpg", "train/dog/d0.jpg"]
IDS = "id,label\n2,0\n0,0\n1,0\n"


def write(root: Path, content: str, name: str = "info.csv") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def search(root: Path, train: Sequence[str] = TRAIN) -> tuple[str | None, list[str]]:
    """Return the name of the file that is taken, and the warnings."""
    found = search_sample_file(root, TEST, "test", train_paths=train, class_names=("cat", "dog"))
    return found.path.name if found.path else None, list(found.warnings)


def test_the_sample_file_gives_columns_and_order(tmp_path: Path) -> None:
    path = write(tmp_path, "﻿ImageID,ans\r\nb.jpg,0\r\n007,0\r\nNA,0\r\n")
    sample = load_sample_file(path)
    assert sample == SampleFile(("ImageID", "ans"), ["b.jpg", "007", "NA"], ["0", "0", "0"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "empty; expected a header"),
        ("id\n1\n", "two columns"),
        ("id;label\n1;0\n", "found 'id;label'"),
        ("id,cat,dog\n1,0,0\n", "two columns"),
        ("id,label\n1,0\n1,0\n", "line 3: id 1 stands in line 2 already"),
        ("id,label\n1\n", "line 2: expected 2 cells"),
        ("id,label\n\n,0\n", "line 3: expected id and answer"),
        ("1.jpg,0\n", "a row for each test picture; found only '1.jpg,0'"),
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


def test_blank_lines_and_blanks_around_cells_change_nothing(tmp_path: Path) -> None:
    sample = load_sample_file(write(tmp_path, "id, label\n a.jpg ,0\nb.jpg, 1\n\n  \n,\n"))
    # an id stays as it is written, for the submission
    assert sample == SampleFile(("id", " label"), [" a.jpg ", "b.jpg"], ["0", " 1"])


def test_the_chosen_file_comes_before_those_of_the_scheme(tmp_path: Path) -> None:
    write(tmp_path, IDS, "sample_submission.csv")
    disk = unicodedata.normalize("NFD", "제출/양식.csv")
    write(tmp_path, "img,cls\n1,0\n", disk)
    found = find_sample_file(tmp_path, ["sample_submission.csv"], "제출/양식.csv")
    assert (found.path, found.sample) == (tmp_path / disk, SampleFile(("img", "cls"), ["1"], ["0"]))
    found = find_sample_file(tmp_path, ["other.csv", "sample_submission.csv"], None)
    assert found.path == tmp_path / "sample_submission.csv"
    assert find_sample_file(tmp_path, ["other.csv"], None).sample is None


@pytest.mark.parametrize(
    ("chosen", "fault"),
    [
        ("../info.csv", r"^data\.sample_file: \.\./info\.csv: expected a file relative"),
        ("/info.csv", "inside it$"),
        (
            "none.csv",
            r"^data\.sample_file: .*/root/none\.csv: no such file; name it relative to data.root$",
        ),
        ("test", "no such file; name it relative to data.root$"),
        ("x" * 300, "no such file; name it relative to data.root$"),
    ],
)
def test_a_file_outside_the_root_or_none_is_refused(
    chosen: str, fault: str, tmp_path: Path
) -> None:
    write(tmp_path, IDS)
    (tmp_path / "root/test").mkdir(parents=True)
    with pytest.raises(UserError, match=fault):
        find_sample_file(tmp_path / "root", [], chosen)


def test_a_table_of_all_test_pictures_is_taken_for_the_sample_file(tmp_path: Path) -> None:
    write(tmp_path, IDS, "sample (1).CSV")
    write(tmp_path, "id,label\nc0,cat\nd0,dog\n", "train_labels.csv")
    write(tmp_path, 'a,b\n"x,1\n', "odd.csv")
    taken, (line,) = search(tmp_path)
    assert taken == "sample (1).CSV"
    assert line.endswith("the sample file; to say so, set 'data.sample_file=sample (1).CSV'")


@pytest.mark.parametrize("answers", [("cat", "dog", "cat"), ("0", "1", ""), ("-1",) * 3])
def test_a_sample_answers_with_classes_or_all_alike(
    answers: tuple[str, ...], tmp_path: Path
) -> None:
    rows = [f"{number},{answer}" for number, answer in enumerate(answers)]
    write(tmp_path, "\n".join(["id,label", *rows]), "sample.csv")
    assert search(tmp_path)[0] == "sample.csv"


def test_what_is_no_file_or_too_large_to_be_it_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, IDS, "sample.csv")
    write(tmp_path, IDS + "\n" * 30_000, "features.csv")
    os.mkfifo(tmp_path / "pipe.csv")  # opening it blocks for ever
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "gone.csv").symlink_to("nowhere.csv")
    assert search(tmp_path)[0] == "sample.csv"


def test_of_several_tables_none_is_taken_and_all_are_named(tmp_path: Path) -> None:
    for name in ("stage1.csv", "stage2.csv"):
        write(tmp_path, IDS, name)
    taken, (line,) = search(tmp_path)
    assert taken is None
    assert "stage1.csv, stage2.csv; if one is the sample file, name it: data.sample_file=s" in line


@pytest.mark.parametrize(
    "content",
    [
        "id,label\n2,0\n0,0\n",  # one picture is not listed
        "2,0\n0,0\n1,0\n",  # no header
        "id,label\n2,0\n0,0\n1,0\n3,0\n",  # one id has no picture
        "id,label\n2,0\n0,0\n8,0\n9,0\n",  # half of them have one
        "id,width\n2,640\n0,480\n1,512\n",  # no answers
        "id,cat,dog\n2,0,0\n0,0,0\n1,0,0\n",  # not two columns
    ],
)
def test_what_may_be_the_sample_file_is_named_alone(content: str, tmp_path: Path) -> None:
    write(tmp_path, content, "tests.csv")
    taken, (line,) = search(tmp_path)
    assert taken is None
    assert "name it: data.sample_file=tests.csv" in line


def test_tables_of_the_training_pictures_or_of_anything_else_are_not_named(tmp_path: Path) -> None:
    write(tmp_path, "id,label\n0,cat\n1,dog\n7,dog\n", "train.csv")
    write(tmp_path, "class,number\ncat,0\ndog,1\n", "classes.csv")
    write(tmp_path, IDS, ".hidden.csv")
    assert search(tmp_path, ["train/0.jpg", "train/1.jpg", "train/7.jpg"]) == (None, [])
