"""The submission says what was meant, or the old one stays."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldline.errors import UserError
from foldline.runs.submission import (
    Submission,
    SubmissionProbs,
    compute_answers,
    load_probs,
    load_submission,
    save_probs,
    save_submission,
)

COLUMNS = ("ImageID", "ans")


def save(path: Path, ids: Sequence[str], answers: Sequence[object]) -> None:
    save_submission(path, columns=COLUMNS, ids=ids, answers=answers)


def test_ids_and_answers_stay_in_order(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    save(path, ["c.jpg", "a.jpg", "b.jpg"], list(np.array([17, 0, 4])))
    assert path.read_bytes() == b"ImageID,ans\nc.jpg,17\na.jpg,0\nb.jpg,4\n"


@pytest.mark.parametrize("ids", [["007", "7"], ["NA", "null"], ['a,"b', "c d"], ["1e5", " x"]])
def test_odd_ids_are_written_as_they_are(ids: list[str], tmp_path: Path) -> None:
    save(tmp_path / "s.csv", ids, ["NA", "쥐"])
    table = pd.read_csv(tmp_path / "s.csv", dtype=str, keep_default_na=False)
    assert table["ImageID"].tolist() == ids
    assert table["ans"].tolist() == ["NA", "쥐"]


@pytest.mark.parametrize("columns", [("", "label"), ("id", "id"), ("id", "Unnamed: 0")])
def test_odd_names_of_columns_are_written_as_they_are(
    columns: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "s.csv"
    save_submission(path, columns=columns, ids=["a", "b"], answers=[1, 0])
    assert path.read_text() == f"{','.join(columns)}\na,1\nb,0\n"


@pytest.mark.parametrize(
    ("ids", "answers", "fault"),
    [
        (["a", "b", "a", "a"], [1, 2, 3, 4], "id a comes 3 times"),
        (["c", "b", "b", "a", "a"], [1, 2, 3, 4, 5], "id b comes 2 times"),
        (["a", "b"], [1], "1 answers for 2 ids"),
        (["a"], [1, 2], "2 answers for 1 ids"),
        (["a", "b"], [1, None], "does not read back the same"),
    ],
)
def test_a_wrong_submission_is_refused_and_the_old_one_kept(
    ids: list[str], answers: list[object], fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "submission.csv"
    save(path, ["x"], [5])
    with pytest.raises(ValueError, match=fault):
        save(path, ids, answers)
    assert path.read_bytes() == b"ImageID,ans\nx,5\n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_disk_garbled_does_not_take_the_old_ones_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "submission.csv"
    save(path, ["x"], [5])
    real = Path.write_text

    def garble(path: Path, text: str, **settings: str) -> int:
        return real(path, text.replace("1", "7"), **settings)

    monkeypatch.setattr(Path, "write_text", garble)
    with pytest.raises(ValueError, match="does not read back the same"):
        save(path, ["a", "b"], [1, 2])
    assert path.read_bytes() == b"ImageID,ans\nx,5\n"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_submission(tmp_path / "none.csv")


def test_the_answer_is_the_most_probable_class() -> None:
    probs = np.array([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
    assert compute_answers(probs).tolist() == [1, 0, 2]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_row_that_is_not_finite_has_no_answer(value: float) -> None:
    probs = np.array([[0.1, 0.9], [value, 0.5], [value, 0.5]])
    with pytest.raises(ValueError, match="2 rows are not finite"):
        compute_answers(probs)


def test_a_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(b'\xef\xbb\xbfid,label\r\n" 007",3.0\r\n\r\nNA,\r\n')
    assert load_submission(path) == Submission(("\ufeffid", "label"), (" 007", "NA"), ("3.0", ""))
    path.write_text('id,답\n007,3.0\n"a,b",\n007,쥐\n', encoding="utf-8")
    read = load_submission(path)
    assert read == Submission(("id", "답"), ("007", "a,b", "007"), ("3.0", "", "쥐"))
    path.write_bytes(b"id,label\n")
    assert load_submission(path) == Submission(("id", "label"), (), ())


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "empty"),
        (b"id\n1\n", "expected id and answer, found 'id'"),
        (b"id,label\n1,2\n1\n", "line 3: expected 2 cells"),
        (b"id,label\n\xff,2\n", "not UTF-8"),
        (b'id,label\n"1,2\n', "line 2: not CSV"),
        (b'id,label\n"1\r2",2\n', "line 2: a cell holds a line break"),
    ],
)
def test_a_faulty_file_is_refused_by_its_line(content: bytes, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=fault):
        load_submission(path)


PROBS = "id,p_a,p_b\n1,0.25,0.75\n2,1,0\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PROBS.replace("0.75", "nan"), "line 2: expected probabilities that are numbers"),
        (PROBS.replace("0.75", "0.5"), "line 2: expected probabilities that add up to 1"),
        (PROBS.replace("1,0\n", "1\n"), "line 3: expected 3 cells"),
        (PROBS.replace("2,", "1,"), ""),
        (PROBS.replace("2,", "3,"), ""),
        ("id,p_a,p_b\n", ""),
        ("", "empty"),
    ],
)
def test_probabilities_that_are_not_of_the_ids_are_none(
    content: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "probs.csv"
    path.write_text(PROBS)
    probs = load_probs(path)
    assert probs is not None
    assert probs.class_names == ["a", "b"]
    selected = probs.select(["2", "1"])
    assert selected is not None
    assert selected.tolist() == [[1, 0], [0.25, 0.75]]
    path.write_text(content)
    if said:
        with pytest.raises(UserError, match=said):
            load_probs(path)
        return
    other = load_probs(path)
    assert other is None or other.select(["2", "1"]) is None


def test_probabilities_read_back_to_the_same_bits(tmp_path: Path) -> None:
    probs = np.array([[1 / 3, 2 / 3], [0.1, 0.9]])
    written = SubmissionProbs("ImageID", ["2", "1"], ["a", "p_b"], probs)
    save_probs(tmp_path / "probs.csv", written)
    assert (tmp_path / "probs.csv").read_text().startswith("ImageID,p_a,p_p_b\n2,0.333")
    read = load_probs(tmp_path / "probs.csv")
    assert read is not None
    assert (read.id_column, read.ids, read.class_names) == ("ImageID", ["2", "1"], ["a", "p_b"])
    assert read.probs.tobytes() == written.probs.tobytes()
