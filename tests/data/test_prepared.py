import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.prepared_tables import CLASS_NAMES, PICTURES, TEST, build, save

from foldline.data.competition.labels import Picture
from foldline.data.competition.test_set import TestSet
from foldline.data.prepared import load_prepared
from foldline.errors import UserError
from foldline.files import compute_sha256


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    tables = build()
    save(tmp_path, tables)
    prepared = load_prepared(tmp_path)
    train, test = prepared.train, prepared.test
    assert list(train.columns) == [
        *("path", "group", "mask", "gender", "age"),
        *("label", "train_label", "fold"),
    ]
    assert train["path"].tolist() == [picture.path for picture in PICTURES]
    assert train["group"].tolist() == ["000020", "NA", "1e5"]
    assert train["age"].tolist() == [58, 25, 60]
    assert train["label"].tolist() == [4, 12, 2]
    assert str(train["train_label"].dtype) == "Int64"
    assert train["train_label"].isna().tolist() == [False, True, False]
    assert train["fold"].tolist() == [0, 1, -1]
    assert test["id"].tolist() == ["007", "null", "a"]
    assert test["path"].tolist() == ["test/007.jpg", "", "test/a.jpg"]
    assert prepared.class_names == CLASS_NAMES
    assert prepared.num_folds == 2
    assert (prepared.seal, prepared.scoring_seal) == (tables.seal, tables.scoring_seal)
    assert prepared.submission_columns == ("ImageID", "ans")
    assert prepared.submission_values == tuple(range(18))
    assert prepared.settings == {"folds.number": 2}


def test_tables_without_test_pictures_or_parts_are_loaded(tmp_path: Path) -> None:
    pictures = [Picture("train/a/1.jpg", "007", (), 0)]
    tables = build(
        pictures=pictures, train_labels=[0], folds=[0], attribute_names=(), test=TestSet([], [])
    )
    save(tmp_path, tables)
    prepared = load_prepared(tmp_path)
    assert prepared.train["group"].tolist() == ["007"]
    assert prepared.test.empty
    assert list(prepared.test.columns) == ["id", "path", "problem"]
    assert list(prepared.train.columns) == ["path", "group", "label", "train_label", "fold"]


def test_missing_and_unreadable_pictures_are_told_apart(tmp_path: Path) -> None:
    save(tmp_path, build(test=TEST.leave_out({"test/a.jpg"})))
    assert (tmp_path / "test.csv").read_text() == (
        "id,path,problem\n007,test/007.jpg,\nnull,,missing\na,,unreadable\n"
    )
    test = load_prepared(tmp_path).test
    assert test["problem"].tolist() == ["", "missing", "unreadable"]


def test_a_table_of_before_does_not_tell_them_apart(tmp_path: Path) -> None:
    content = "id,path\n007,test/007.jpg\nnull,\n"
    save(tmp_path, replace(build(), test=content, test_sha256=compute_sha256(content.encode())))
    test = load_prepared(tmp_path).test
    assert test["id"].tolist() == ["007", "null"]
    assert test["problem"].tolist() == ["", "missing or unreadable"]


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_a_table_edited_by_hand_is_refused(tmp_path: Path, name: str) -> None:
    save(tmp_path)
    table = tmp_path / name
    table.write_bytes(table.read_bytes().replace(b"007", b"008").replace(b",0\n", b",1\n"))
    with pytest.raises(UserError, match=f"{name}: changed .* sealed; run: foldline prepare"):
        load_prepared(tmp_path)


def test_class_names_edited_by_hand_are_refused(tmp_path: Path) -> None:
    save(tmp_path, class_names=[*CLASS_NAMES[::-1]])
    with pytest.raises(UserError, match="changed since"):
        load_prepared(tmp_path)


@pytest.mark.parametrize("name", ["train.csv", "test.csv", "summary.json"])
def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path, name: str) -> None:
    save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing; run: foldline prepare"):
        load_prepared(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"seal": "0"})])
def test_a_broken_summary_is_refused(tmp_path: Path, content: str) -> None:
    save(tmp_path)
    (tmp_path / "summary.json").write_text(content)
    with pytest.raises(UserError, match=r"summary\.json: .*; run: foldline prepare"):
        load_prepared(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_folds": "2"}, "num_folds: expected a valid integer"),
        ({"num_folds": 1}, r"num_folds: train\.csv has more"),
        ({"submission_values": [0, 1]}, "submission_values: expected one of its own for each"),
        ({"submission_values": [0] * 18}, "submission_values: expected one of its own for each"),
        ({"submission_columns": ["ImageID"]}, "submission_columns.1: missing"),
        ({"class_names": []}, "class_names: "),
        ({"label_parts": {"mask": ["worn"]}}, "label_parts: expected a value for each class"),
    ],
)
def test_what_the_seal_does_not_cover_is_checked(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    save(tmp_path, **changes)
    with pytest.raises(UserError, match=rf"summary\.json: {said}.*; run: foldline prepare"):
        load_prepared(tmp_path)


@pytest.mark.parametrize("path", ["../secret.jpg", "train/../../secret.jpg", "/secret.jpg"])
@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_a_path_that_leads_out_of_the_pictures_is_refused(
    tmp_path: Path, name: str, path: str
) -> None:
    picture = Picture(path if name == "train.csv" else "train/a/1.jpg", "a", (0, 1, 58), 4)
    test = TestSet(["1", "2"], ["", path if name == "test.csv" else "test/2.jpg"])
    save(tmp_path, build(pictures=[picture], train_labels=[4], folds=[0], test=test))
    with pytest.raises(UserError, match=rf"{name}: {path} leads out of the folder of pictures"):
        load_prepared(tmp_path)
