import json
from pathlib import Path

import pytest

from foldline.files import compute_seal, compute_sha256, replacing, write_json, write_text


def test_a_file_is_moved_into_place_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new/folder/file.txt"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        # beside it, or the move could cross file systems and be no single step
        assert temporary.parent == path.parent
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_raises_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "old"


def test_text_has_unix_line_ends_and_is_utf8(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "얼굴\n")
    assert (tmp_path / "a.txt").read_bytes() == "얼굴\n".encode()


def test_json_reads_back_and_ends_with_a_line(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"얼굴": [1, None]})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"얼굴": [1, None]}
    assert "얼굴" in text
    assert text.endswith("}\n")


def test_the_hash_tells_apart_where_one_chunk_ends() -> None:
    # each chunk after its length in eight bytes
    assert compute_sha256(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert compute_seal(b"ab", b"c") != compute_seal(b"a", b"bc")
    assert compute_sha256(b"abc") == compute_sha256(b"abc")
