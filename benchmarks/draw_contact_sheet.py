"""Draw the picture of the sample competition that the documents show.

    .venv/bin/python benchmarks/draw_contact_sheet.py

Writes docs/sample.png: seven pictures of each of four people of seed 0, the ones who look most as
people of their gender and age do.
"""

from pathlib import Path

from PIL import ImageOps

from foldline.files import replacing
from foldline.synthetic.contact_sheet import build_contact_sheet
from foldline.synthetic.people import GENDERS, Gender, Person, cast_people

SHEET = Path(__file__).resolve().parent.parent / "docs/sample.png"
# gender and age class of the rows
ROWS: tuple[tuple[Gender, int], ...] = (("female", 0), ("male", 0), ("female", 1), ("male", 2))


def measure_doubt(person: Person) -> float:
    """How far the looks are from gender and age; 0 is not at all."""
    meant = 2 * GENDERS.index(person.gender) - 1
    return abs(person.femininity - meant) + abs(person.apparent_age - person.age) / 6


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
