import importlib.util
import json
import os
import platform
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from foldline import files
from foldline.files import (
    claiming,
    compute_seal,
    compute_sha256,
    replacing,
    write_json,
    write_text,
)


def test_a_file_is_moved_into_place_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new/folder/file.txt"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        # beside it, or the move could cross file systems and not be atomic
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


def test_two_who_write_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with replacing(path) as one:
        one.write_text("one")
        with replacing(path) as two:
            two.write_text("two")
        assert path.read_text() == "two"
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_gone_with_the_next_write(tmp_path: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    here = platform.node()
    names = {
        "killed": f".a.[x].txt.{here}.{killed.pid}.00000000.tmp",
        "running": f".a.[x].txt.{here}.{os.getpid()}.00000000.tmp",
        "elsewhere": f".a.[x].txt.not-{here}.{killed.pid}.00000000.tmp",
        "long ago": f".a.[x].txt.not-{here}.{os.getpid()}.00000000.tmp",
        "another file's": f".b.txt.{here}.{killed.pid}.00000000.tmp",
    }
    for name in names.values():
        (tmp_path / name).write_text("half")
    os.utime(tmp_path / names["long ago"], (0, 0))
    write_text(tmp_path / "a.[x].txt", "whole")
    left = {path.name for path in tmp_path.iterdir()}
    expected = {names[each] for each in ("running", "elsewhere", "another file's")}
    assert left == {"a.[x].txt", *expected}


def test_a_lock_is_ones_alone_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new/.lock"
    with claiming(path) as first:
        assert first
        with claiming(path) as second, claiming(tmp_path / "other") as other:
            assert (second, other) == (False, True)
    with claiming(path) as again:
        assert again


def test_who_waits_for_a_lock_gets_it(tmp_path: Path) -> None:
    order = []

    def wait() -> None:
        with claiming(tmp_path / "lock", wait=True) as is_ours:
            order.append(f"waited: {is_ours}")

    thread = threading.Thread(target=wait)
    with claiming(tmp_path / "lock"):
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "waited: True"]


def test_where_a_file_system_has_no_locks_everybody_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with claiming(tmp_path / "lock") as is_ours:
        assert is_ours


def test_without_fcntl_as_on_windows_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    spec = importlib.util.spec_from_file_location("files_without_fcntl", files.__file__)
    assert spec is not None
    assert spec.loader is not None
    elsewhere: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(elsewhere)
    (tmp_path / f".a.txt.{platform.node()}.{os.getpid()}.00000000.tmp").touch()
    elsewhere.write_text(tmp_path / "a.txt", "text")
    assert (tmp_path / "a.txt").read_text() == "text"
    with elsewhere.claiming(tmp_path / "lock") as is_ours:
        assert is_ours


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
