"""Draw the picture of the sample competition that the documents show.

    .venv/bin/python benchmarks/draw_contact_sheet.py

Writes docs/sample.png: seven pictures of each of four people of seed 0, the ones who look most as
people of their gender and age do.
"""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from foldline.files import replacing
from foldline.synthetic.competition import draw_person
from foldline.synthetic.faces import SHOTS
from foldline.synthetic.people import GENDERS, Gender, Person, cast_people, compute_label

SHEET = Path(__file__).resolve().parent.parent / "docs/sample.png"
# gender and age class of the rows
ROWS: tuple[tuple[Gender, int], ...] = (("female", 0), ("male", 0), ("female", 1), ("male", 2))

PICTURE = (108, 144)  # width and height of each picture, pixels
GAP = 8
CAPTION = 20  # height of the line under each picture, pixels
MARGIN = 84  # room at the left for who it is, pixels
PAPER, INK = (255, 255, 255), (70, 70, 80)


def measure_doubt(person: Person) -> float:
    """How far the looks are from gender and age; 0 is not at all."""
    meant = 2 * GENDERS.index(person.gender) - 1
    return abs(person.femininity - meant) + abs(person.apparent_age - person.age) / 6


def build_contact_sheet(people: Sequence[Person], *, seed: int) -> Image.Image:
    """Return a sheet with a row of seven pictures per person, captioned with shot and class."""
    column, row = PICTURE[0] + GAP, PICTURE[1] + CAPTION + GAP
    size = (MARGIN + len(SHOTS) * column + GAP, len(people) * row + GAP)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=13)
    for number, person in enumerate(people):
        y = GAP + number * row
        who = f"{person.gender}\n{person.age}"
        draw.multiline_text((GAP, y + PICTURE[1] / 2), who, INK, font, anchor="lm", spacing=6)
        images = draw_person(person, seed=seed)
        for position, (shot, image) in enumerate(zip(SHOTS, images, strict=True)):
            x = MARGIN + position * column
            sheet.paste(image.resize(PICTURE, Image.Resampling.LANCZOS), (x, y))
            label = compute_label(shot, person.gender, person.age)
            caption = f"{shot.replace('_mask', '')}: {label}"
            middle = (x + PICTURE[0] / 2, y + PICTURE[1] + CAPTION / 2)
            draw.text(middle, caption, INK, font, anchor="mm")
    return sheet


def main() -> None:
    cast = cast_people(120, seed=0, split="train")
    people = [
        min(
            (person for person in cast if (person.gender, person.age_class) == row),
            key=measure_doubt,
        )
        for row in ROWS
    ]
    # 6 bits a colour look the same and take a third less room
    sheet = ImageOps.posterize(build_contact_sheet(people, seed=0), 6)
    with replacing(SHEET) as temporary:
        sheet.save(temporary, "PNG", optimize=True)
    print(f"{SHEET}: {SHEET.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
