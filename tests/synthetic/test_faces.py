"""What the pictures of one person show."""

import numpy as np
import pytest
from PIL import Image

from foldline.synthetic.canvas import Color, Pose
from foldline.synthetic.competition import draw_person
from foldline.synthetic.faces import SHOTS, Moment, draw_picture
from foldline.synthetic.looks import build_look, compute_agedness
from foldline.synthetic.masks import WRONG_WAYS, Mask, choose_masks
from foldline.synthetic.people import Gender, Person

STILL = Moment(Pose(), Pose(), gaze=0, smile=1, light=(1, 1, 1), dusk=0, lamp=0)
BLUE: Color = (0, 0, 255)
# places on an unmoved face, in pixels from the upper left
BROW, MOUTH, BELOW_CHIN = (192, 226), (192, 305), (192, 358)


def make_person(gender: Gender = "female", age: int = 40, index: int = 0) -> Person:
    return Person("train", index, gender, age, 1.0 if gender == "female" else -1.0, float(age))


def find_blue(image: Image.Image) -> set[tuple[int, int]]:
    """Return which of the three places are covered by a blue mask."""
    places = set()
    for place in (BROW, MOUTH, BELOW_CHIN):
        around = np.asarray(image)[place[1] - 8 : place[1] + 8, place[0] - 40 : place[0] + 40]
        red, green, blue = around.reshape(-1, 3).mean(axis=0)
        if blue > 150 and max(red, green) < 90:
            places.add(place)
    return places


def test_a_person_has_seven_pictures_of_the_real_size() -> None:
    images = draw_person(make_person(), seed=0)
    assert len(images) == len(SHOTS) == 7
    assert {(image.size, image.mode) for image in images} == {((384, 512), "RGB")}


def test_pictures_follow_from_the_seed() -> None:
    def draw(seed: int, index: int = 0) -> bytes:
        return draw_person(make_person(index=index), seed=seed)[6].tobytes()

    assert draw(0) == draw(0)
    assert len({draw(0), draw(1), draw(0, index=1)}) == 3


def test_masks_cover_what_they_should() -> None:
    look = build_look(make_person(), seed=0)
    mask = Mask("folded", BLUE)
    assert find_blue(draw_picture(look, STILL)) == set()
    assert find_blue(draw_picture(look, STILL, mask)) == {MOUTH}
    wrong = {way: find_blue(draw_picture(look, STILL, mask, way)) for way in WRONG_WAYS}
    assert wrong == {"nose out": {MOUTH}, "chin": {BELOW_CHIN}, "eyes": {BROW}}


@pytest.mark.parametrize("make", ["pleated", "folded", "pointed", "cup", "cloth"])
def test_every_make_is_seen(make: str) -> None:
    look = build_look(make_person(), seed=0)
    bare = np.asarray(draw_picture(look, STILL), dtype=int)
    masked = np.asarray(draw_picture(look, STILL, Mask(make, BLUE)), dtype=int)
    changed = (abs(bare - masked).max(axis=2) > 60).mean()
    # of the whole picture
    assert 0.03 < changed < 0.2


def test_five_masks_differ_in_make_and_color() -> None:
    masks = choose_masks(np.random.default_rng(0))
    assert len({mask.make for mask in masks}) == len({mask.color for mask in masks}) == 5


def test_looks_show_gender_and_age() -> None:
    man, woman = (build_look(make_person(gender), seed=0) for gender in ("male", "female"))
    assert woman.hair_length > man.hair_length
    young, old = (build_look(make_person(age=age), seed=0) for age in (20, 60))
    assert sum(old.hair) > sum(young.hair) + 200
    assert old.wrinkles > young.wrinkles
    # and who it is stays
    assert (young.shirt, young.wall, young.fringe) == (old.shirt, old.wall, old.fringe)


def test_agedness_rises_fastest_where_the_classes_meet() -> None:
    steps = [compute_agedness(age + 1) - compute_agedness(age) for age in (20, 30, 44, 57)]
    assert min(steps) > 0
    assert min(steps[1], steps[3]) > 5 * max(steps[0], steps[2])
