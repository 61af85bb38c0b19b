"""Many drawn pictures on one sheet, each with its class, for the documents."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from foldline.synthetic.competition import draw_person
from foldline.synthetic.faces import SHOTS
from foldline.synthetic.people import Person, compute_label

PICTURE = (108, 144)  # width and height of each picture, pixels
GAP = 8
CAPTION = 20  # height of the line under each picture, pixels
MARGIN = 84  # room at the left for who it is, pixels
PAPER, INK = (255, 255, 255), (70, 70, 80)


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
