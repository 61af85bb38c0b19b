"""A canvas to draw on: posed coordinates, smooth outlines, plain colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

Color = tuple[int, int, int]
Point = tuple[float, float]

WIDTH, HEIGHT = 384, 512
# pictures are drawn this many times larger and then averaged down, which smooths every edge
SUPERSAMPLING = 2


def mix(first: Color, second: Color, share: float) -> Color:
    """Return the colour `share`, cut to 0 and 1, of the way from `first` to `second`."""
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def darker(color: Color, share: float) -> Color:
    """Return `color` with `share` of its light taken away."""
    return mix(color, (20, 14, 24), share)


def lighter(color: Color, share: float) -> Color:
    """Return `color` moved by `share` towards white."""
    return mix(color, (255, 255, 255), share)


@dataclass(frozen=True)
class Pose:
    """How a drawing is turned around a centre, enlarged and moved.

    `turn` is in degrees, `zoom` 1 is as drawn, `center` and `shift` are in pixels of the finished
    picture.
    """

    center: Point = (WIDTH / 2, HEIGHT / 2)
    turn: float = 0.0
    zoom: float = 1.0
    shift: Point = (0.0, 0.0)

    def place(self, points: Sequence[Point]) -> list[Point]:
        """Return where the points lie on the enlarged canvas."""
        scale = SUPERSAMPLING * self.zoom
        cosine = math.cos(math.radians(self.turn)) * scale
        sine = math.sin(math.radians(self.turn)) * scale
        x, y = self.center
        left, top = SUPERSAMPLING * (x + self.shift[0]), SUPERSAMPLING * (y + self.shift[1])
        return [
            ((px - x) * cosine - (py - y) * sine + left, (px - x) * sine + (py - y) * cosine + top)
            for px, py in points
        ]


class Canvas:
    """Draws shapes, given in pixels of the finished picture, in the current `pose`."""

    def __init__(self, color: Color) -> None:
        size = (WIDTH * SUPERSAMPLING, HEIGHT * SUPERSAMPLING)
        self._image = Image.new("RGB", size, color)
        self._draw = ImageDraw.Draw(self._image)
        self.pose = Pose()

    def shape(self, points: Sequence[Point], color: Color) -> None:
        """Fill the polygon through `points`."""
        self._draw.polygon(self.pose.place(points), fill=color)

    def oval(self, center: Point, radii: Point, color: Color) -> None:
        """Fill an ellipse."""
        self.shape(arc(center, radii, 0, 360), color)

    def line(self, points: Sequence[Point], width: float, color: Color) -> None:
        """Draw a line with round ends, `width` pixels wide."""
        placed = self.pose.place(points)
        thickness = width * SUPERSAMPLING * self.pose.zoom
        self._draw.line(placed, fill=color, width=max(1, round(thickness)), joint="curve")
        if thickness > 3:
            for x, y in (placed[0], placed[-1]):
                r = thickness / 2 - 0.5
                self._draw.ellipse((x - r, y - r, x + r, y + r), fill=color)

    def paste(self, other: "Canvas", outline: Sequence[Point]) -> None:
        """Copy what `other` shows inside `outline`, to fill a shape with a pattern."""
        stencil = Image.new("1", self._image.size)
        ImageDraw.Draw(stencil).polygon(self.pose.place(outline), fill=1)
        self._image.paste(other._image, mask=stencil)

    def finish(self) -> Image.Image:
        """Return the finished picture, RGB, 384 pixels wide and 512 high."""
        return self._image.reduce(SUPERSAMPLING)


def arc(center: Point, radii: Point, start: float, end: float, steps: int = 40) -> list[Point]:
    """Return points along an ellipse from `start` to `end` degrees; 0 is right, 90 is down."""
    angles = (math.radians(start + (end - start) * step / steps) for step in range(steps + 1))
    return [
        (center[0] + radii[0] * math.cos(a), center[1] + radii[1] * math.sin(a)) for a in angles
    ]


def smooth(knots: Sequence[Point], *, closed: bool = False, steps: int = 8) -> list[Point]:
    """Return a curve through all `knots` (Catmull-Rom), `steps` points from one to the next."""
    count = len(knots)
    points: list[Point] = []
    for index in range(count if closed else count - 1):
        around = range(index - 1, index + 3)
        p0, p1, p2, p3 = (knots[i % count if closed else min(max(i, 0), count - 1)] for i in around)
        points += [_between(p0, p1, p2, p3, step / steps) for step in range(steps)]
    return points if closed else [*points, knots[-1]]


def mirrored(points: Sequence[Point], axis: float = WIDTH / 2) -> list[Point]:
    """Return the points mirrored at the vertical line x = `axis`."""
    return [(2 * axis - x, y) for x, y in points]


def _between(p0: Point, p1: Point, p2: Point, p3: Point, t: float) -> Point:
    x, y = (
        0.5
        * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * (b - c) + d - a) * t**3)
        for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
    )
    return x, y
