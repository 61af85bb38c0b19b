"""The sheet of drawn pictures for the documents."""

from benchmarks.draw_contact_sheet import GAP, MARGIN, PICTURE, build_contact_sheet

from foldline.synthetic.people import cast_people


def test_a_row_a_person() -> None:
    people = cast_people(2, seed=0, split="train")
    sheet = build_contact_sheet(people, seed=0)
    one = build_contact_sheet(people[:1], seed=0)
    assert sheet.mode == "RGB"
    assert sheet.width == one.width == MARGIN + 7 * (PICTURE[0] + GAP) + GAP
    assert sheet.height - one.height > PICTURE[1]
    # the first person is the same on both sheets
    assert sheet.crop((0, 0, *one.size)).tobytes() == one.tobytes()
