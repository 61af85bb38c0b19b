"""Pictures of every kind, upright and whole, or not at all."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foldline.data.decode import BadImageError, Pixels, load_image

RED, WHITE = (255, 0, 0), (255, 255, 255)
WHOLE = (1000, 1000)  # larger than any picture: nothing is shrunk


def load(
    image: Image.Image, path: Path, at_least: tuple[int, int] = WHOLE, **options: Any
) -> Pixels:
    image.save(path, **options)
    return load_image(path, at_least)


def draw_noise(height: int = 48, width: int = 64) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_a_red_picture_stays_red(extension: str, tmp_path: Path) -> None:
    pixels = load(Image.new("RGB", (20, 10), RED), tmp_path / f"red.{extension}")
    assert pixels.shape == (10, 20, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels, np.broadcast_to(RED, (10, 20, 3)), atol=1)


def make_palette() -> Image.Image:
    image = Image.new("P", (20, 10), 1)
    image.putpalette([0, 0, 0, *RED])
    return image


@pytest.mark.parametrize(
    ("image", "options", "expected"),
    [
        (Image.new("L", (20, 10), 128), {}, (128, 128, 128)),
        (Image.new("1", (20, 10), 1), {}, (255, 255, 255)),
        (Image.new("LA", (20, 10), (200, 255)), {}, (200, 200, 200)),
        (Image.new("RGBA", (20, 10), (*RED, 255)), {}, RED),
        (make_palette(), {}, RED),
        (make_palette(), {"transparency": 0}, RED),
        (make_palette(), {"transparency": b"\x00\xff"}, RED),
        # transparent pixels become white, half transparent ones half white
        (Image.new("LA", (20, 10), (0, 0)), {}, WHITE),
        (Image.new("RGBA", (20, 10), (*RED, 0)), {}, WHITE),
        (Image.new("RGBA", (20, 10), (*RED, 51)), {}, (255, 204, 204)),
        (make_palette(), {"transparency": 1}, WHITE),
        (make_palette(), {"transparency": b"\x00\x33"}, (255, 204, 204)),
        (Image.new("RGB", (20, 10), RED), {"transparency": RED}, WHITE),
        (Image.new("RGB", (20, 10), RED), {"transparency": (254, 0, 0)}, RED),
        (Image.new("L", (20, 10), 7), {"transparency": 7}, WHITE),
        (Image.new("1", (20, 10), 0), {"transparency": 0}, WHITE),
    ],
)
def test_every_kind_of_png_becomes_rgb(
    image: Image.Image, options: dict[str, Any], expected: tuple[int, int, int], tmp_path: Path
) -> None:
    pixels = load(image, tmp_path / "x.png", **options)
    np.testing.assert_array_equal(pixels, np.broadcast_to(expected, (10, 20, 3)))


def test_grey_jpegs_become_rgb(tmp_path: Path) -> None:
    pixels = load(Image.new("L", (20, 10), 76), tmp_path / "x.jpg")
    np.testing.assert_allclose(pixels, np.full((10, 20, 3), 76), atol=3)


@pytest.mark.parametrize("file_format", ["GIF", "BMP", "WEBP", "TIFF", "PPM", "EPS"])
def test_what_prepare_refuses_is_not_opened_here_either(file_format: str, tmp_path: Path) -> None:
    """EPS would even start another program."""
    with pytest.raises(BadImageError, match=r"not a JPEG or PNG|JPEG or PNG is expected"):
        load(Image.new("RGB", (20, 10), RED), tmp_path / "x.jpg", format=file_format)


def test_modes_and_sizes_that_prepare_refuses_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadImageError, match="wrong mode: CMYK"):
        load(Image.new("CMYK", (20, 10)), tmp_path / "x.jpg")
    deep = Image.fromarray(np.full((10, 20), 1000, np.uint16))
    with pytest.raises(BadImageError, match="wrong mode: I;16"):
        load(deep, tmp_path / "x.png")
    monkeypatch.setattr("foldline.data.picture_files.MAX_PIXELS", 20 * 10)
    load(Image.new("RGB", (20, 10)), tmp_path / "x.png")
    with pytest.raises(BadImageError, match="too large: 20 x 11 pixels"):
        load(Image.new("RGB", (20, 11)), tmp_path / "x.png")


@pytest.mark.parametrize(
    ("extension", "options"),
    [("jpg", {}), ("jpg", {"progressive": True}), ("png", {})],
)
@pytest.mark.parametrize("at_least", [WHOLE, (6, 8)])
def test_a_truncated_picture_is_bad_and_never_a_part(
    extension: str, options: dict[str, Any], at_least: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / f"x.{extension}"
    whole = load(draw_noise(), path, at_least, **options)
    content = path.read_bytes()
    for cut in [*range(0, len(content), len(content) // 30), len(content) - 20, len(content) - 2]:
        path.write_bytes(content[:cut])
        try:
            pixels = load_image(path, at_least)
        except BadImageError:
            continue
        assert cut > len(content) - 30, "only the end marker is gone"
        np.testing.assert_array_equal(pixels, whole)


def test_what_is_no_picture_is_bad(tmp_path: Path) -> None:
    for content in (b"", b"id,path\n", bytes(1000), b"\xff\xd8\xff\xe0"):
        (tmp_path / "x.jpg").write_bytes(content)
        with pytest.raises(BadImageError, match=r"x\.jpg: cannot be decoded: \S"):
            load_image(tmp_path / "x.jpg", (1, 1))
    for path in (tmp_path / "missing.jpg", tmp_path):
        with pytest.raises(BadImageError):
            load_image(path, (1, 1))


def test_whatever_pillow_raises_is_a_bad_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise KeyError

    monkeypatch.setattr("PIL.ImageOps.exif_transpose", fail)
    with pytest.raises(BadImageError, match="cannot be decoded: KeyError"):
        load(draw_noise(), tmp_path / "x.png")


def test_warnings_about_a_picture_are_nobodys_business(tmp_path: Path) -> None:
    """Such as Pillow's warnings about odd metadata, from opening on."""
    image = draw_noise()
    exif = Image.Exif()
    exif[0x010E] = "a long description that will be cut off"
    content = exif.tobytes()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        load(image, tmp_path / "x.jpg", exif=content[:-30])
        load(make_palette(), tmp_path / "x.png", transparency=b"\x00\xff")
    assert seen == []


@pytest.mark.parametrize("extension", ["jpg", "png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright_by_its_exif_orientation(
    orientation: int, extension: str, tmp_path: Path
) -> None:
    """However the camera was held, red must be at the top and green on the left."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:32, :, 0] = 255
    pixels[:, :48, 1] = 255
    stored = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.transpose(1, 0, 2),
        6: pixels.transpose(1, 0, 2)[::-1],
        7: pixels.transpose(1, 0, 2)[::-1, ::-1],
        8: pixels.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"x.{extension}"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, quality=95)
    upright = load_image(path, (32, 48))
    height, width = upright.shape[:2]
    assert (height, width) == ((32, 48) if extension == "jpg" else (64, 96))
    for y, x in ((1, 1), (1, 3), (3, 1), (3, 3)):
        found = upright[y * height // 4, x * width // 4]
        expected = (255 * (y == 1), 255 * (x == 1), 0)
        np.testing.assert_allclose(found, expected, atol=12)


@pytest.mark.parametrize(
    ("size", "at_least", "expected"),
    [
        ((384, 512), (128, 96), (192, 256)),
        ((384, 512), (96, 128), (96, 128)),
        ((512, 384), (128, 96), (128, 96)),
        ((512, 384), (129, 96), (256, 192)),
        ((512, 384), (64, 48), (64, 48)),
        ((512, 384), (8, 6), (64, 48)),
        ((512, 384), (300, 10), (512, 384)),
        ((512, 384), (1000, 1000), (512, 384)),
        ((101, 51), (50, 25), (51, 26)),
    ],
)
def test_a_jpeg_is_decoded_small_but_never_smaller_than_asked(
    size: tuple[int, int], at_least: tuple[int, int], expected: tuple[int, int], tmp_path: Path
) -> None:
    pixels = load(draw_noise(*size), tmp_path / "x.jpg", at_least)
    assert pixels.shape == (*expected, 3)
    assert load(draw_noise(*size), tmp_path / "x.png", at_least).shape == (*size, 3)


def test_the_error_crosses_from_a_reading_process() -> None:
    error = pickle.loads(pickle.dumps(BadImageError(Path("a/b.jpg"), "half")))
    assert (error.path, error.reason) == (Path("a/b.jpg"), "half")
    assert str(error) == f"{Path('a/b.jpg')}: cannot be decoded: half"
