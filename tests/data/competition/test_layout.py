from pathlib import Path

import pytest
from tests.needs import unreadable

from foldline.data.competition.layout import (
    describe_layout,
    require_competition,
    require_folder,
    scan_folders,
)
from foldline.data.competition.schemes import FolderScheme
from foldline.errors import UserError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a data root with ants and bees to train on and one picture to answer."""
    make_files(tmp_path / "root", "train/ants/1.jpg", "train/bees/2.jpg", "test/3.jpg")
    return tmp_path / "root"


def make_files(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def describe(
    root: Path,
    *,
    train_dir: str = "train",
    test_dir: str = "test",
    valid_dir: str | None = None,
    class_names: tuple[str, ...] = ("ants", "bees"),
) -> list[str]:
    scans, test_scan = scan_folders(root, train_dir, valid_dir, test_dir)
    return describe_layout(root, FolderScheme(), scans, test_scan, class_names, test_dir=test_dir)


def test_a_folder_of_each_kind_is_read_once(root: Path) -> None:
    make_files(root, "train/val/ants/4.jpg")
    scans, test = scan_folders(root, "train", "train/val", ".")
    assert scans["train"].paths == ["train/ants/1.jpg", "train/bees/2.jpg"]
    assert scans["train/val"].paths == ["train/val/ants/4.jpg"]
    assert test.paths == ["test/3.jpg"]
    assert describe(root, train_dir="train", valid_dir="train/val") == []


@pytest.mark.parametrize("key", ["data.train_dir", "data.test_dir", "data.valid_dir"])
@pytest.mark.parametrize("folder", ["../root/train", "train/../train", "/tmp"])
def test_the_rule_of_what_lies_inside_is_one_for_all_keys(
    root: Path, key: str, folder: str
) -> None:
    folders = {"data.train_dir": "train", "data.test_dir": "test", "data.valid_dir": None}
    with pytest.raises(UserError) as error:
        require_competition(root, *(folders | {key: folder}).values())  # type: ignore[arg-type]
    assert error.value.faults == (
        f"{key}: {folder}: expected a folder relative to data.root and inside it",
    )


@pytest.mark.parametrize(
    ("folder", "problem"),
    [
        ("nothing", "no such folder; "),
        ("train/ants/1.jpg", "a file; expected a folder; "),
        ("train/ants/1.jpg/x", "no such folder; "),
        ("a" * 256, "cannot be read: File name too long; "),
        ("a\0b", "no such folder; "),
        ("unplugged", "a link that leads nowhere; "),
        ("round", "cannot be read: Too many levels of symbolic links; "),
    ],
)
def test_what_is_no_folder_is_named_with_the_reason(root: Path, folder: str, problem: str) -> None:
    (root / "unplugged").symlink_to("/nowhere/at/all")
    (root / "round").symlink_to("round")
    holds = f"{root} holds test/, train/"
    with pytest.raises(UserError) as error:
        require_folder("data.test_dir", root, folder)
    assert error.value.faults == (f"data.test_dir: {root / folder}: {problem}{holds}",)
    with pytest.raises(UserError) as error:
        require_competition(root, folder, "test", None)
    (fault,) = error.value.faults
    assert fault.startswith(f"{root / folder}: {problem}{holds}; set data.scheme or")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nothing", "no competition at {}; put it there, or run `make demo`"),
        ("empty", "no competition at {}; put it there"),
        ("root/test/3.jpg", "data.root: {}: a file; expected a folder"),
        ("unplugged", "data.root: {}: a link that leads nowhere"),
        ("a" * 256, "no competition at {}; put it there"),
        ("a\0b", "no competition at {}; put it there"),
    ],
)
def test_a_root_without_a_competition_is_explained(root: Path, name: str, problem: str) -> None:
    (root.parent / "empty").mkdir()
    (root.parent / "unplugged").symlink_to("/nowhere/at/all")
    with pytest.raises(UserError) as error:
        require_competition(root.parent / name, "train", "test", None)
    assert error.value.faults[0].startswith(problem.format(root.parent / name))


def test_a_root_that_may_not_be_read_is_explained(root: Path) -> None:
    with (
        unreadable(root),
        pytest.raises(UserError, match=r"^data\.root: .*: cannot be read: Permission denied"),
    ):
        require_competition(root, "train", "test", None)


def test_a_link_to_the_training_folder_is_no_validation_folder(root: Path) -> None:
    (root / "val").symlink_to("train")
    with pytest.raises(UserError, match="val is the training folder itself"):
        require_competition(root, "train", "test", "val")


@pytest.mark.parametrize(
    ("folder", "keys"),
    [
        ("val", "data.valid_dir=val"),
        ("Validation", "data.valid_dir=Validation"),
        ("train data/valid", "'data.valid_dir=train data/valid'"),
    ],
)
def test_a_validation_folder_is_not_passed_over_in_silence(
    root: Path, folder: str, keys: str
) -> None:
    make_files(root, f"{folder}/ants/1.jpg", f"{folder}/bees/2.jpg")
    train_dir = "train"
    if " " in folder:
        (root / "train").rename(root / "train data/train")
        train_dir = "train data/train"
    line = f"{root / folder}: 2 pictures in it, not used; to score on them set folds.kind=given "
    assert describe(root, train_dir=train_dir) == [line + keys]
    assert describe(root, train_dir=train_dir, valid_dir=folder) == []
    assert describe(root, train_dir=train_dir, test_dir=folder) == []


def test_a_validation_folder_among_the_classes_is_said(root: Path) -> None:
    make_files(root, "train/val/1.jpg", "train/dev/deep/nothing.txt")
    (line,) = describe(root / "train", train_dir=".")[1:]
    assert line.startswith(f"{root}/train/val: 1 picture in it, trained on; to score on them set")


def test_folders_without_a_picture_are_named_and_those_of_systems_are_not(root: Path) -> None:
    make_files(root, "train/wasps/notes.txt", "train/@eaDir/1.jpg", "train/.git/1.jpg")
    (root / "train/loop").symlink_to(".")
    assert describe(root) == ["folders without a picture, which make no class: 1 (train/wasps)"]


def test_a_folder_that_may_not_be_read_is_no_empty_one(root: Path) -> None:
    make_files(root, "train/wasps/1.jpg")
    with unreadable(root / "train/wasps"):
        lines = describe(root)
    assert lines == ["folders that cannot be read: 1 (train/wasps: Permission denied)"]


def test_classes_that_case_alone_tells_apart_are_named(root: Path) -> None:
    assert describe(root, class_names=("Cat", "bees", "cat", "dog", "été", "ÉTÉ")) == [
        "Cat and cat are 2 classes, by upper and lower case alone; give them one name if they are "
        "one",
        "été and ÉTÉ are 2 classes, by upper and lower case alone; give them one name if they are "
        "one",
    ]
