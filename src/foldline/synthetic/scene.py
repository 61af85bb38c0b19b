"""Draw what is around the head: the wall behind it and the clothes below."""

from foldline.synthetic.canvas import (
    HEIGHT,
    WIDTH,
    Canvas,
    Color,
    Point,
    Pose,
    arc,
    darker,
    lighter,
    mirrored,
    mix,
    smooth,
)
from foldline.synthetic.looks import MOSAIC, Look

MIDDLE = WIDTH / 2
# patterns reach beyond the edges, so that a moved picture shows no gap
MARGIN = 60


def draw_wall(look: Look) -> Canvas:
    """Return a canvas with this person's wall, the same in every picture: only the person moves."""
    canvas = Canvas(look.wall)
    accent = mix(look.wall, look.wall_accent, 0.4)
    match look.wall_pattern:
        case "horizon":
            canvas.shape(_box(-MARGIN, 290, WIDTH + MARGIN, HEIGHT + MARGIN), accent)
        case "stripes":
            for x in range(-MARGIN, WIDTH + MARGIN, 64):
                canvas.shape(_box(x, -MARGIN, x + 32, HEIGHT + MARGIN), accent)
        case "dots":
            _draw_dots(canvas, spacing=64, radius=15, color=accent)
        case "sun":
            canvas.oval((MIDDLE, 215), (172, 172), accent)
        case "diagonal":
            corner = [(-MARGIN, 120), (WIDTH + MARGIN, HEIGHT - 60), (-MARGIN, HEIGHT + 200)]
            canvas.shape(corner, accent)
        case _:
            canvas.shape(_box(-MARGIN, -MARGIN, WIDTH + MARGIN, 90), mix(look.wall, accent, 0.3))
    _draw_mosaic(canvas, look)
    return canvas


def _draw_mosaic(canvas: Canvas, look: Look) -> None:
    columns = MOSAIC[0]
    side = WIDTH / columns
    for number, color in enumerate(look.mosaic):
        row, column = divmod(number, columns)
        corner = (column * side, row * side)
        canvas.shape(_box(*corner, corner[0] + side, corner[1] + side), color)


def draw_clothes(canvas: Canvas, look: Look, pose: Pose) -> None:
    """Draw neck, shoulders and shirt."""
    canvas.pose = pose
    torso = _outline_torso()
    cloth = _weave(look, pose)
    canvas.paste(cloth, torso)
    canvas.line(smooth([(92, 520), (96, 480), (104, 452)]), 3, darker(look.shirt, 0.22))
    canvas.line(smooth([(292, 520), (288, 480), (280, 452)]), 3, darker(look.shirt, 0.22))
    _draw_neck(canvas, look)


def _outline_torso() -> list[Point]:
    right = smooth(
        [(150, 384), (240, 386), (292, 404), (336, 430), (356, 480), (364, HEIGHT + MARGIN)]
    )
    return [*right, *reversed(mirrored(right))]


def _draw_neck(canvas: Canvas, look: Look) -> None:
    shade = darker(look.skin, 0.16)
    trim = darker(look.shirt, 0.25)
    neck = [(154, 300), (230, 300), (234, 388), (240, 396), (144, 396), (150, 388)]
    match look.neckline:
        case "v":
            opening = [(144, 390), (192, 452), (240, 390)]
            canvas.shape(opening, look.skin)
            canvas.line(opening, 7, trim)
        case "round":
            canvas.oval((MIDDLE, 390), (54, 27), trim)
            canvas.oval((MIDDLE, 388), (48, 21), look.skin)
        case "collar":
            canvas.shape([(150, 388), (192, 424), (234, 388)], look.skin)
    canvas.shape(neck, look.skin)
    canvas.shape(
        smooth([(154, 322), (192, 362), (230, 322), (231, 352), (192, 384), (153, 352)]), shade
    )
    if look.neckline == "collar":
        wing = [(143, 378), (136, 404), (166, 440), (192, 421), (154, 394)]
        for points in (wing, mirrored(wing)):
            canvas.shape(points, lighter(look.shirt, 0.35))
            canvas.line([points[1], points[2], points[3]], 2.5, trim)
    elif look.neckline == "roll":
        roll: list[Point] = [(143, 366), (192, 376), (241, 366), (246, 404), (192, 416), (138, 404)]
        canvas.shape(smooth(roll, closed=True), lighter(look.shirt, 0.15))
        canvas.line(smooth([(141, 400), (192, 413), (243, 400)]), 3, trim)


def _weave(look: Look, pose: Pose) -> Canvas:
    """Return a canvas full of the shirt's cloth."""
    canvas = Canvas(look.shirt)
    canvas.pose = pose
    accent = look.shirt_accent
    match look.cloth:
        case "stripes":
            for x in range(-MARGIN, WIDTH + MARGIN, 30):
                canvas.shape(_box(x, 370, x + 12, HEIGHT + MARGIN), accent)
        case "bands":
            for y in range(372, HEIGHT + MARGIN, 36):
                canvas.shape(_box(-MARGIN, y, WIDTH + MARGIN, y + 18), accent)
        case "dots":
            _draw_dots(canvas, spacing=36, radius=9, color=accent)
        case "checks":
            for x in range(-MARGIN, WIDTH + MARGIN, 48):
                canvas.shape(_box(x, 370, x + 20, HEIGHT + MARGIN), mix(look.shirt, accent, 0.5))
            for y in range(376, HEIGHT + MARGIN, 48):
                canvas.shape(_box(-MARGIN, y, WIDTH + MARGIN, y + 20), mix(look.shirt, accent, 0.8))
        case "halves":
            canvas.shape(_box(-MARGIN, 420, WIDTH + MARGIN, HEIGHT + MARGIN), accent)
    return canvas


def _draw_dots(canvas: Canvas, *, spacing: int, radius: float, color: Color) -> None:
    for row, y in enumerate(range(-MARGIN, HEIGHT + MARGIN, spacing // 2)):
        for x in range(-MARGIN + row % 2 * spacing // 2, WIDTH + MARGIN, spacing):
            canvas.shape(arc((x, y), (radius, radius), 0, 360, steps=12), color)


def _box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
