"""Masks of five makes in eight colours, worn properly or not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from foldline.synthetic.canvas import Canvas, Color, Point, darker, lighter, mirrored, smooth
from foldline.synthetic.head import FACE, compute_half_width
from foldline.synthetic.looks import Look

COLORS: tuple[Color, ...] = (
    (150, 208, 240), (250, 250, 248), (40, 40, 50), (150, 224, 200), (52, 84, 150), (206, 214, 224),
)  # fmt: skip
WRONG_WAYS = ("nose out", "chin", "eyes")


@dataclass(frozen=True)
class Mask:
    """One mask: how it is made and its colour."""

    make: str
    color: Color


def choose_masks(rng: np.random.Generator) -> list[Mask]:
    """Choose five masks, no two of one make or colour."""
    makes = rng.permutation(sorted(_DETAILS))
    colors = rng.permutation(len(COLORS))
    return [Mask(str(make), COLORS[color]) for make, color in zip(makes, colors, strict=False)]


def draw_mask(canvas: Canvas, look: Look, mask: Mask, wrong_way: str | None = None) -> None:
    """Put `mask` on the face: over nose and chin, or in one of `WRONG_WAYS`."""
    chin = FACE[1] + look.face[1]
    top, bottom = {
        None: (FACE[1] + 12, chin + 9),
        "nose out": (FACE[1] + 54, chin + 16),
        "chin": (FACE[1] + 84, chin + 40),
        "eyes": (FACE[1] - 46, FACE[1] + 26),
    }[wrong_way]
    outline = _outline(look, mask.make, top, bottom)
    edge = darker(mask.color, 0.22)
    _draw_loops(canvas, look, outline, edge)
    canvas.shape(outline, edge)
    center = (FACE[0], (top + bottom) / 2)
    inner = [
        (center[0] + (x - center[0]) * 0.965, center[1] + (y - center[1]) * 0.955)
        for x, y in outline
    ]
    canvas.shape(inner, mask.color)
    _DETAILS[mask.make](canvas, mask.color, top, bottom, compute_half_width(look, center[1]))


def _outline(look: Look, make: str, top: float, bottom: float) -> list[Point]:
    height = bottom - top
    x = FACE[0]
    # the mask follows the cheeks, and the jaw where it reaches that far down
    high = compute_half_width(look, top + 0.14 * height) * 0.93
    low = min(compute_half_width(look, top + 0.62 * height) * 0.97, high)
    bridge = 10 if make in ("pointed", "cup") else 4
    foot = {"pointed": 0.36, "cup": 0.62, "folded": 0.42}.get(make, 0.56)
    right: list[Point] = [
        (x, top - bridge),
        (x + high * 0.45, top + 0.02 * height),
        (x + high, top + 0.14 * height),
        (x + low, top + 0.62 * height),
        (x + max(low * foot, 24), bottom - 0.05 * height),
        (x, bottom),
    ]
    left = mirrored(right)[1:-1]
    return smooth([*right, *reversed(left)], closed=True)


def _draw_loops(canvas: Canvas, look: Look, outline: list[Point], color: Color) -> None:
    top, bottom = min(y for _, y in outline), max(y for _, y in outline)
    for side in (-1, 1):
        ear = FACE[0] + side * (look.face[0] + 6)
        for y, ear_y in ((top + 0.2 * (bottom - top), -14), (top + 0.62 * (bottom - top), 30)):
            x = FACE[0] + side * compute_half_width(look, y) * 0.88
            canvas.line(smooth([(x, y), ((x + ear) / 2, (y + FACE[1] + ear_y) / 2 + 3),
                                (ear, FACE[1] + ear_y)]), 2.5, lighter(color, 0.4))  # fmt: skip


def _draw_pleats(canvas: Canvas, color: Color, top: float, bottom: float, half: float) -> None:
    for share in (0.36, 0.53, 0.70):
        y = top + share * (bottom - top)
        reach = half * (0.86 - 0.25 * share)
        curve = smooth([(FACE[0] - reach, y - 3), (FACE[0], y + 3), (FACE[0] + reach, y - 3)])
        canvas.line(curve, 3, darker(color, 0.14))
    _draw_wire(canvas, color, top, bottom, half)


def _draw_wire(canvas: Canvas, color: Color, top: float, bottom: float, half: float) -> None:
    y = top + 0.12 * (bottom - top)
    wire = smooth([(FACE[0] - half * 0.3, y), (FACE[0], y - 5), (FACE[0] + half * 0.3, y)])
    canvas.line(wire, 4, lighter(color, 0.45))


def _draw_fold(canvas: Canvas, color: Color, top: float, bottom: float, half: float) -> None:
    for share, bend in ((0.4, -10), (0.68, 8)):
        y = top + share * (bottom - top)
        reach = half * (0.92 if bend < 0 else 0.72)
        curve = smooth([(FACE[0] - reach, y), (FACE[0], y + bend), (FACE[0] + reach, y)])
        canvas.line(curve, 3, darker(color, 0.16))


def _draw_point(canvas: Canvas, color: Color, top: float, bottom: float, half: float) -> None:
    seam = smooth([(FACE[0], top - 4), (FACE[0] + 7, (top + bottom) / 2), (FACE[0], bottom - 6)])
    canvas.shape(
        [*seam, (FACE[0] + half * 0.5, bottom - 0.2 * (bottom - top))], darker(color, 0.06)
    )
    canvas.line(seam, 3, darker(color, 0.18))


def _draw_valve(canvas: Canvas, color: Color, top: float, bottom: float, half: float) -> None:
    _draw_wire(canvas, color, top, bottom, half)
    center = (FACE[0] + half * 0.34, top + 0.6 * (bottom - top))
    canvas.oval(center, (17, 15), darker(color, 0.2))
    canvas.oval(center, (12, 10), lighter(color, 0.35))
    for dy in (-4, 0, 4):
        canvas.line([(center[0] - 8, center[1] + dy), (center[0] + 8, center[1] + dy)], 1.5,
                    darker(color, 0.25))  # fmt: skip


def _draw_print(canvas: Canvas, color: Color, top: float, bottom: float, half: float) -> None:
    dot = darker(color, 0.3) if sum(color) > 380 else lighter(color, 0.5)
    for row, share in enumerate((0.26, 0.44, 0.62, 0.8)):
        for column in range(-3, 4):
            x = FACE[0] + (column + row % 2 / 2) * half * 0.25
            if abs(x - FACE[0]) < half * (0.84 - 0.4 * max(0.0, share - 0.4)):
                canvas.oval((x, top + share * (bottom - top)), (4.5, 4.5), dot)


_DETAILS: dict[str, Callable[[Canvas, Color, float, float, float], None]] = {
    "pleated": _draw_pleats,
    "folded": _draw_fold,
    "pointed": _draw_point,
    "cup": _draw_valve,
    "cloth": _draw_print,
}
