import unicodedata
from pathlib import Path

import pytest

from foldline.errors import UserError
from foldline.spelling import describe_spellings, find_on_disk, find_typed


def decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_a_path_is_found_in_the_spelling_of_the_disk(tmp_path: Path) -> None:
    disk = decompose("학습/사진")
    (tmp_path / disk).mkdir(parents=True)
    for typed in ("학습/사진", disk, f"{decompose('학습')}/사진", "./학습/사진/"):
        assert (tmp_path / find_on_disk(tmp_path, typed)).is_dir()
    assert find_on_disk(tmp_path, "학습/사진") == disk
    assert find_on_disk(tmp_path, f"./{disk}/") == f"./{disk}/", "as it is written where it is so"


@pytest.mark.parametrize("typed", ["none", "학습", ".", "../other", "/other", "a\x00b", "x" * 300])
def test_what_is_not_there_stays_as_it_is(typed: str, tmp_path: Path) -> None:
    assert find_on_disk(tmp_path, typed) == typed


def test_two_that_a_name_could_mean_are_refused(tmp_path: Path) -> None:
    for name in ("가 ", decompose("가")):
        (tmp_path / name).mkdir()
    with pytest.raises(UserError, match=r"2 entries of .* have this name"):
        find_on_disk(tmp_path, "가")
    assert find_on_disk(tmp_path, "가 ") == "가 "


def test_names_in_several_spellings_are_named_once() -> None:
    nfd = decompose("가")
    assert not describe_spellings(["train/a/1.jpg", "train/b/1.jpg", f"train/{nfd}/1.jpg"])
    (line,) = describe_spellings(
        [
            f"train/{nfd}/1.jpg",
            "train/가/2.jpg",
            "train/가/3.jpg",
            "train/b/1.jpg",
            "train/b /1.jpg",
        ]
    )
    assert line.endswith("count as one: 2 (train/b, train/가)")
    (line,) = describe_spellings([f"test/{nfd}.jpg", "test/가.jpg"])
    assert line.endswith("count as one: 1 (test/가.jpg)")


def test_a_typed_path_is_found_from_the_root_and_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / decompose("사진")
    disk.mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_typed("사진") == disk.name
    assert find_typed(f"{tmp_path}/사진") == str(disk)
    assert find_typed("사진/none") == "사진/none"
    assert find_typed("plain//path/") == "plain//path/"
