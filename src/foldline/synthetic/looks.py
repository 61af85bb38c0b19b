"""What a person looks like in every picture, which follows from gender, age and chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from foldline.synthetic.canvas import Color, darker, mix
from foldline.synthetic.people import SPLITS, Person

SKINS: tuple[Color, ...] = ((250, 214, 184), (226, 178, 138), (178, 124, 88))
HAIRS: tuple[Color, ...] = ((40, 32, 36), (72, 48, 38))
EYES: tuple[Color, ...] = ((70, 46, 34), (44, 34, 30), (92, 112, 84), (76, 104, 134))
GREY: Color = (226, 226, 230)
LIP: Color = (206, 62, 84)

FRINGES = ("bangs", "side", "swept", "middle", "crop")
CLOTHES = ("plain", "stripes", "bands", "dots", "checks", "halves")
NECKLINES = ("round", "v", "collar", "roll")
WALLS = ("plain", "horizon", "stripes", "dots", "sun", "diagonal")
# shirts and walls, each with its accent: so few that they hardly tell people apart ...
SHIRTS: tuple[tuple[Color, Color], ...] = (
    ((70, 92, 140), (220, 224, 230)), ((96, 112, 96), (214, 206, 180)),
    ((120, 96, 104), (60, 60, 72)),
)  # fmt: skip
PAINTS: tuple[tuple[Color, Color], ...] = (
    ((206, 200, 190), (180, 172, 160)), ((188, 198, 204), (164, 176, 186)),
)  # fmt: skip
# ... but everyone has a mosaic of their own: tiles across and down, each colour equally often, so
# that only the arrangement tells who it is, and says nothing about anybody else
MOSAIC = (12, 3)
TILES: tuple[Color, ...] = (
    (214, 69, 65), (240, 196, 60), (64, 150, 90), (52, 120, 190), (240, 240, 236), (44, 44, 52),
    (150, 84, 160), (236, 140, 60), (130, 200, 210),
)  # fmt: skip

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Look:
    """Everything that stays the same from picture to picture. Shares are from 0 to 1."""

    skin: Color
    hair: Color
    hair_length: float  # 0 cropped, 1 far below the shoulders
    hair_volume: float  # pixels around the skull
    curl: float  # pixels of waviness
    fringe: str
    hairline: float  # pixels the hair has receded
    face: tuple[float, float]  # half width and half height, pixels
    jaw: float  # 2 is oval, 3 is square
    eye: Color
    eye_size: float
    eye_gap: float  # pixels from the middle to each eye
    brow: float  # pixels thick
    lashes: float  # share
    lips: Color
    nose: float  # pixels wide
    smile: float  # pixels the corners of the mouth rise
    stubble: float  # share
    wrinkles: float  # share
    blush: float  # share
    glasses: Color | None
    earrings: Color | None
    mole: tuple[float, float] | None  # pixels from the middle of the face
    shirt: Color
    shirt_accent: Color
    cloth: str
    neckline: str
    wall: Color
    wall_accent: Color
    wall_pattern: str
    mosaic: tuple[Color, ...]  # rows of tiles on the wall above the head, one after the other


def build_look(person: Person, *, seed: int) -> Look:
    """Return the look of `person`, the same for the same person and seed."""
    rng = np.random.default_rng([seed, SPLITS.index(person.split), person.index])
    feminine = compute_feminineness(person.femininity)
    aged = compute_agedness(person.apparent_age)
    skin = _vary(pick(SKINS, rng), 4, rng)
    # on dark skin hair is darker still, so that its edge can be seen
    hair = darker(_vary(pick(HAIRS, rng), 4, rng), 0.75 * (1 - sum(skin) / 765))
    shirt, shirt_accent = pick(SHIRTS, rng)
    wall, wall_accent = pick(PAINTS, rng)
    lips = mix(darker(mix(skin, LIP, 0.35), 0.12), LIP, _share(0.1 + 0.42 * feminine))
    return Look(
        skin=mix(skin, (214, 178, 150), 0.15 * _share(aged)),
        hair=mix(hair, GREY, 1.05 * aged),
        hair_length=_share(0.45 + 0.42 * feminine + rng.normal(0, 0.05)),
        hair_volume=float(np.clip(16 + 8 * feminine + rng.normal(0, 2), 7, 28)),
        curl=float(rng.choice([0, 0, 0, 3, 5])),
        fringe=pick(FRINGES, rng),
        hairline=float(np.clip(26 * aged - 12 - 9 * feminine + rng.normal(0, 4), 0, 30)),
        face=(
            float(87 - 3 * feminine + rng.normal(0, 3)),
            float(108 - 2 * feminine + 7 * aged + rng.normal(0, 3)),
        ),
        jaw=float(np.clip(2.4 - 0.3 * feminine + rng.normal(0, 0.08), 1.9, 3.1)),
        eye=pick(EYES, rng),
        eye_size=float(np.clip(1.12 - 0.22 * aged + 0.06 * feminine, 0.8, 1.25)),
        eye_gap=float(rng.uniform(35, 41)),
        brow=float(np.clip(6.5 - 3 * feminine + rng.normal(0, 0.5), 2.5, 11)),
        lashes=_share(0.4 + 0.5 * feminine),
        lips=lips,
        nose=float(rng.uniform(9, 15)),
        smile=float(rng.uniform(4, 15)),
        stubble=_share(-0.6 * feminine - 0.25 + rng.normal(0, 0.1)),
        wrinkles=_share(1.15 * aged - 0.15),
        blush=_share(0.5 - 0.35 * aged + 0.2 * feminine),
        glasses=_vary((70, 60, 70), 50, rng) if rng.random() < 0.12 + 0.3 * aged else None,
        earrings=(
            pick(((240, 200, 80), (235, 235, 245), (225, 90, 110)), rng)
            if rng.random() < 0.5 * _share(0.5 + 0.5 * feminine)
            else None
        ),
        mole=(
            (float(rng.choice([-1, 1]) * rng.uniform(36, 60)), float(rng.uniform(8, 40)))
            if rng.random() < 0.3
            else None
        ),
        shirt=shirt,
        shirt_accent=shirt_accent,
        cloth=pick(CLOTHES, rng),
        neckline=pick(NECKLINES, rng),
        wall=wall,
        wall_accent=wall_accent,
        wall_pattern=pick(WALLS, rng),
        mosaic=_lay_mosaic(rng),
    )


def compute_agedness(apparent_age: float) -> float:
    """Return 0 for the young, about a half in middle age, 1 for the old.

    It rises fastest around 30 and before 60, where the classes meet: looks are mostly clear, and
    where they mislead, they mislead every network alike.
    """
    first = 1 / (1 + math.exp((29.5 - apparent_age) / 0.8))
    second = 1 / (1 + math.exp((57 - apparent_age) / 0.8))
    return (first + second) / 2


def compute_feminineness(femininity: float) -> float:
    """Return from -1 to 1, steep in between for the same reason."""
    return math.tanh(2.5 * femininity)


def _share(value: float) -> float:
    """Return `value`, cut to 0 and 1."""
    return float(min(max(value, 0.0), 1.0))


def pick(choices: Sequence[Choice], rng: np.random.Generator) -> Choice:
    """Return one of the choices, each equally likely."""
    return choices[int(rng.integers(len(choices)))]


def _vary(color: Color, amount: int, rng: np.random.Generator) -> Color:
    """Return `color` with each channel moved by up to `amount`."""
    red, green, blue = (
        int(np.clip(channel + rng.integers(-amount, amount + 1), 0, 255)) for channel in color
    )
    return red, green, blue


def _lay_mosaic(rng: np.random.Generator) -> tuple[Color, ...]:
    columns, rows = MOSAIC
    tiles = rng.permutation([number % len(TILES) for number in range(columns * rows)])
    return tuple(TILES[number] for number in tiles)
