"""A sheet of validation pictures with their predicted and true classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from foldline.data.decode import Pixels
from foldline.reporting.figures.figure import DOTS_PER_INCH, GREY, RIGHT, WRONG
from foldline.reporting.figures.fonts import Lettering, choose_lettering

NUM_COLUMNS = 6
UNREADABLE = "cannot be read"
_TILE = 1.85  # from the middle of a picture to the next, inches
_LINE = 1.72  # widest line of text
_WIDTH, _HEIGHT = 1.65, 1.75  # of a picture, at most
_HEAD = 0.42  # height of the title
_TEXT = 0.72  # height of the lines above and below a picture, inches
_GAP = 0.06  # between a picture and its text
_SIZE, _SMALL = 8.0, 6.5  # of the text, points


@dataclass(frozen=True)
class Answered:
    """One picture: `pixels` `[H, W, 3]` uint8, or None for an unreadable one.

    `truth` and `answer` are classes, `prob` is that of the answer; `row` is its row in `oof.csv`.
    """

    pixels: Pixels | None
    path: str
    row: int
    truth: int
    answer: int
    prob: float

    @property
    def is_right(self) -> bool:
        return self.truth == self.answer


def choose_pictures(
    labels: npt.NDArray[np.int64], probs: npt.NDArray[np.float64], number: int
) -> list[int]:
    """Return the rows of the most confident mistakes, followed by a few right answers.

    A quarter of `number` is kept for right answers, more where mistakes are fewer. Equally
    confident rows keep their order.
    """
    answers = probs.argmax(axis=1)
    order = np.argsort(-probs.max(axis=1), kind="stable")
    wrong = [int(row) for row in order if answers[row] != labels[row]]
    right = [int(row) for row in order if answers[row] == labels[row]]
    num_right = min(len(right), max(number // 4, number - len(wrong)))
    return wrong[: number - num_right] + right[:num_right]


def draw_grid(pictures: Sequence[Answered], class_names: Sequence[str], *, title: str) -> Figure:
    """Draw each picture under its predicted and its true class.

    Right ones have ✓, green text and a solid frame, wrong ones ✗, red text and a dashed frame.
    """
    lettering = choose_lettering([*class_names, *(picture.path for picture in pictures)])
    room = 72 * _LINE / _SIZE - lettering.measure("true: ")
    names = lettering.show_all(class_names, ems=room)
    num_columns = min(NUM_COLUMNS, max(len(pictures), 1))
    num_rows = max(-(-len(pictures) // NUM_COLUMNS), 1)
    width, height = num_columns * _TILE, num_rows * (_HEIGHT + _TEXT) + _HEAD
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))  # in inches, from the upper left corner
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    axes.text(0.08, 0.2, title, size=11, va="center")
    for position, picture in enumerate(pictures):
        row, column = divmod(position, NUM_COLUMNS)
        top = ((column + 0.5) * _TILE, _HEAD + row * (_HEIGHT + _TEXT) + 0.37)
        color = RIGHT if picture.is_right else WRONG
        drawn = _draw_picture(axes, top, picture, color)
        _draw_text(axes, top, picture, height=drawn, color=color, names=names, lettering=lettering)
    return figure


def _draw_picture(axes: Axes, top: tuple[float, float], picture: Answered, color: str) -> float:
    """Draw the picture and its frame below the middle of its upper edge; return its height."""
    x, y = top
    if picture.pixels is None:
        across, down = _WIDTH, _HEIGHT / 2
        axes.text(x, y + down / 2, UNREADABLE, ha="center", va="center", color=GREY)
    else:
        rows, columns = picture.pixels.shape[:2]
        scale = min(_WIDTH / columns, _HEIGHT / rows)
        across, down = columns * scale, rows * scale
        extent = (x - across / 2, x + across / 2, y + down, y)
        axes.imshow(_shrink(picture.pixels), extent=extent, aspect="auto")
    frame = Rectangle((x - across / 2, y), across, down, fill=False, zorder=3)
    frame.set(edgecolor=color, linewidth=2.0, linestyle="-" if picture.is_right else (0, (3, 1.5)))
    axes.add_patch(frame)
    return down


def _draw_text(
    axes: Axes,
    top: tuple[float, float],
    picture: Answered,
    *,
    height: float,
    color: str,
    names: Sequence[str],
    lettering: Lettering,
) -> None:
    """Write mark, predicted and true class above the picture, probability and file below it."""
    x, y = top
    style: dict[str, Any] = {"fontfamily": list(lettering.families), "ha": "center"}
    mark = "✓" if picture.is_right else "✗"
    classes = f"{mark} {names[picture.answer]}\ntrue: {names[picture.truth]}"
    axes.text(x, y - _GAP, classes, color=color, size=_SIZE, va="bottom", **style)
    prob = f"{100 * picture.prob:.0f} %  "
    file = "/".join(picture.path.split("/")[-2:])
    room = 72 * _LINE / _SMALL - lettering.measure(prob)
    file = lettering.show(file, f"row {picture.row + 1}", ems=room)
    axes.text(x, y + height + _GAP, prob + file, color=GREY, size=_SMALL, va="top", **style)


def _shrink(pixels: Pixels) -> Pixels:
    """Shrink to at most twice the resolution at which it is drawn."""
    image = Image.fromarray(pixels)
    image.thumbnail((int(2 * _WIDTH * DOTS_PER_INCH), int(2 * _HEIGHT * DOTS_PER_INCH)))
    return np.asarray(image)
