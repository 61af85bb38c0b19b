"""Draw a bare head: hair behind, ears, face, features, hair in front."""

import math

from foldline.synthetic.canvas import (
    WIDTH,
    Canvas,
    Color,
    Point,
    arc,
    darker,
    lighter,
    mirrored,
    mix,
    smooth,
)
from foldline.synthetic.looks import Look

# the middle of every face, in pixels
FACE: Point = (WIDTH / 2, 232.0)
X, Y = FACE
ROSE: Color = (236, 110, 110)


def compute_half_width(look: Look, y: float) -> float:
    """Return half the face's width at height `y` in pixels; a little remains below the chin."""
    half_width, half_height = look.face
    reach = abs(y - Y) / half_height
    power = 2.2 if y < Y else look.jaw
    return half_width * math.pow(max(1 - math.pow(reach, power), 0.12), 1 / power)


def draw_hair_behind(canvas: Canvas, look: Look) -> None:
    """Draw the hair that falls behind the face; none if it is short."""
    if look.hair_length < 0.22:
        return
    half_width, half_height = look.face
    volume = look.hair_volume
    bottom = _find_hair_end(look)
    wide = half_width + volume
    right: list[Point] = [
        (X, Y - half_height - volume),
        (X + 0.72 * wide, Y - 0.75 * (half_height + volume)),
        (X + wide, Y - 15),
        (X + wide + 8 * look.hair_length, (Y + bottom) / 2 + 10),
        (X + 0.95 * wide, bottom - 18),
        (X + 0.6 * wide, bottom),
    ]
    outline = smooth([*right, *reversed(mirrored(right)[1:])], closed=True)
    canvas.shape(_waved(outline, look.curl), darker(look.hair, 0.18))


def draw_locks(canvas: Canvas, look: Look) -> None:
    """Draw long hair that falls in front of the shoulders."""
    if look.hair_length < 0.5:
        return
    half_width = look.face[0]
    wide = half_width + look.hair_volume
    bottom = _find_hair_end(look)
    lock: list[Point] = [
        (X + 0.9 * half_width, Y + 10),
        (X + wide + 4, Y + 60),
        (X + wide + 7, bottom - 50),
        (X + 0.93 * wide, bottom - 8),
        (X + 0.68 * wide, bottom),
        (X + 0.66 * half_width, bottom - 40),
        (X + 0.74 * half_width, Y + 80),
    ]
    outline = _waved(smooth(lock, closed=True), look.curl)
    for points in (outline, mirrored(outline)):
        canvas.shape(points, darker(look.hair, 0.12))


def _find_hair_end(look: Look) -> float:
    """Return the height at which hair behind the face ends, in pixels."""
    return Y + 30 + 230 * (look.hair_length - 0.15)


def draw_face(canvas: Canvas, look: Look) -> None:
    """Draw ears, skin and the traces of age in it."""
    half_width = look.face[0]
    for side in (-1, 1):
        ear = (X + side * (half_width + 3), Y + 4)
        canvas.oval(ear, (15, 23), darker(look.skin, 0.08))
        canvas.oval((ear[0] - side * 2, ear[1] + 1), (8, 14), darker(look.skin, 0.2))
        if look.earrings:
            canvas.oval((ear[0] + side * 2, ear[1] + 27), (5, 6), look.earrings)
    outline = _outline_face(look)
    canvas.shape(outline, look.skin)
    if look.stubble > 0.05:
        _draw_stubble(canvas, look)
    rose = mix(look.skin, ROSE, 0.42 * look.blush)
    for side in (-1, 1):
        canvas.oval((X + side * 52, Y + 36), (19, 13), rose)
    _draw_wrinkles(canvas, look)
    if look.mole:
        canvas.oval((X + look.mole[0], Y + look.mole[1]), (3.2, 3.2), darker(look.skin, 0.6))


def draw_features(canvas: Canvas, look: Look, *, gaze: float, smile: float) -> None:
    """Draw eyes, nose, mouth and glasses; `gaze` in pixels to the right, `smile` 1 as usual."""
    for side in (-1, 1):
        _draw_eye(canvas, look, side, gaze)
    nose = smooth([(X - 3, Y + 4), (X + look.nose * 0.8, Y + 30), (X, Y + 36),
                   (X - look.nose * 0.6, Y + 32)])  # fmt: skip
    canvas.line(nose, 3.5, darker(look.skin, 0.24))
    _draw_mouth(canvas, look, smile)
    if look.glasses:
        _draw_glasses(canvas, look, look.glasses)


def draw_hair_front(canvas: Canvas, look: Look) -> None:
    """Draw the hair on the skull, down to the fringe."""
    half_width, half_height = look.face
    volume = look.hair_volume
    skull = arc((X, Y - 4), (half_width + 0.75 * volume, half_height + volume), 178, 362)
    line = Y - 0.5 * half_height - look.hairline
    temple = half_width - 5
    knots = [(x * temple, y) for x, y in _outline_fringe(look, line)]
    burn = Y + (26 if look.hair_length < 0.22 else 10)
    inner = smooth([(X + temple, burn), *((X + x, y) for x, y in knots), (X - temple, burn)])
    right, left = (X + half_width + 0.5 * volume, Y), (X - half_width - 0.5 * volume, Y)
    canvas.shape(_waved([*skull, right, *inner, left], look.curl), look.hair)
    shine = arc((X, Y - 4), (half_width * 0.82, half_height + volume * 0.35), 205, 268)
    canvas.line(shine, 5, lighter(look.hair, 0.16))
    shade = arc((X, Y - 4), (half_width * 0.8, half_height + volume * 0.2), 285, 330)
    canvas.line(shade, 3, darker(look.hair, 0.2))


def _outline_face(look: Look) -> list[Point]:
    half_width, half_height = look.face
    points = []
    for x, y in arc((0, 0), (1, 1), 0, 360, steps=72):
        power = 2.2 if y < 0 else look.jaw
        right = half_width * math.copysign(abs(x) ** (2 / power), x)
        down = half_height * math.copysign(abs(y) ** (2 / power), y)
        points.append((X + right, Y + down))
    return points


def _outline_fringe(look: Look, line: float) -> list[Point]:
    """Return the edge of the fringe from right to left; x is a share of the temple's distance."""
    match look.fringe:
        case "bangs":
            return [(0.96, Y - 20), (0.8, line + 16), (0.3, line + 22), (-0.3, line + 22),
                    (-0.8, line + 16), (-0.96, Y - 20)]  # fmt: skip
        case "side":
            return [(0.98, Y - 22), (0.82, line + 14), (0.3, line + 10), (-0.15, line - 4),
                    (-0.42, line - 26), (-0.72, line + 8), (-0.97, Y - 22)]  # fmt: skip
        case "swept":
            return [(0.97, Y - 22), (0.78, line - 6), (0.4, line - 20), (-0.1, line - 8),
                    (-0.6, line + 12), (-0.96, Y - 20)]  # fmt: skip
        case "middle":
            return [(0.98, Y - 12), (0.86, line + 16), (0.4, line - 8), (0.0, line - 28),
                    (-0.4, line - 8), (-0.86, line + 16), (-0.98, Y - 12)]  # fmt: skip
        case _:
            return [(0.97, Y - 24), (0.84, line + 2), (0.4, line - 8), (0.0, line - 5),
                    (-0.4, line - 8), (-0.84, line + 2), (-0.97, Y - 24)]  # fmt: skip


def _waved(outline: list[Point], amount: float) -> list[Point]:
    """Return `outline` with its points moved in and out by up to `amount` pixels, like curls."""
    if not amount:
        return outline
    waved = []
    for index, (x, y) in enumerate(outline):
        stretch = 1 + amount / 100 * math.sin(index * 1.9)
        waved.append((X + (x - X) * stretch, Y + (y - Y) * stretch))
    return waved


def _draw_stubble(canvas: Canvas, look: Look) -> None:
    half_width = look.face[0]
    shade = mix(look.skin, mix(look.hair, (110, 100, 104), 0.4), 0.5 * look.stubble)
    jaw = [point for point in _outline_face(look) if point[1] > Y + 26]
    inner = smooth([
        (X - half_width * 0.9, Y + 26), (X - 42, Y + 52), (X - 16, Y + 46), (X, Y + 49),
        (X + 16, Y + 46), (X + 42, Y + 52), (X + half_width * 0.9, Y + 26),
    ])  # fmt: skip
    canvas.shape([*jaw, *inner], shade)


def _draw_wrinkles(canvas: Canvas, look: Look) -> None:
    half_height = look.face[1]
    if look.wrinkles < 0.08:
        return
    ink = darker(look.skin, 0.1 + 0.28 * look.wrinkles)
    for row in range(round(3 * look.wrinkles)):
        y = Y - 0.42 * half_height - 11 * row
        line = smooth([(X - 34, y + 2), (X - 12, y - 2), (X + 12, y + 2), (X + 34, y - 1)])
        canvas.line(line, 2.6, ink)
    for side in (-1, 1):
        eye = X + side * look.eye_gap
        bag = [(eye - 15, Y + 11), (eye, Y + 17 + 4 * look.wrinkles), (eye + 15, Y + 11)]
        canvas.line(smooth(bag), 2.6, ink)
        fold = [(X + side * 19, Y + 34), (X + side * 33, Y + 52), (X + side * 37, Y + 70)]
        canvas.line(smooth(fold), 1.5 + 2.5 * look.wrinkles, ink)
        if look.wrinkles > 0.4:
            corner = X + side * (look.eye_gap + 24)
            for rise in (-8, 0, 8):
                crease = [(corner, Y - 8 + rise * 0.4), (corner + side * 11, Y - 8 + rise)]
                canvas.line(crease, 2.2, ink)


def _draw_eye(canvas: Canvas, look: Look, side: int, gaze: float) -> None:
    x, y, size = X + side * look.eye_gap, Y - 8, look.eye_size
    ink = darker(mix(look.hair, (40, 30, 34), 0.75), 0.2)
    canvas.oval((x, y), (19 * size, 12 * size), (252, 250, 246))
    canvas.oval((x + gaze, y), (9.5 * size, 10.5 * size), look.eye)
    canvas.oval((x + gaze, y), (5 * size, 5.5 * size), (24, 18, 22))
    canvas.oval((x + gaze + 3, y - 4), (2.6, 2.6), (255, 255, 255))
    lid = arc((x, y), (19.5 * size, 12.5 * size), 190, 350)
    canvas.line(lid, 2.5 + 2.5 * look.lashes, ink)
    if look.lashes > 0.45:
        end = lid[-1] if side > 0 else lid[0]
        for rise in (5, 9):
            root = (end[0] - side * (rise - 5), end[1] - 2)
            canvas.line([root, (end[0] + side * 6, end[1] - rise)], 2.4, ink)
    brow_y = y - 25 - 3 * look.lashes
    brow = [(x - side * 17, brow_y + 2), (x, brow_y - 5), (x + side * 20, brow_y + 3)]
    canvas.line(smooth(brow), look.brow, darker(mix(look.hair, (60, 46, 44), 0.35), 0.15))


def _draw_mouth(canvas: Canvas, look: Look, smile: float) -> None:
    y, rise, reach = Y + 66, look.smile * smile, 29
    left, right = (X - reach, y - rise * 0.6), (X + reach, y - rise * 0.6)
    upper = smooth([left, (X - 11, y - 3), (X, y), (X + 11, y - 3), right])
    lower = smooth([right, (X, y + 9 + 0.5 * rise), left])
    canvas.shape([*upper, *lower], look.lips)
    seam = smooth([left, (X, y + 0.35 * rise + 1), right])
    if rise > 10:
        canvas.shape([*upper[8:-8], *reversed(seam[3:-3])], (252, 248, 244))
    canvas.line(seam, 2.6, darker(look.lips, 0.4))


def _draw_glasses(canvas: Canvas, look: Look, color: Color) -> None:
    for side in (-1, 1):
        x = X + side * look.eye_gap
        canvas.line(arc((x, Y - 6), (28, 24), 0, 360), 4, color)
        canvas.line([(x + side * 28, Y - 10), (X + side * (look.face[0] + 2), Y - 14)], 4, color)
    inner = look.eye_gap - 28
    canvas.line(smooth([(X - inner, Y - 8), (X, Y - 13), (X + inner, Y - 8)]), 4, color)
