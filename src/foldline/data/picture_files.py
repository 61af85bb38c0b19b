"""Which files are usable pictures: one rule for `prepare` and for everything that decodes."""

from itertools import chain
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from foldline.text import join_words

# what is read, by Pillow's name of the format, and how names of such files end
FORMATS = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",)}
# the bytes that a whole file of a format ends with; without them it was cut off
END_MARKERS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xae\x42\x60\x82"}
PICTURE_EXTENSIONS = frozenset(chain.from_iterable(FORMATS.values()))
# for messages: "JPEG or PNG", ".jpg, .jpeg or .png"
FORMAT_CHOICES = join_words(list(FORMATS))
EXTENSION_CHOICES = join_words(list(chain.from_iterable(FORMATS.values())))
# modes that can be converted to RGB without inventing colours
ACCEPTED_MODES = frozenset({"RGB", "RGBA", "L", "LA", "P", "1"})
# more than any competition's pictures have; decoding takes 200 MB or more
MAX_PIXELS = 64_000_000
# the first bytes of pictures, and of files that people rename to .jpg
_FIRST_BYTES = {
    **{b"\xff\xd8": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"RIFF": "WebP", b"BM": "BMP"},
    b"<": "HTML or XML",
}


class UnusablePictureError(Exception):
    """A file that is not a usable picture: a `reason` to count by and a `detail` to read."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def open_picture(file: BinaryIO) -> Image.Image:
    """Open a picture, reading its header but not its pixels.

    Only `FORMATS` are tried, as Pillow knows formats that start other programs. Raise
    `UnusablePictureError` for another format, a mode that is not accepted, or more than
    `MAX_PIXELS` pixels.
    """
    try:
        image = Image.open(file, formats=tuple(FORMATS))
    except UnidentifiedImageError:
        raise UnusablePictureError("unreadable", _explain_unidentified(file)) from None
    except Image.DecompressionBombError:
        megapixels = MAX_PIXELS // 1_000_000
        raise UnusablePictureError("too large", f"more than {megapixels} megapixels") from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnusablePictureError("too large", f"{width} x {height} pixels")
    if image.mode not in ACCEPTED_MODES:
        raise UnusablePictureError("wrong mode", image.mode)
    return image


def _explain_unidentified(file: BinaryIO) -> str:
    file.seek(0)
    first = file.read(4)
    name = next((name for magic, name in _FIRST_BYTES.items() if first.startswith(magic)), None)
    if name is None:
        return f"not a {FORMAT_CHOICES}"
    if name.upper() in FORMATS:
        return "its header is broken or cut off"
    return f"looks like {name}; {FORMAT_CHOICES} is expected"
