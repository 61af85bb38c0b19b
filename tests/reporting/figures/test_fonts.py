"""Which letters can be drawn, and what stands in the place of those that cannot."""

import pytest

from foldline.reporting.figures import fonts
from foldline.reporting.figures.fonts import ELLIPSIS, choose_lettering, to_line


def test_latin_needs_no_other_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_list_families", lambda: pytest.fail("other fonts were searched"))
    lettering = choose_lettering(["Größe", "мир", "α"])
    assert lettering.families == (fonts.BASE,)
    assert lettering.show("Größe", "?", ems=99) == "Größe"


def test_a_letter_of_no_font_replaces_the_whole_name() -> None:
    lettering = choose_lettering(["ants", "\U0010fffd"])
    assert lettering.show_all(["ants", "bees \U0010fffd"], ems=99) == ("ants", "class 1")
    assert lettering.show("\U0010fffd.jpg", "row 3", ems=99) == "row 3"


def test_long_names_lose_their_middle_and_stay_apart() -> None:
    names = ["a_very_long_name_indeed_v1", "a_very_long_name_indeed_v2", "short", "short"]
    lettering = choose_lettering(names)
    shown = lettering.show_all(names, ems=9)
    assert len(set(shown)) == 4
    front, back = shown[0].split(ELLIPSIS)
    assert names[0].startswith(front)
    assert names[0].endswith(back)
    assert shown[2:] == ("2 short", "3 short")
    assert all(lettering.measure(one) <= 9 for one in shown)


def test_preferred_fonts_are_asked_first_and_never_the_one_of_boxes() -> None:
    families = {"Zeta", "NanumGothic", "Last Resort", "Alpha", "Noto Sans KR", fonts.BASE}
    assert fonts._sort_families(families) == ["Noto Sans KR", "NanumGothic", "Alpha", "Zeta"]


def test_control_characters_and_line_ends_are_one_space() -> None:
    assert to_line(" a\n\tb\x00c  ") == "a b c"
