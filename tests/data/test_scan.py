import os
from pathlib import Path

import pytest

from foldline.data.scan import scan_pictures
from foldline.errors import UserError


def make_files(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def test_pictures_of_any_extension_and_case_are_found_in_the_order_of_their_characters(
    tmp_path: Path,
) -> None:
    make_files(tmp_path, "train/b/2.JPG", "train/b/10.Png", "train/a.b.jpeg", "train/B/x.JpEg")
    scan = scan_pictures(tmp_path, "train")
    assert scan.paths == ["train/B/x.JpEg", "train/a.b.jpeg", "train/b/10.Png", "train/b/2.JPG"]
    assert not scan.skipped
    assert not scan.rejected


def test_what_is_no_picture_is_counted_by_reason(tmp_path: Path) -> None:
    make_files(
        tmp_path,
        "train/a/1.jpg",
        "train/a/._1.jpg",
        "train/a/.DS_Store",
        "train/a/Thumbs.db",
        "train/a/2.gif",
        "train/a/3.gif",
        "train/a/jpg",
        "train/.ipynb_checkpoints/1-checkpoint.jpg",
        "train/a/.ipynb_checkpoints/deep/2-checkpoint.jpg",
        "train/.cache/3.jpg",
    )
    scan = scan_pictures(tmp_path, "train")
    assert scan.paths == ["train/a/1.jpg"]
    assert scan.skipped == {
        "hidden": 2,
        "in hidden folders": 1,
        "in notebook checkpoints": 2,
        ".db": 1,
        ".gif": 2,
        "without extension": 1,
    }


def test_no_link_leads_out_of_the_root(tmp_path: Path) -> None:
    make_files(tmp_path, "secret/1.jpg", "root/train/a/1.jpg")
    train = tmp_path / "root/train"
    (train / "a/2.jpg").symlink_to(tmp_path / "secret/1.jpg")
    (train / "a/3.jpg").symlink_to("1.jpg")
    (train / "a/4.jpg").symlink_to("gone.jpg")
    (train / "b").symlink_to(tmp_path / "secret")
    (train / "a/loop").symlink_to(train)
    scan = scan_pictures(tmp_path / "root", "train")
    assert scan.paths == ["train/a/1.jpg", "train/a/3.jpg"]
    assert [(item.path, item.detail) for item in scan.rejected] == [
        ("train/a/2.jpg", "leads out of the data root"),
        ("train/a/4.jpg", "leads nowhere"),
        ("train/a/loop", "a linked folder is not followed"),
        ("train/b", "leads out of the data root"),
    ]


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    make_files(tmp_path, "elsewhere/train/1.jpg")
    (tmp_path / "root").symlink_to(tmp_path / "elsewhere")
    assert scan_pictures(tmp_path / "root", "train").paths == ["train/1.jpg"]


@pytest.mark.parametrize("folder", ["../outside", "linked"])
def test_a_folder_outside_the_root_is_refused(tmp_path: Path, folder: str) -> None:
    make_files(tmp_path, "outside/1.jpg", "root/2.jpg")
    (tmp_path / "root/linked").symlink_to(tmp_path / "outside")
    with pytest.raises(UserError, match="leads out of"):
        scan_pictures(tmp_path / "root", folder)


def test_excluded_folders_and_a_root_that_is_the_folder(tmp_path: Path) -> None:
    make_files(tmp_path, "cat/1.jpg", "test/2.jpg")
    assert scan_pictures(tmp_path, ".", exclude=["test/"]).paths == ["cat/1.jpg"]


def test_names_that_cannot_stand_in_a_table_are_rejected(tmp_path: Path) -> None:
    make_files(tmp_path, "train/a/1\n2.jpg", "train/a/고양이.jpg")
    with open(os.fsencode(tmp_path / "train/a") + b"/\xff.jpg", "wb"):  # noqa: PTH123
        pass
    scan = scan_pictures(tmp_path, "train")
    assert scan.paths == ["train/a/고양이.jpg"]
    assert [item.path for item in scan.rejected] == ["train/a/1\\x0a2.jpg", "train/a/\\xff.jpg"]


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    make_files(tmp_path, "train/1.jpg")
    os.mkfifo(tmp_path / "train/2.jpg")
    scan = scan_pictures(tmp_path, "train")
    assert scan.paths == ["train/1.jpg"]
    assert scan.skipped == {"no ordinary file": 1}
