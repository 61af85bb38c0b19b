"""A sheet of validation pictures with what they were taken for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from foldline.reporting.figure import DOTS_PER_INCH, GREY, RIGHT, WRONG, add_axes
from foldline.reporting.fonts import Lettering, choose_lettering, shorten

Pixels = npt.NDArray[np.uint8]

NUM_COLUMNS = 6
UNREADABLE = "cannot be read"
_TILE = 1.85  # width of a picture with its words, inches
_WIDTH = 1.6  # of the picture alone, inches
_HEIGHT = 1.75
_WORDS = 0.62  # height of the lines above and below a picture, inches
_CELLS = 25  # letters of a line


@dataclass(frozen=True)
class Answered:
    """One picture: `pixels` `[H, W, 3]` uint8, None where unreadable; `prob` of the answer.

    `truth` and `answer` are classes; `row` is its line in the out-of-fold file.
    """

    pixels: Pixels | None
    path: str
    row: int
    truth: int
    answer: int
    prob: float


def choose_pictures(
    labels: npt.NDArray[np.int64], probs: npt.NDArray[np.float64], number: int
) -> list[int]:
    """The rows of the most confident mistakes, and of a few right answers after them.

    A quarter of `number` is kept for right answers, more where there are fewer mistakes. Equally
    confident rows keep their order.
    """
    answers = probs.argmax(axis=1)
    order = np.argsort(-probs.max(axis=1), kind="stable")
    wrong = [int(row) for row in order if answers[row] != labels[row]]
    right = [int(row) for row in order if answers[row] == labels[row]]
    num_right = min(len(right), max(number // 4, number - len(wrong)))
    return wrong[: number - num_right] + right[:num_right]


def draw_grid(pictures: Sequence[Answered], class_names: Sequence[str], *, title: str) -> Figure:
    """Each picture under its predicted and its true class.

    Right ones have ✓, green words and a plain frame, wrong ones ✗, red words and a dashed frame.
    """
    lettering = choose_lettering([*class_names, *(picture.path for picture in pictures)])
    names = lettering.show_all(class_names, cells=_CELLS - 6)
    num_columns = min(NUM_COLUMNS, max(len(pictures), 1))
    num_rows = max(-(-len(pictures) // NUM_COLUMNS), 1)
    width, height = num_columns * _TILE, num_rows * (_HEIGHT + _WORDS) + 0.5
    figure = Figure(figsize=(width, height))
    figure.text(0.08 / width, 1 - 0.2 / height, title, size=11, va="center")
    for position, picture in enumerate(pictures):
        row, column = divmod(position, NUM_COLUMNS)
        left = column * _TILE + (_TILE - _WIDTH) / 2
        bottom = height - 0.5 - (row + 1) * (_HEIGHT + _WORDS) + 0.17
        _draw_tile(figure, (left, bottom), picture, names, lettering)
    return figure


def _draw_tile(
    figure: Figure,
    place: tuple[float, float],
    picture: Answered,
    names: Sequence[str],
    lettering: Lettering,
) -> None:
    is_right = picture.truth == picture.answer
    color, mark = (RIGHT, "✓") if is_right else (WRONG, "✗")
    axes = add_axes(figure, *place, _WIDTH, _HEIGHT)
    axes.set_axis_off()
    words: dict[str, Any] = {"fontfamily": list(lettering.families), "ha": "center", "size": 8}
    said = f"{mark} {names[picture.answer]}\ntrue: {names[picture.truth]}"
    axes.text(0.5, 1.03, said, color=color, va="bottom", transform=axes.transAxes, **words)
    path = lettering.show(shorten_path(picture.path, _CELLS), f"row {picture.row + 1}")
    below = f"{100 * picture.prob:.0f} %  {path}"
    axes.text(
        0.5, -0.03, below, color=GREY, va="top", transform=axes.transAxes, **(words | {"size": 6.5})
    )
    if picture.pixels is None:
        axes.text(0.5, 0.5, UNREADABLE, ha="center", va="center", color=GREY)
        axes.set(xlim=(0, 1), ylim=(0, 1))
    else:
        axes.imshow(_shrink(picture.pixels), interpolation="antialiased")
    frame = Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, clip_on=False)
    frame.set(edgecolor=color, linewidth=2.0, linestyle="-" if is_right else (0, (3, 1.5)))
    axes.add_patch(frame)


def shorten_path(path: str, cells: int) -> str:
    """The last folder and the file name, the folder's end left out where both are too long."""
    return shorten("/".join(path.split("/")[-2:]), cells)


def _shrink(pixels: Pixels) -> Pixels:
    """At most twice as fine as it is shown."""
    image = Image.fromarray(pixels)
    image.thumbnail((int(2 * _WIDTH * DOTS_PER_INCH), int(2 * _HEIGHT * DOTS_PER_INCH)))
    return np.asarray(image)
