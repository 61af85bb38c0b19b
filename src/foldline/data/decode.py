"""Decode pictures, in the same way for training, validation and inference."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from foldline.data.picture_files import UnusablePictureError, open_picture
from foldline.errors import describe_error

Pixels = npt.NDArray[np.uint8]

_ORIENTATION_TAG = 0x0112
_TURNED_BY_90 = frozenset({5, 6, 7, 8})


class BadImageError(Exception):
    """A picture that cannot be decoded, or (`unreachable`) a file that cannot be read at all."""

    def __init__(self, path: Path, reason: str, *, unreachable: bool = False) -> None:
        super().__init__(f"{path}: cannot be {'read' if unreachable else 'decoded'}: {reason}")
        self.path, self.reason, self.unreachable = path, reason, unreachable

    def __reduce__(self) -> tuple[Callable[..., "BadImageError"], tuple[Path, str]]:
        # lets a worker process send it to the main one
        return partial(BadImageError, unreachable=self.unreachable), (self.path, self.reason)


def load_image(path: Path, at_least: tuple[int, int]) -> Pixels:
    """Decode a picture as RGB, `[H, W, 3]`, uint8, turned upright by its EXIF orientation.

    A JPEG is decoded at the smallest of 1, 1/2, 1/4 and 1/8 of its size that still has
    `at_least` = (height, width) pixels: libjpeg then does most of the shrinking for free.
    Transparent pixels become white.

    Raise `BadImageError` for a file that `open_picture` refuses or that ends too early. A JPEG
    with damaged data that still reaches its end marker passes, as Pillow drops what libjpeg says
    about it; `data.verify=decode` finds those.
    """
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            path.open("rb") as file,
            open_picture(file) as image,
        ):
            height, width = at_least
            if image.getexif().get(_ORIENTATION_TAG) in _TURNED_BY_90:
                height, width = width, height
            image.draft("RGB", (width, height))
            image.load()
            upright = ImageOps.exif_transpose(image)
            return np.asarray(_lay_on_white(upright).convert("RGB"))
    except MemoryError:
        raise
    except UnusablePictureError as error:
        raise BadImageError(path, str(error)) from None
    except Exception as error:  # noqa: BLE001 - a broken file makes Pillow raise anything
        # an error of the disk or the network says nothing about the picture
        unreachable = isinstance(error, OSError) and error.errno is not None
        raise BadImageError(path, describe_error(error), unreachable=unreachable) from None


def _lay_on_white(image: Image.Image) -> Image.Image:
    """Return what a viewer shows, as a transparent pixel may have any colour."""
    if not image.has_transparency_data:
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return white
