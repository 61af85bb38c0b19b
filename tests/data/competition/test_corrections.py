import csv
import unicodedata
from pathlib import Path

import pytest
from tests.needs import PATHS, needs_data

from foldline.data.competition.corrections import Correction, compute_train_labels, load_corrections
from foldline.data.competition.labels import Picture, read_labels
from foldline.data.competition.schemes import FolderScheme, MaskScheme
from foldline.errors import UserError

SCHEME = MaskScheme()
SHIPPED = Path(__file__).parents[3] / "configs/corrections/mask.csv"


def read(*inners: str) -> list[Picture]:
    paths = [f"train/images/{inner}" for inner in inners]
    return read_labels(SCHEME, {"train/images": paths})[0]


def correct(pictures: list[Picture], *rows: tuple[str, str, str]) -> list[int | None]:
    corrections = [Correction(*row, line) for line, row in enumerate(rows, start=2)]
    result = compute_train_labels(
        pictures, SCHEME, SCHEME.class_names, corrections=corrections, source="wrong.csv"
    )
    return list(result.labels)


def test_without_corrections_training_sees_the_official_labels() -> None:
    pictures = read("1_male_A_25/mask1.jpg", "2_female_A_59/normal.jpg")
    result = compute_train_labels(pictures, SCHEME, SCHEME.class_names)
    assert result.labels == [0, 16]
    assert (result.num_corrected, result.num_cut, len(result.unused)) == (0, 0, 0)


def test_a_person_is_a_folder_never_an_id() -> None:
    pictures = read("7_male_A_25/mask1.jpg", "7_male_A_26/mask1.jpg", "7-1_male_A_25/mask1.jpg")
    assert correct(pictures, ("7_male_A_25", "gender", "female")) == [3, 0, 0]


def test_swapped_shots_are_rows_for_two_pictures() -> None:
    pictures = read("1_male_A_25/incorrect_mask.jpg", "1_male_A_25/normal.jpg")
    rows = [(pictures[0].path, "mask", "bare"), (pictures[1].path, "mask", "incorrect")]
    assert correct(pictures, *rows) == [12, 6]


def test_a_row_for_a_picture_wins_over_one_for_its_group_whatever_their_order() -> None:
    pictures = read("1_male_A_25/mask1.jpg", "1_male_A_25/mask2.jpg")
    rows = [(pictures[0].path, "age", "45"), ("1_male_A_25", "age", "60")]
    assert correct(pictures, *rows) == [1, 2]


def test_a_label_may_be_corrected_whole_or_emptied() -> None:
    pictures = read("1_male_A_25/mask1.jpg", "2_male_A_25/mask1.jpg")
    rows = [("1_male_A_25", "label", "bare-female-60+"), ("2_male_A_25", "label", "")]
    assert correct(pictures, *rows) == [17, None]


def test_schemes_without_parts_have_labels_to_correct() -> None:
    paths = ["train/a/1.jpg", "train/b/2.jpg"]
    pictures, class_names, _ = read_labels(FolderScheme(), {"train": paths})
    corrections = [Correction("train/a/1.jpg", "label", "b", 2)]
    result = compute_train_labels(pictures, FolderScheme(), class_names, corrections=corrections)
    assert result.labels == [1, 1]


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        (("1_male_A_25", "label", "bare-male-<30"), [12, 6]),
        (("1_male_A_25", "label", ""), [None, 6]),
        (("1_male_A_25", "gender", "female"), [3, 9]),
    ],
)
def test_a_part_of_a_picture_wins_over_the_label_of_its_group(
    row: tuple[str, str, str], labels: list[int | None]
) -> None:
    pictures = read("1_male_A_25/mask1.jpg", "1_male_A_25/mask2.jpg")
    own = ("train/images/1_male_A_25/mask2.jpg", "mask", "incorrect")
    assert correct(pictures, row, own) == labels
    assert correct(pictures, own, row) == labels


def test_the_age_cut_follows_the_corrected_age_and_is_counted_apart() -> None:
    pictures = read("1_male_A_58/mask1.jpg", "2_male_A_57/mask1.jpg", "3_male_A_40/mask1.jpg")
    result = compute_train_labels(
        pictures,
        SCHEME,
        SCHEME.class_names,
        corrections=[Correction("3_male_A_40", "age", "59", 2)],
        age_cut=58,
    )
    assert result.labels == [2, 1, 2]
    assert (result.num_corrected, result.num_cut) == (0, 2)
    assert [picture.label for picture in pictures] == [1, 1, 1]


def test_an_age_cut_without_ages_is_refused() -> None:
    with pytest.raises(UserError, match=r"data\.train_age_cut"):
        compute_train_labels([], FolderScheme(), [], age_cut=58)


def test_rows_that_match_nothing_are_given_back_unread() -> None:
    pictures = read("1_male_A_25/mask1.jpg")
    row = Correction("9_male_A_25", "colour", "red", 2)
    result = compute_train_labels(pictures, SCHEME, SCHEME.class_names, corrections=[row])
    assert result.labels == [0]
    assert result.unused == [row]
    assert result.num_corrections == 1


@pytest.mark.parametrize(
    ("part", "value", "expected"),
    [
        ("gender", "woman", "wrong.csv: line 2: gender: expected male or female, found 'woman'"),
        ("mask", "1", "wrong.csv: line 2: mask: expected wear, incorrect or bare, found '1'"),
        ("age", "-3", "wrong.csv: line 2: age: expected an age in years, found '-3'"),
        ("label", "18", "wrong.csv: line 2: label: expected the name of a class"),
        (
            "colour",
            "red",
            "wrong.csv: line 2: colour: no such part; expected mask or gender or age",
        ),
    ],
)
def test_faulty_values_are_named_by_line(part: str, value: str, expected: str) -> None:
    with pytest.raises(UserError) as error:
        correct(read("1_male_A_25/mask1.jpg"), ("1_male_A_25", part, value))
    assert str(error.value).startswith(expected)


def test_a_file_is_read_with_remarks_blank_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text('﻿# remark\n\ntarget,part,value\n"a, b",label,\nc , age,60\n', encoding="utf-8")
    assert load_corrections(path) == [
        Correction("a, b", "label", "", 4),
        Correction("c", "age", "60", 5),
    ]


def test_the_header_is_no_correction(tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("target,part,value\n", encoding="utf-8")
    assert load_corrections(path) == []
    path.write_text("target,part,value\n1_male_A_25,gender,female\n", encoding="utf-8")
    pictures = read("1_male_A_25/mask1.jpg", "2_male_A_25/mask1.jpg")
    result = compute_train_labels(
        pictures, SCHEME, SCHEME.class_names, corrections=load_corrections(path)
    )
    assert (result.num_corrections, result.num_corrected, result.unused) == (1, 1, [])
    assert result.labels == [3, 0]


def test_every_faulty_row_is_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("target,part,value\n# why\na,age,60\na,age,50\n,age,50\n", encoding="utf-8")
    with pytest.raises(UserError) as error:
        load_corrections(path)
    assert error.value.faults == (
        f"{path}: line 4: a age: as line 3",
        f"{path}: line 5: expected target,part,value, found ',age,50'",
    )
    path.write_text("target,part,value\na,gender\na,age,60,\n", encoding="utf-8")
    with pytest.raises(UserError) as error:
        load_corrections(path)
    assert [fault.split(": ")[1] for fault in error.value.faults] == ["line 2", "line 3"]


def test_targets_and_classes_may_be_in_any_spelling(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "고양이/사진")
    paths = [f"train/{decomposed}1.jpg", "train/고양이/사진2.jpg", "train/b/3.jpg"]
    pictures, class_names, _ = read_labels(FolderScheme(), {"train": paths})
    assert class_names == ("b", "고양이")
    path = tmp_path / "wrong.csv"
    rows = ["train/고양이/사진1.jpg,label,b", f"train/{decomposed}2.jpg,label,"]
    rows.append(f"train/b/3.jpg ,label, {unicodedata.normalize('NFD', '고양이')}")
    path.write_text("\n".join(["target,part,value", *rows]), encoding="utf-8")
    result = compute_train_labels(
        pictures, FolderScheme(), class_names, corrections=load_corrections(path)
    )
    assert result.labels == [0, None, 1]
    assert not result.unused
    path.write_text("\n".join(["target,part,value", *rows, f"train/{decomposed}1.jpg,label,b"]))
    with pytest.raises(UserError, match=r"line 5: .* label: as line 2"):
        load_corrections(path)


@pytest.mark.parametrize("content", [b"", b"path,part,value\n", b"target,part,value\n\xff,a,b"])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"wrong\.csv"):
        load_corrections(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.corrections: .*no such file"):
        load_corrections(tmp_path / "none.csv")


@needs_data
def test_the_shipped_corrections_change_62_pictures_of_11_people() -> None:
    with PATHS.open(encoding="utf-8", newline="") as file:
        pictures = read(*(row["path"] for row in csv.DictReader(file)))
    result = compute_train_labels(
        pictures, SCHEME, SCHEME.class_names, corrections=load_corrections(SHIPPED)
    )
    changed = {
        picture.path: label
        for picture, label in zip(pictures, result.labels, strict=True)
        if label != picture.label
    }
    assert len(changed) == result.num_corrected == 62
    assert len({path.split("/")[2] for path in changed}) == 11
    assert not result.unused
    assert changed["train/images/000020_female_Asian_50/incorrect_mask.jpg"] == 16
    assert changed["train/images/001498-1_male_Asian_23/mask1.jpg"] == 3
    assert "train/images/001498_female_Asian_59/mask1.jpg" not in changed


def test_the_shipped_corrections_can_be_read_without_the_data() -> None:
    corrections = load_corrections(SHIPPED)
    assert len(corrections) == 8 + 3 * 2
    assert {c.part for c in corrections} == {"gender", "mask"}
