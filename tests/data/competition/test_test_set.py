import unicodedata
from collections.abc import Sequence

import pytest

from foldline.data.competition.test_set import TestSet, match_ids, means_picture, name_ids
from foldline.errors import UserError

WITHOUT, SPELLING = "name without extension", "name in another spelling"
FOLDER, CASE, EXTENSION = (
    "path from another folder",
    "name in other case",
    "name with another extension",
)


def decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_ids_find_their_pictures_with_or_without_extension_in_their_own_order() -> None:
    paths = ["test/1.jpg", "test/10.png", "test/2.jpg", "test/deep/x.jpg", "test/deep/y.jpg"]
    test = match_ids(["10", "2.jpg", "deep/x.jpg", "y", "1"], paths, "test")
    assert test.paths == ["test/10.png", paths[2], paths[3], paths[4], "test/1.jpg"]
    assert test.num_extra == 0
    assert test.matched == {WITHOUT: 3}


def test_an_id_without_a_picture_keeps_its_row_and_no_path_leads_outside() -> None:
    test = match_ids(["gone.jpg", "../secret.jpg", "1.jpg"], ["test/1.jpg", "test/2.jpg"], "test")
    assert test.ids == ["gone.jpg", "../secret.jpg", "1.jpg"]
    assert test.paths == ["", "", "test/1.jpg"]
    assert test.list_problems() == ["missing", "missing", ""]
    assert test.num_extra == 1
    assert not test.matched


@pytest.mark.parametrize(
    ("write", "how"),
    [
        ("im_{}.jpg", None),
        ("im_{}", WITHOUT),
        ("im_{}.jpg ", SPELLING),
        (" im_{}", SPELLING),
        ("eval/images/im_{}.jpg", FOLDER),
        ("./eval/images/im_{}.jpg", FOLDER),
        ("/kaggle/input/mask/eval/images/im_{}.jpg", FOLDER),
        ("../mask/eval/images/im_{}", FOLDER),
        ("images/im_{}.jpg", FOLDER),
        ("images\\im_{}.jpg", FOLDER),
        ("eval\\images\\im_{}", FOLDER),
        ("./im_{}.jpg", FOLDER),
        ("IM_{}.JPG", CASE),
        ("Eval/Images/Im_{}.Jpg", CASE),
        ("im_{}.dcm", EXTENSION),
        ("IM_{}.nii.gz", EXTENSION),
        ("images/im_{}.tiff", EXTENSION),
        ("im_{}.jpg.dcm", EXTENSION),
    ],
)
def test_ids_written_otherwise_find_their_pictures(write: str, how: str | None) -> None:
    paths = [f"eval/images/im_{number}.jpg" for number in range(4)]
    ids = [write.format(number) for number in (2, 0, 3, 1)]
    test = match_ids(ids, paths, "eval/images")
    assert test.ids == ids
    assert test.paths == [paths[number] for number in (2, 0, 3, 1)]
    assert test.matched == ({how: 4} if how else {})


def test_composed_and_decomposed_ids_are_those_of_either_picture() -> None:
    paths = [f"test/{decompose('가나')}.jpg", "test/각하.jpg", "test/b.jpg"]
    test = match_ids([decompose("각하"), "b", "가나"], paths, "test")
    assert test.paths == [paths[1], paths[2], paths[0]]
    assert test.matched == {WITHOUT: 1, SPELLING: 2}


def test_a_picture_in_each_spelling_is_that_of_the_id_in_its_spelling() -> None:
    paths = ["test/가.jpg", f"test/{decompose('가')}.jpg", "test/A.jpg", "test/a.jpg"]
    ids = [decompose("가"), "a", "가", "A"]
    test = match_ids(ids, paths, "test")
    assert test.paths == [paths[1], paths[3], paths[0], paths[2]]
    with pytest.raises(UserError, match="may mean"):
        match_ids([" 가"], paths, "test")


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        # two ids for one picture: only the closer one finds it
        (["1", "1.jpg"], ["", "test/1.jpg"]),
        (["IM.jpg", "im.JPG"], ["", ""]),
        (["im.dcm", "IM.jpg"], ["", "test/im.jpg"]),
        # a number is not an extension, and another folder not a path from the root
        (["im.3"], [""]),
        (["test2/im.jpg"], [""]),
        (["train/im.jpg"], [""]),
    ],
)
def test_what_is_not_one_to_one_or_too_far_is_missing(
    ids: Sequence[str], expected: Sequence[str]
) -> None:
    assert match_ids(ids, ["test/1.jpg", "test/im.jpg"], "test").paths == expected


def test_what_follows_a_dot_in_the_name_of_a_picture_is_no_extension() -> None:
    paths = ["test/p1.left.jpg", "test/p2.left.jpg", "test/p2.right.jpg"]
    test = match_ids(["p2.left", "p2.right", "p1.right"], paths, "test")
    assert test.paths == [paths[1], paths[2], ""]
    assert test.num_extra == 1


def test_pictures_of_one_name_in_two_folders_are_told_apart_by_the_folder() -> None:
    paths = ["test/a/1.jpg", "test/b/1.jpg"]
    assert match_ids(["test/b/1.jpg", "A/1"], paths, "test").paths == [paths[1], paths[0]]
    # c/1 has no picture, although 1.jpg in another folder is left
    assert match_ids(["a/1", "c/1"], paths, "test").paths == [paths[0], ""]
    assert match_ids(["1.jpg"], ["test/a/1.jpg", "test/1.jpg"], "test").paths == ["test/1.jpg"]


def test_an_id_that_means_two_pictures_is_refused() -> None:
    with pytest.raises(UserError, match=r"id 1 may mean test/1\.jpg or test/1\.png"):
        match_ids(["1"], ["test/1.jpg", "test/1.png"], "test")
    with pytest.raises(UserError, match=r"id A\.dcm may mean test/a\.jpg or test/a\.png"):
        match_ids(["A.dcm"], ["test/a.jpg", "test/a.png"], "test")
    assert match_ids(["1.png"], ["test/1.jpg", "test/1.png"], "test").paths == ["test/1.png"]


def test_a_windows_archive_leaves_names_with_backslashes() -> None:
    paths = ["test/images\\1.jpg", "test/images\\2.jpg"]
    assert match_ids(["2.jpg", "images/1.jpg"], paths, "test").paths == paths[::-1]


@pytest.mark.parametrize("test_dir", ["test", "test/", "./test", "test//"])
def test_the_test_folder_may_be_written_in_any_way(test_dir: str) -> None:
    test = match_ids(["a/1.jpg", "a/2"], ["test/a/1.jpg", "test/a/2.jpg"], test_dir)
    assert test.paths == ["test/a/1.jpg", "test/a/2.jpg"]
    assert test.matched == {"name without extension": 1}
    assert means_picture("a/1.jpg", test.paths, test_dir)
    paths = ["test/a/1.jpg", "test/b/1.jpg"]
    assert name_ids(paths, test_dir) == TestSet(["a/1", "b/1"], paths)


def test_a_header_that_is_a_picture_is_known() -> None:
    assert means_picture("1", ["test/1.jpg"], "test")
    assert means_picture("a/1.jpg", ["test/a/1.jpg"], "test")
    assert not means_picture("ID", ["test/id.jpg"], "test")


def test_pictures_that_cannot_be_read_are_told_from_missing_ones() -> None:
    test = TestSet(["a", "b", "c"], ["test/a.jpg", "", "test/c.jpg"]).leave_out({"test/c.jpg"})
    assert test.paths == ["test/a.jpg", "", ""]
    assert test.list_problems() == ["", "missing", "unreadable"]


def test_without_a_sample_file_the_names_are_the_ids_in_natural_order() -> None:
    test = name_ids(["test/10.jpg", "test/2.jpg", "test/b.c.jpg"], "test")
    assert test.ids == ["2", "10", "b.c"]
    assert test.paths == ["test/2.jpg", "test/10.jpg", "test/b.c.jpg"]
    with pytest.raises(UserError, match="both would have the id 1"):
        name_ids(["test/1.jpg", "test/1.png"], "test")


def test_without_a_sample_file_a_folder_in_the_test_folder_is_no_part_of_the_ids() -> None:
    test = name_ids(["test/test1/10.jpg", "test/test1/2.jpg", "test/3.jpg"], "test")
    assert test.ids == ["2", "3", "10"]
    assert test.paths == ["test/test1/2.jpg", "test/3.jpg", "test/test1/10.jpg"]
    # except names in several folders
    test = name_ids(["test/b/1.jpg", "test/a/1.jpg", "test/a/2.jpg"], "test")
    assert test.ids == ["a/1", "a/2", "b/1"]


def test_without_a_sample_file_the_ids_are_in_one_spelling() -> None:
    path = f"test/{decompose('가')}.jpg"
    assert name_ids([path], "test") == TestSet(["가"], [path])
    with pytest.raises(UserError, match="both would have the id 가"):
        name_ids([path, "test/가.jpg"], "test")
