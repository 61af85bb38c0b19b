import csv
import unicodedata
from typing import Literal, get_args

import pytest
from tests.needs import PATHS, needs_data

from foldline.config.data import Data
from foldline.data.competition.labels import read_labels
from foldline.data.competition.schemes import (
    SCHEMES,
    FileNameScheme,
    FolderScheme,
    MaskScheme,
    Reading,
)
from foldline.errors import UserError


@pytest.mark.parametrize(
    ("inner", "label", "attributes"),
    [
        ("000001_male_Asian_25/mask3.jpg", 0, (0, 0, 25)),
        ("000001_female_Asian_45/incorrect_mask.png", 10, (1, 1, 45)),
        ("001498-1_female_Asian_60/normal.JPEG", 17, (2, 1, 60)),
        ("000001_male_Asian_29/mask1.jpg", 0, (0, 0, 29)),
        ("000001_male_Asian_30/mask1.jpg", 1, (0, 0, 30)),
        ("000001_male_Asian_59/mask1.jpg", 1, (0, 0, 59)),
        ("000001_male_Middle_Eastern_75/mask5.jpg", 2, (0, 0, 75)),
    ],
)
def test_mask_labels_follow_the_official_rule(
    inner: str, label: int, attributes: tuple[int, ...]
) -> None:
    reading = MaskScheme().read(f"train/images/{inner}", inner)
    assert reading == Reading(inner.partition("/")[0], label, attributes)


def test_mask_class_names_stand_in_the_order_of_the_labels() -> None:
    scheme = MaskScheme()
    assert len(scheme.class_names) == 18
    assert scheme.class_names[0] == "wear-male-<30"
    assert scheme.class_names[10] == "incorrect-female-30-59"
    assert scheme.class_names[17] == "bare-female-60+"


@pytest.mark.parametrize(
    "inner",
    [
        "mask1.jpg",
        "000001_male_Asian/mask1.jpg",
        "000001_man_Asian_25/mask1.jpg",
        "000001_male_Asian_2x/mask1.jpg",
        "000001_male_Asian_25/more/mask1.jpg",
        "000001_male_Asian_25/mask0.jpg",
        "000001_male_Asian_25/mask6.jpg",
        "000001_male_Asian_25/mask1 (1).jpg",
        "000001_male_Asian_25/Normal.jpg",
    ],
)
def test_malformed_mask_names_are_refused(inner: str) -> None:
    with pytest.raises(ValueError, match="expected a"):
        MaskScheme().read(inner, inner)


def test_the_mask_competition_lies_where_its_archive_puts_it() -> None:
    scheme = MaskScheme()
    assert (scheme.train_dir, scheme.test_dir) == ("train/images", "eval/images")
    assert (scheme.sample_files, scheme.needs_sample_file) == (("eval/info.csv",), True)
    assert scheme.people_file == "train/train.csv"
    assert scheme.submission_columns == ("ImageID", "ans")
    others = FolderScheme()
    assert (others.train_dir, others.test_dir) == ("train", "test")
    assert others.submission_columns == ("id", "label")
    assert not others.needs_sample_file
    # and whose empty folders are reported
    assert (others.classes_are_folders, scheme.classes_are_folders) == (True, False)
    assert not FileNameScheme("{label}.{id}").classes_are_folders


def test_age_cut_moves_the_oldest_class_alone() -> None:
    scheme = MaskScheme()
    assert scheme.compute_label((0, 0, 58)) == 1
    assert scheme.compute_label((0, 0, 58), oldest_from=58) == 2
    assert scheme.compute_label((0, 0, 57), oldest_from=58) == 1
    assert scheme.compute_label((0, 0, 29), oldest_from=58) == 0


def test_folder_labels_are_the_first_folder_in_one_spelling() -> None:
    decomposed = unicodedata.normalize("NFD", "고양이")
    path = f"train/{decomposed}/deep/1.jpg"
    reading = FolderScheme().read(path, f"{decomposed}/deep/1.jpg")
    assert reading == Reading("train/고양이/deep/1.jpg", "고양이")
    assert FolderScheme().read("train/cat /1.jpg", "cat /1.jpg").label == "cat"
    with pytest.raises(ValueError, match="found blanks"):
        FolderScheme().read("train/ /1.jpg", " /1.jpg")
    with pytest.raises(ValueError, match="inside the folder"):
        FolderScheme().read("train/1.jpg", "1.jpg")


@pytest.mark.parametrize(
    ("pattern", "name", "label", "group"),
    [
        ("{label}.{id}", "cat.12.jpg", "cat", None),
        ("{label}.{id}.jpg", "cat.12.png", "cat", None),
        ("{label}_{id}", "american_pit_bull_3.jpg", "american_pit_bull", None),
        ("{id}_{label}", "0001_pit_bull.jpg", "pit_bull", None),
        ("{group}-{label}_{id}", "p7-cat_3.jpg", "cat", "p7"),
        ("img_{label}", "img_cat.jpg", "cat", None),
    ],
)
def test_file_names_are_read_by_the_pattern(
    pattern: str, name: str, label: str, group: str | None
) -> None:
    path = f"train/{name}"
    reading = FileNameScheme(pattern).read(path, name)
    assert reading == Reading(group or path, label)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_one_person_written_in_two_ways_is_one_group(form: Literal["NFC", "NFD"]) -> None:
    pattern = unicodedata.normalize("NFD" if form == "NFC" else "NFC", "사람{group}_{label}_{id}")
    name = unicodedata.normalize(form, "사람가영 _고양이_1.jpg")
    reading = FileNameScheme(pattern).read(f"train/{name}", name)
    assert reading == Reading("가영", "고양이")
    folder = unicodedata.normalize(form, "가영_male_아시아_25")
    assert MaskScheme().read(f"x/{folder}/mask1.jpg", f"{folder}/mask1.jpg") == Reading(
        "가영_male_아시아_25", 0, (0, 0, 25)
    )


def test_a_name_that_does_not_fit_the_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a name like \{label\}\.\{id\}"):
        FileNameScheme("{label}.{id}").read("train/cat12.jpg", "cat12.jpg")


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("{lable}.{id}", "unknown field {lable}"),
        ("{id}", "{label} is missing"),
        ("{label}.{label}", "only once"),
        ("{label}{id}", "between them"),
    ],
)
def test_faulty_patterns_are_refused(pattern: str, problem: str) -> None:
    with pytest.raises(UserError) as error:
        FileNameScheme(pattern)
    assert problem in str(error.value)
    assert str(error.value).startswith("data.pattern: ")


def test_labels_of_text_become_classes_in_natural_order() -> None:
    paths = ["train/10/a.jpg", "train/2/b.jpg", "train/c.jpg", "train/10/d.jpg"]
    pictures, class_names, rejected = read_labels(FolderScheme(), {"train": paths})
    assert class_names == ("2", "10")
    assert [picture.label for picture in pictures] == [1, 0, 1]
    assert [picture.path for picture in pictures] == [paths[0], paths[1], paths[3]]
    assert [(item.path, item.reason) for item in rejected] == [("train/c.jpg", "bad name")]


def test_pictures_may_lie_in_the_root_itself() -> None:
    pictures, class_names, _ = read_labels(FolderScheme(), {".": ["cat/1.jpg"]})
    assert class_names == ("cat",)
    assert pictures[0].path == "cat/1.jpg"


@needs_data
def test_every_real_path_has_its_official_label() -> None:
    with PATHS.open(encoding="utf-8", newline="") as file:
        listed = {f"train/images/{row['path']}": int(row["label"]) for row in csv.DictReader(file)}
    pictures, _, rejected = read_labels(MaskScheme(), {"train/images": sorted(listed)})
    assert not rejected
    assert {picture.path: picture.label for picture in pictures} == listed
    assert len(pictures) == 18_900
    assert len({picture.group for picture in pictures}) == 2_700


def test_classes_are_those_of_both_folders_and_validation_pictures_are_marked() -> None:
    pictures, class_names, rejected = read_labels(
        FolderScheme(),
        {
            "train": ["train/b/1.jpg", "train/c/1.jpg"],
            "val": ["val/a/1.jpg", "val/2.jpg", "val/c/1.jpg"],
        },
    )
    assert class_names == ("a", "b", "c")
    assert [(p.label, p.is_given_valid) for p in pictures] == [
        (1, False),
        (2, False),
        (0, True),
        (2, True),
    ]
    assert [item.path for item in rejected] == ["val/2.jpg"]


def test_the_configuration_offers_every_scheme() -> None:
    assert get_args(Data.model_fields["scheme"].annotation) == tuple(SCHEMES)
    assert SCHEMES["filename"]("{label}_{id}").read("cat_1.png", "cat_1.png").label == "cat"
