import io
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foldline.data.competition import verify
from foldline.data.competition.verify import Fault, check_picture, check_pictures
from foldline.data.decode import load_image
from foldline.data.picture_files import END_MARKERS, FORMATS

JPEG_END = END_MARKERS["JPEG"]


def encode(file_format: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (24, 32)) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise(size, 50).convert(mode).save(stream, file_format)
    return stream.getvalue()


def check(tmp_path: Path, content: bytes, *, decode: bool = False) -> Fault | None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(content)
    return check_picture(path, decode=decode)


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize(
    ("file_format", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "LA"),
        ("PNG", "P"),
        ("PNG", "1"),
    ],
)
def test_whole_pictures_pass_whatever_their_extension(
    tmp_path: Path, file_format: str, mode: str, decode: bool
) -> None:
    assert check(tmp_path, encode(file_format, mode), decode=decode) is None


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.6, 0.9])
def test_a_picture_cut_off_is_truncated(tmp_path: Path, file_format: str, share: float) -> None:
    content = encode(file_format, size=(200, 200))
    fault = check(tmp_path, content[: int(len(content) * share)])
    assert fault is not None
    assert fault.reason == "truncated"


def test_the_end_of_a_preview_is_not_the_end_of_the_picture(tmp_path: Path) -> None:
    preview = encode(size=(16, 16))
    stream = io.BytesIO()
    image = Image.effect_noise((64, 64), 50).convert("RGB")
    image.save(stream, "JPEG", exif=b"Exif\x00\x00" + preview)
    content = stream.getvalue()
    assert content.count(JPEG_END) == 2
    assert check(tmp_path, content) is None
    fault = check(tmp_path, content[:-2])
    assert fault is not None
    assert fault.reason == "truncated"


@pytest.mark.parametrize("length", [1, 5_000, 3 * verify.TAIL])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_what_a_camera_adds_behind_the_end_is_allowed(
    tmp_path: Path, file_format: str, length: int
) -> None:
    assert check(tmp_path, encode(file_format) + b"\x00" * length) is None


def test_zeros_in_place_of_the_second_half_are_no_end(tmp_path: Path) -> None:
    content = encode(size=(300, 300))
    half = len(content) // 2
    fault = check(tmp_path, content[:half] + b"\x00" * half)
    assert fault is not None
    assert fault.reason == "truncated"


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (b"", "zero-byte", ""),
        (b"hello", "unreadable", "not a JPEG or PNG"),
        (b"<html>404</html>", "unreadable", "HTML"),
        (b"\xff\xd8\xff", "unreadable", "header"),
        (encode("GIF", "P"), "unreadable", "GIF"),
        (encode("JPEG", "CMYK"), "wrong mode", "CMYK"),
        (encode("PNG", "I;16"), "wrong mode", "I;16"),
    ],
)
def test_what_cannot_be_used_is_named_by_reason(
    tmp_path: Path, content: bytes, reason: str, detail: str
) -> None:
    fault = check(tmp_path, content)
    assert fault is not None
    assert fault.reason == reason
    assert detail in fault.detail


@pytest.mark.parametrize("size", [(9_000, 8_000), (12_000, 8_000), (30_000, 30_000)])
def test_absurdly_large_pictures_are_refused_without_a_warning_and_undecoded(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    content = bytearray(encode("PNG", "1", (8, 8)))
    header = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big") + content[24:29]
    content[16:29] = header
    # the header's checksum, over its name and its fields
    content[29:33] = zlib.crc32(b"IHDR" + header).to_bytes(4, "big")
    fault = check(tmp_path, bytes(content), decode=True)
    assert fault is not None
    assert fault.reason == "too large"


def test_only_decoding_sees_a_hole_in_the_middle(tmp_path: Path) -> None:
    content = bytearray(encode("PNG", size=(200, 200)))
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    assert check(tmp_path, bytes(content)) is None
    fault = check(tmp_path, bytes(content), decode=True)
    assert fault is not None
    assert fault.reason in {"unreadable", "truncated"}


def find_data(content: bytes) -> int:
    """Return where the compressed pixels of a baseline JPEG begin."""
    start = 2
    while content[start + 1] != 0xDA:
        start += 2 + int.from_bytes(content[start + 2 : start + 4], "big")
    return start + 2 + int.from_bytes(content[start + 2 : start + 4], "big")


def draw_jpeg(seed: int, **options: Any) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((160, 160)).save(stream, "JPEG", **options)
    return stream.getvalue()


KINDS: list[dict[str, Any]] = [{}, {"progressive": True}, {"restart_marker_rows": 1}]


@pytest.mark.parametrize("options", KINDS, ids=["baseline", "progressive", "restart"])
@pytest.mark.parametrize("seed", range(3))
def test_decoding_hears_what_libjpeg_says_of_damaged_data(
    tmp_path: Path, options: dict[str, Any], seed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """Pillow accepts all of these and shows grey or noise."""
    whole = draw_jpeg(seed, **options)
    data = find_data(whole)
    third = (len(whole) - data) // 3
    for broken in (
        whole[: data + third] + JPEG_END,
        whole[: len(whole) - 20] + JPEG_END,
        whole[: data + third] + bytes(third) + whole[data + 2 * third :],
    ):
        assert check(tmp_path, broken) is None, "its header and its end are there"
        fault = check(tmp_path, broken, decode=True)
        assert fault is not None
        assert fault.reason in {"damaged", "unreadable", "truncated"}
        assert fault.detail
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("options", [*KINDS, {"quality": 20, "subsampling": 0}])
def test_decoding_takes_whole_pictures_with_odd_surroundings(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    exif = b"Exif\x00\x00" + encode(size=(16, 16))
    # no JFIF of version 9: libjpeg remarks on that, and it harms nothing
    odd = draw_jpeg(0, **options)
    odd = odd.replace(b"JFIF\x00\x01\x01", b"JFIF\x00\x09\x01")
    assert b"JFIF\x00\x09" in odd
    for content in (odd, odd + b"\x00" * 9, draw_jpeg(1, exif=exif, **options)):
        assert check(tmp_path, content, decode=True) is None


def test_decoding_checks_the_checksums_of_a_png(tmp_path: Path) -> None:
    content = bytearray(encode("PNG"))
    start = content.index(b"IDAT")
    length = int.from_bytes(content[start - 4 : start], "big")
    content[start + 4 + length] ^= 1
    fault = check(tmp_path, bytes(content), decode=True)
    assert fault is not None
    assert "checksum" in fault.detail


def test_damage_is_heard_in_processes_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process the bar may write to standard error at any time."""
    whole = draw_jpeg(0)
    (tmp_path / "a.jpg").write_bytes(whole)
    (tmp_path / "b.jpg").write_bytes(whole[:-40] + JPEG_END)
    monkeypatch.setattr(verify, "_listen_to_libjpeg", lambda content: "heard in this process")
    faults = check_pictures(tmp_path, ["a.jpg", "b.jpg"], decode=True)
    assert list(faults) == ["b.jpg"]
    assert "Corrupt JPEG data" in faults["b.jpg"].detail


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    assert check_picture(tmp_path / "gone.jpg") == Fault("unreadable", "No such file or directory")


@pytest.mark.parametrize("min_pictures", [1, 10_000])
def test_processes_and_none_find_the_same_in_the_order_of_the_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, min_pictures: int
) -> None:
    monkeypatch.setattr(verify, "MIN_PICTURES", min_pictures)
    monkeypatch.setattr(verify, "CHUNK", 2)
    good = encode()
    contents = {"a.jpg": b"", "b.jpg": good, "c.jpg": b"hello", "d.jpg": good, "e.jpg": good[:-2]}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    advanced: list[int] = []
    faults = check_pictures(tmp_path, list(contents), advance=advanced.append)
    assert [(path, fault.reason) for path, fault in faults.items()] == [
        ("a.jpg", "zero-byte"),
        ("c.jpg", "unreadable"),
        ("e.jpg", "truncated"),
    ]
    assert sum(advanced) == len(contents)


def test_another_format_is_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "WEBP", (".webp",))
    whole = encode("WEBP")
    (tmp_path / "a.webp").write_bytes(whole)
    assert check_picture(tmp_path / "a.webp", decode=True) is None
    assert load_image(tmp_path / "a.webp", (1, 1)).shape[2] == 3
    assert check(tmp_path, whole[:4]) == Fault("unreadable", "its header is broken or cut off")


def test_the_processes_that_read_headers_start_without_numpy() -> None:
    code = "import sys, foldline.data.competition.verify; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
