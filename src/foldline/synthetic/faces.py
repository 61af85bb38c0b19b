"""Draw one picture of one person."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageChops

from foldline.synthetic.canvas import HEIGHT, WIDTH, Pose
from foldline.synthetic.head import (
    FACE,
    draw_face,
    draw_features,
    draw_hair_behind,
    draw_hair_front,
    draw_locks,
)
from foldline.synthetic.looks import Look
from foldline.synthetic.masks import Mask, draw_mask
from foldline.synthetic.scene import draw_clothes, draw_wall

SHOTS = ("mask1", "mask2", "mask3", "mask4", "mask5", "incorrect_mask", "normal")


@dataclass(frozen=True)
class Moment:
    """What differs from shot to shot of one person."""

    head: Pose
    body: Pose
    gaze: float  # pixels to the right
    smile: float  # 1 is as usual
    light: tuple[float, float, float]  # gain of red, green and blue
    dusk: float  # light lost in the darkest corner, share
    lamp: int  # where the light comes from: quarter turns


def choose_moment(rng: np.random.Generator) -> Moment:
    """Return a slightly different pose, expression and light."""
    zoom = float(rng.uniform(1.15, 1.23))
    x, y = float(rng.normal(0, 4)), float(rng.normal(0, 4))
    bright, warm = float(rng.uniform(0.95, 1.05)), float(rng.normal(0, 0.015))
    pose = Pose(center=(FACE[0], 330), zoom=zoom, shift=(x, y + 36))
    return Moment(
        head=replace(pose, turn=float(rng.normal(0, 2.5))),
        body=replace(pose, turn=float(rng.normal(0, 1))),
        gaze=float(rng.normal(0, 2)),
        smile=float(rng.uniform(0.6, 1.3)),
        light=(bright * (1 + warm), bright, bright * (1 - warm)),
        dusk=float(rng.uniform(0.02, 0.1)),
        lamp=int(rng.integers(4)),
    )


def draw_picture(
    look: Look, moment: Moment, mask: Mask | None = None, wrong_way: str | None = None
) -> Image.Image:
    """Draw the person at that moment: RGB, 384 pixels wide and 512 high."""
    canvas = draw_wall(look)
    canvas.pose = moment.head
    draw_hair_behind(canvas, look)
    draw_clothes(canvas, look, moment.body)
    canvas.pose = moment.head
    draw_locks(canvas, look)
    draw_face(canvas, look)
    draw_features(canvas, look, gaze=moment.gaze, smile=moment.smile)
    if mask:
        draw_mask(canvas, look, mask, wrong_way)
    draw_hair_front(canvas, look)
    return _light(canvas.finish(), moment)


def _light(image: Image.Image, moment: Moment) -> Image.Image:
    fade = Image.linear_gradient("L").point([round(255 - moment.dusk * i) for i in range(256)])
    fade = fade.rotate(90 * moment.lamp).resize((WIDTH, HEIGHT))
    table = [min(round(level * gain), 255) for gain in moment.light for level in range(256)]
    return ImageChops.multiply(image.point(table), Image.merge("RGB", (fade, fade, fade)))
