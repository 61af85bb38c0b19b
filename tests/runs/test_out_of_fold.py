"""The out-of-fold store: to disk and back, to the bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foldline.errors import UserError
from foldline.runs.out_of_fold import (
    OutOfFold,
    build_out_of_fold,
    join_out_of_fold,
    load_out_of_fold,
    save_out_of_fold,
)

CLASSES = ("cat", "label", "쥐, grey")


def make_rows(**changes: Any) -> pd.DataFrame:
    columns = {
        "path": ["b/1.jpg", "NA", "a/2.jpg", 'c,"3.jpg'],
        "group": ["007", "7", "null", ""],
        "mask": [0, 1, 2, 0],  # a part of the scheme, which is not kept
        "fold": [0, 0, 0, 0],
        "label": [0, 2, 1, 0],
        "train_label": pd.array([0, None, 1, 2], dtype="Int64"),
    }
    return pd.DataFrame(columns | changes, index=[3, 5, 8, 2])


def draw_probs(rows: int = 4, seed: int = 0) -> Any:
    return np.random.default_rng(seed).dirichlet([0.01] * 3, rows)


@pytest.mark.parametrize(
    "train_label",
    [[0, None, 1, 2], [0, 0, 1, 2], [None] * 4],
    ids=["some", "all", "none"],
)
def test_it_reads_back_to_the_same_bits(train_label: list[int | None], tmp_path: Path) -> None:
    rows = make_rows(train_label=pd.array(train_label, dtype="Int64"))
    written = build_out_of_fold(rows, draw_probs(), CLASSES)
    save_out_of_fold(tmp_path / "oof.csv", written)
    read = load_out_of_fold(tmp_path / "oof.csv")
    assert read.probs.tobytes() == draw_probs().tobytes()
    for column in ("path", "group", "fold", "label"):
        assert read.table[column].tolist() == rows[column].tolist()
    assert read.table["train_label"].dtype == "Int64"
    assert read.table["train_label"].fillna(-1).tolist() == [
        -1 if value is None else value for value in train_label
    ]
    save_out_of_fold(tmp_path / "again.csv", read)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "oof.csv").read_bytes()


def test_probabilities_of_zero_and_one_are_numbers_too(tmp_path: Path) -> None:
    probs = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1e-300, 0, 1]], dtype=np.float64)
    save_out_of_fold(tmp_path / "oof.csv", build_out_of_fold(make_rows(), probs, CLASSES))
    read = load_out_of_fold(tmp_path / "oof.csv").probs
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, probs)


def test_a_path_that_leads_out_of_the_pictures_is_refused(tmp_path: Path) -> None:
    rows = make_rows(path=["b/1.jpg", "a/2.jpg", "../secret.jpg", "c/3.jpg"])
    save_out_of_fold(tmp_path / "oof.csv", build_out_of_fold(rows, draw_probs(), CLASSES))
    with pytest.raises(UserError, match=r"secret\.jpg leads out of the folder of pictures"):
        load_out_of_fold(tmp_path / "oof.csv")


def test_its_columns_are_fixed_and_its_classes_in_order() -> None:
    out_of_fold = build_out_of_fold(make_rows(), draw_probs(), CLASSES)
    assert out_of_fold.table.columns.tolist() == [
        *("path", "group", "fold", "label", "train_label"),
        *("p_cat", "p_label", "p_쥐, grey"),
    ]
    assert out_of_fold.labels.tolist() == [0, 2, 1, 0]
    assert out_of_fold.groups == ["007", "7", "null", ""]


def test_answers_and_rows_must_belong_together() -> None:
    with pytest.raises(AssertionError, match="3 answers for 4 rows"):
        build_out_of_fold(make_rows(), draw_probs(3), CLASSES)


def test_folds_are_joined_in_the_order_of_the_table(tmp_path: Path) -> None:
    order = make_rows()["path"].tolist()
    parts = []
    for fold, picked in enumerate(([3, 1], [0, 2])):
        rows = make_rows(fold=[fold] * 4).iloc[picked]
        parts.append(build_out_of_fold(rows, draw_probs()[picked], CLASSES))
    whole = join_out_of_fold(parts, order)
    assert whole.table["path"].tolist() == order
    assert whole.table["fold"].tolist() == [1, 0, 1, 0]
    np.testing.assert_array_equal(whole.probs, draw_probs())
    assert join_out_of_fold(parts[:1], order).table["path"].tolist() == [order[1], order[3]]


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "oof.csv"
    path.write_text("old")

    def fill_the_disk(_: object, file: Path, **__: object) -> None:
        file.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        save_out_of_fold(path, OutOfFold(make_rows()))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


HEADER = "path,group,fold,label,train_label"
ROWS = f"{HEADER},p_cat,p_dog\na,x,0,1,1,0.25,0.75\nb,y,0,0,,1,0\n"


def write(path: Path, *, line: str | None = None, header: str | None = None) -> Path:
    """The rows, with another second row or header."""
    lines = ROWS.splitlines()
    lines = [header or lines[0], lines[1], lines[2] if line is None else line]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("b,y,0,2,,1,0", "label '2' is no class of 2"),
        ("b,y,0,-1,,1,0", "label '-1' is no class"),
        ("b,y,0,,,1,0", "label '' is no class"),
        ("b,y,0,1.0,,1,0", "label '1.0' is no class"),
        ("b,y,0,cat,,1,0", "label 'cat' is no class"),
        ("b,y,0,0,2,1,0", "train_label '2' is no class"),
        ("b,y,0,0,nan,1,0", "train_label 'nan' is no class"),
        ("b,y,1,0,,1,0", "fold '1' is another one"),
        ("a,y,0,0,,1,0", "a is in it twice"),
        (",y,0,0,,1,0", "no path"),
        ("b,y,0,0,,nan,0", "numbers from 0 to 1"),
        ("b,y,0,0,,inf,0", "numbers from 0 to 1"),
        ("b,y,0,0,,-0.005,1", "numbers from 0 to 1"),
        ("b,y,0,0,,0,1.005", "numbers from 0 to 1"),
        ("b,y,0,0,,much,0", "numbers from 0 to 1"),
        ("b,y,0,0,,,1", "numbers from 0 to 1"),
        ("b,y,0,0,,0.5,0.48", "add up to 1"),
        ("b,y,0,0,,0.5,0.52", "add up to 1"),
        ("b,y,0,0,,1e400,0", "numbers from 0 to 1"),
        ("b,y,0,0,,1", "expected 7 cells"),
        ("b,y,0,0,,1,0,0", "expected 7 cells"),
        ('b,"y,0,0,,1,0', "not CSV"),
        ("b,y\x00,0,0,,1,0", "control character"),
    ],
)
def test_a_row_that_cannot_be_true_is_named(line: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"oof\.csv: line 3: .*{said}"):
        load_out_of_fold(write(tmp_path / "oof.csv", line=line), fold=0)


def test_a_joined_file_has_any_folds(tmp_path: Path) -> None:
    path = write(tmp_path / "oof.csv", line="b,y,12,0,,1,0")
    assert load_out_of_fold(path).table["fold"].tolist() == [0, 12]
    with pytest.raises(UserError, match="fold '-1' is none"):
        load_out_of_fold(write(path, line="b,y,-1,0,,1,0"))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER, "expected 5 cells"),
        (f"{HEADER},score,p_cat", "expected the columns"),
        (f"{HEADER},p_cat,p_cat", "expected the columns"),
        ("ImageID,group,fold,label,train_label,p_cat,p_dog", "expected the columns"),
    ],
)
def test_other_columns_are_refused(header: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"oof\.csv: .*{said}"):
        load_out_of_fold(write(tmp_path / "oof.csv", header=header))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (f"{HEADER},p_cat\n".encode(), "no rows"),
        (b"\xff\xfe\x00\x01", "not UTF-8"),
        (ROWS.encode("utf-16"), "not UTF-8"),
        (b"ImageID,ans\na.jpg,1\n", "expected the columns"),
    ],
)
def test_another_file_is_refused_by_name(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "oof.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"oof\.csv: .*{said}"):
        load_out_of_fold(path)


def test_no_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(UserError, match=f"{path.name}: cannot be read"):
            load_out_of_fold(path)


def test_an_average_weighs_the_probabilities_and_keeps_the_rows_of_the_first() -> None:
    one = build_out_of_fold(make_rows(), np.eye(3)[[0, 0, 0, 0]], CLASSES)
    other_training = make_rows(train_label=pd.array([1, 1, 1, 1], dtype="Int64"))
    two = build_out_of_fold(other_training, np.eye(3)[[0, 1, 2, 2]], CLASSES)
    mean = OutOfFold.average([one, two], [3, 1])
    assert mean.probs.tolist() == [[1, 0, 0], [0.75, 0.25, 0], [0.75, 0, 0.25], [0.75, 0, 0.25]]
    assert mean.table[["path", "train_label"]].equals(one.table[["path", "train_label"]])
    assert OutOfFold.average([two], [0.1]).table.equals(two.table)


@pytest.mark.parametrize(
    ("changes", "classes", "said"),
    [
        ({}, ("a", "b", "c"), "part 2 has other classes"),
        ({"label": [0, 2, 1, 1]}, CLASSES, 'row 4 is c,"3.jpg, , 0 and c,"3.jpg, , 1'),
        ({"fold": [0, 0, 0, 1]}, CLASSES, "part 2 has other folds"),
    ],
)
def test_other_rows_are_not_averaged(
    changes: dict[str, Any], classes: tuple[str, ...], said: str
) -> None:
    one = build_out_of_fold(make_rows(), draw_probs(), CLASSES)
    two = build_out_of_fold(make_rows(**changes), draw_probs(), classes)
    with pytest.raises(ValueError, match=said):
        OutOfFold.average([one, two], [1, 1])
    shorter = OutOfFold(one.table.iloc[:3])
    with pytest.raises(ValueError, match=r'row 4 is c,"3\.jpg, , 0 and nothing'):
        OutOfFold.average([one, shorter], [1, 1])
