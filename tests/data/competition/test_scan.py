import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from tests.needs import unreadable

from foldline.data.competition.scan import list_folders, scan_pictures
from foldline.errors import UserError
from foldline.files import is_folder


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


def test_links_are_followed_wherever_they_lead(tmp_path: Path) -> None:
    make_files(
        tmp_path, "disk/ants/1.jpg", "disk/ants/deep/2.jpg", "disk/3", "root/train/bees/4.jpg"
    )
    train = tmp_path / "root/train"
    (train / "ants").symlink_to(tmp_path / "disk/ants")
    (train / "bees/5.jpg").symlink_to(tmp_path / "disk/3")
    (train / "bees/6.jpg").symlink_to("gone.jpg")
    (train / "bees/7.jpg").symlink_to("7.jpg")
    (train / "bees/.8.jpg").symlink_to("gone.jpg")
    scan = scan_pictures(tmp_path / "root", "train")
    assert scan.paths == [
        "train/ants/1.jpg",
        "train/ants/deep/2.jpg",
        "train/bees/4.jpg",
        "train/bees/5.jpg",
    ]
    inodes = {path: (tmp_path / "root" / path).stat().st_ino for path in scan.paths}
    assert scan.inodes == inodes
    assert [(item.path, item.reason, item.detail) for item in scan.rejected] == [
        ("train/bees/6.jpg", "link", "leads nowhere"),
        ("train/bees/7.jpg", "link", os.strerror(errno.ELOOP)),
    ]
    assert scan.skipped == {"hidden": 1}


def test_the_root_and_the_folder_may_be_links(tmp_path: Path) -> None:
    make_files(tmp_path, "elsewhere/a/1.jpg", "disk/2.jpg")
    (tmp_path / "elsewhere/train").symlink_to(tmp_path / "disk")
    (tmp_path / "root").symlink_to(tmp_path / "elsewhere")
    assert scan_pictures(tmp_path / "root", "train").paths == ["train/2.jpg"]
    assert scan_pictures(tmp_path / "root", ".").paths == ["a/1.jpg", "train/2.jpg"]
    assert scan_pictures(tmp_path / "root", ".", exclude=["train"]).paths == ["a/1.jpg"]
    assert scan_pictures(tmp_path / "root/train", ".").paths == ["2.jpg"]


def test_loops_are_named_once_and_end(tmp_path: Path) -> None:
    make_files(tmp_path, "root/train/a/1.jpg", "root/test/2.jpg", "disk/3.jpg")
    train, disk = tmp_path / "root/train", tmp_path / "disk"
    (train / "a/itself").symlink_to(".")
    (train / "a/start").symlink_to(train)
    (train / "a/root").symlink_to("../..")
    # to another disk and back
    (train / "a/disk").symlink_to(disk)
    (disk / "back").symlink_to(train)
    (disk / "class").symlink_to(train / "a")
    scan = scan_pictures(tmp_path / "root", "train")
    assert scan.paths == ["train/a/1.jpg", "train/a/disk/3.jpg"]
    root = os.path.realpath(tmp_path / "root")
    assert [(item.path, item.reason, item.detail) for item in scan.rejected] == [
        ("train/a/disk/back", "link", "leads back to train, which holds it"),
        ("train/a/disk/class", "link", "leads back to train/a, which holds it"),
        ("train/a/itself", "link", "leads back to train/a, which holds it"),
        ("train/a/root", "link", f"leads back to {root}, which holds it"),
        ("train/a/start", "link", "leads back to train, which holds it"),
    ]


def test_one_folder_is_read_once_in_a_class_and_in_each_class(tmp_path: Path) -> None:
    make_files(tmp_path, "root/train/a/z/1.jpg", "disk/deep/2.jpg", "root/train/b/3.jpg")
    a, b = tmp_path / "root/train/a", tmp_path / "root/train/b"
    (a / "first").symlink_to("z")  # the folder itself is preferred to a link
    (a / "k").symlink_to(tmp_path / "disk/deep")
    (a / "l").symlink_to(tmp_path / "disk")
    (b / "m").symlink_to(tmp_path / "disk")
    scan = scan_pictures(tmp_path / "root", "train")
    assert scan.paths == [
        "train/a/k/2.jpg",
        "train/a/z/1.jpg",
        "train/b/3.jpg",
        "train/b/m/deep/2.jpg",
    ]
    assert [(item.path, item.reason, item.detail) for item in scan.rejected] == [
        ("train/a/first", "same folder", "is train/a/z"),
        ("train/a/l/deep", "same folder", "is train/a/k"),
    ]
    assert scan.inodes[scan.paths[0]] == scan.inodes[scan.paths[3]]


def test_a_lattice_of_links_takes_no_longer_than_its_folders(tmp_path: Path) -> None:
    # along every path these would be 2 ** 30 pictures
    make_files(tmp_path, *(f"disk/{level}/1.jpg" for level in range(30)), "root/train/a/1.jpg")
    for level in range(29):
        for name in "xy":
            (tmp_path / f"disk/{level}/{name}").symlink_to(f"../{level + 1}")
    (tmp_path / "root/train/a/disk").symlink_to(tmp_path / "disk/0")
    assert len(scan_pictures(tmp_path / "root", "train").paths) == 31


def test_what_is_found_does_not_depend_on_the_order_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(tmp_path, "disk/x/1.jpg", "root/train/a/2.jpg", "root/train/b/3.jpg")
    for link, target in {"m": "disk", "n": "disk/x", "o": "root/train/b"}.items():
        (tmp_path / "root/train/a" / link).symlink_to(tmp_path / target)
    scandir = os.scandir
    scans = []
    for turn in (1, -1):

        @contextlib.contextmanager
        def listed(path: str, turn: int = turn) -> Iterator[Iterable[os.DirEntry[str]]]:
            with scandir(path) as entries:
                yield sorted(entries, key=lambda entry: entry.name)[::turn]

        monkeypatch.setattr(os, "scandir", listed)
        scans.append(scan_pictures(tmp_path / "root", "train"))
    assert scans[0] == scans[1]
    assert "train/a/m/x/1.jpg" in scans[0].paths


@pytest.mark.parametrize("name", ["@eaDir", "#recycle", "$Recycle.bin", "lost+found", "__macosx"])
def test_folders_of_systems_are_no_pictures(tmp_path: Path, name: str) -> None:
    make_files(
        tmp_path, f"train/a/{name}/deep/1.jpg", f"train/{name}/2.jpg", f"train/a{name}/3.jpg"
    )
    (tmp_path / "train/a/link").mkdir()
    (tmp_path / f"train/a/link/{name}").symlink_to(tmp_path / "train")
    scan = scan_pictures(tmp_path, "train")
    assert scan.paths == [f"train/a{name}/3.jpg"]
    assert scan.skipped == {"in system folders": 3}
    assert list_folders(tmp_path / "train") == ["a", f"a{name}"]


def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    make_files(tmp_path, "train/a/1.jpg", "train/b/2.jpg")
    (tmp_path / "train/c").symlink_to(tmp_path / "train/b/2.jpg/nothing")
    with unreadable(tmp_path / "train/b"):
        scan = scan_pictures(tmp_path, "train")
    assert scan.paths == ["train/a/1.jpg"]
    assert [(item.path, item.reason) for item in scan.rejected] == [
        ("train/b", "unreadable folder"),
        ("train/c", "link"),
    ]


@pytest.mark.parametrize("folder", ["nothing", "file.jpg", "a" * 300, "a\0b"])
def test_what_is_no_folder_is_refused(tmp_path: Path, folder: str) -> None:
    make_files(tmp_path, "file.jpg")
    with pytest.raises(UserError, match="no such folder"):
        scan_pictures(tmp_path, folder)
    assert not is_folder(tmp_path / folder)
    assert list_folders(tmp_path / folder) == []


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
