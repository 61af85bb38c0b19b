import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from foldline.data.competition.labels import Picture
from foldline.data.competition.same_files import drop_same_files
from foldline.data.competition.scan import Rejected
from foldline.errors import UserError

CLASSES = ("ants", "bees")


def make_pictures(root: Path, paths: Sequence[str], *, valid: str = "val/") -> list[Picture]:
    """Return a picture for each path, with the class of its folder."""
    return [
        Picture(path, path, (), CLASSES.index(path.split("/")[1]), path.startswith(valid))
        for path in paths
    ]


def drop(root: Path, pictures: Sequence[Picture]) -> tuple[list[str], list[Rejected]]:
    inodes = {picture.path: (root / picture.path).stat().st_ino for picture in pictures}
    kept, dropped = drop_same_files(root, pictures, inodes, CLASSES)
    return [picture.path for picture in kept], dropped


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in ("train/ants/1.jpg", "train/bees/2.jpg", "val/ants/3.jpg", "val/bees/4.jpg"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    return tmp_path


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_one_file_in_one_class_is_one_picture(root: Path, link: object) -> None:
    assert callable(link)
    link(root / "train/ants/1.jpg", root / "train/ants/0.jpg")
    link(root / "train/ants/1.jpg", root / "train/ants/7.jpg")
    paths = ["train/ants/7.jpg", "train/ants/1.jpg", "train/ants/0.jpg", "train/bees/2.jpg"]
    assert drop(root, make_pictures(root, paths)) == (
        ["train/ants/0.jpg", "train/bees/2.jpg"],
        [
            Rejected("train/ants/1.jpg", "same file", "is train/ants/0.jpg"),
            Rejected("train/ants/7.jpg", "same file", "is train/ants/0.jpg"),
        ],
    )


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_one_file_in_two_classes_is_refused_with_both_paths(root: Path, link: object) -> None:
    assert callable(link)
    link(root / "train/ants/1.jpg", root / "train/bees/9.jpg")
    pictures = make_pictures(root, ["train/ants/1.jpg", "train/bees/2.jpg", "train/bees/9.jpg"])
    with pytest.raises(UserError) as error:
        drop(root, pictures)
    assert error.value.faults == (
        f"{root}/train/ants/1.jpg and train/bees/9.jpg are one file, in the classes ants and bees; "
        "remove one of the two",
    )


def test_a_folder_that_is_two_classes_is_one_line(root: Path) -> None:
    for number in range(5):
        (root / f"train/ants/more{number}.jpg").touch()
    (root / "train/bees").rename(root / "moved")
    (root / "train/bees").symlink_to("ants")
    names = sorted(path.name for path in (root / "train/ants").iterdir())
    pictures = make_pictures(root, [f"train/{c}/{name}" for c in CLASSES for name in names])
    with pytest.raises(UserError) as error:
        drop(root, pictures)
    (fault,) = error.value.faults
    assert "/train/ants/1.jpg and train/bees/1.jpg are one file" in fault
    assert fault.endswith("(and 5 more in the same two folders)")


def test_one_file_to_train_and_to_validate_is_refused(root: Path) -> None:
    os.link(root / "train/ants/1.jpg", root / "val/ants/1.jpg")
    pictures = make_pictures(root, ["train/ants/1.jpg", "val/ants/1.jpg", "val/bees/4.jpg"])
    with pytest.raises(UserError, match=re.escape("the training and the validation folder")):
        drop(root, pictures)


def test_equal_numbers_on_their_disks_make_no_two_files_one(root: Path) -> None:
    pictures = make_pictures(root, ["train/ants/1.jpg", "train/bees/2.jpg", "val/ants/3.jpg"])
    kept, dropped = drop_same_files(
        root, pictures, dict.fromkeys([picture.path for picture in pictures], 1), CLASSES
    )
    assert (kept, dropped) == (pictures, [])


def test_only_files_that_may_be_one_are_looked_at_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ["train/ants/1.jpg", "train/bees/2.jpg", "val/ants/3.jpg"]
    looked_at: list[Path] = []

    def stat(path: Path) -> os.stat_result:
        looked_at.append(path)
        return os.stat(path)  # noqa: PTH116 - the method itself is replaced

    monkeypatch.setattr(Path, "stat", stat)
    drop_same_files(
        root, make_pictures(root, paths), dict(zip(paths, [1, 2, 1], strict=True)), CLASSES
    )
    assert looked_at == [root / "train/ants/1.jpg", root / "val/ants/3.jpg"]
