"""Small pictures: those of a person side by side in one strip, smaller than a file for each."""

import io
from collections.abc import Iterable, Sequence

from PIL import Image, ImageOps

from foldline.data.decode import Pixels

Cell = tuple[int, int]  # height, width of one small picture

LENGTH = 7  # pictures in a strip, at most
WIDTH = 48  # pixels of one picture
_HEIGHTS = (24, 96)  # pixels, however long or wide the pictures of a competition are
_QUALITY = 50
_MISSING = (128, 128, 128)  # a picture that cannot be read


def cut_strips(groups: Iterable[Sequence[int]], length: int = LENGTH) -> list[list[int]]:
    """Cut rows into strips of at most `length`; only a group that has more is divided."""
    strips: list[list[int]] = []
    for group in groups:
        for start in range(0, len(group), length):
            piece = list(group[start : start + length])
            if strips and len(strips[-1]) + len(piece) <= length:
                strips[-1] += piece
            else:
                strips.append(piece)
    return strips


def choose_cell(height: int, width: int) -> Cell:
    """Return the size of every small picture of a table, from that of one of its pictures."""
    low, high = _HEIGHTS
    return (min(high, max(low, round(WIDTH * height / width))), WIDTH)


def draw_strip(pictures: Sequence[Pixels | None], cell: Cell) -> bytes:
    """Draw the pictures `[H, W, 3]` side by side as WebP; a missing one is grey.

    One of another shape than the cell is centred in it, whole.
    """
    height, width = cell
    strip = Image.new("RGB", (width * len(pictures), height), _MISSING)
    for position, pixels in enumerate(pictures):
        if pixels is not None:
            small = ImageOps.contain(Image.fromarray(pixels), (width, height), Image.Resampling.BOX)
            left, top = (width - small.width) // 2, (height - small.height) // 2
            strip.paste(small, (position * width + left, top))
    stream = io.BytesIO()
    strip.save(stream, "WEBP", quality=_QUALITY, method=4)
    return stream.getvalue()


def compute_view(
    height: int, width: int, cell: Cell, crop: tuple[float, float] | None
) -> tuple[float, float, float, float]:
    """Return where in its cell the part of a picture lies that a network sees.

    `crop` are the shares of height and width that are kept, around the centre. The result is left,
    top, width and height, as shares of the cell.
    """
    scale = min(cell[0] / height, cell[1] / width)
    shown_height, shown_width = scale * height / cell[0], scale * width / cell[1]
    seen_height = shown_height * (crop[0] if crop else 1.0)
    seen_width = shown_width * (crop[1] if crop else 1.0)
    return ((1 - seen_width) / 2, (1 - seen_height) / 2, seen_width, seen_height)
