import unicodedata

import pytest

from foldline.text import (
    compute_name_key,
    compute_path_key,
    escape,
    format_figure,
    format_interval,
    leads_outside,
    name_some,
    natural_key,
    shorten_faults,
)


@pytest.mark.parametrize("name", ["가나다", "é", "Ångström", "ば"])
def test_composed_and_decomposed_names_are_the_same(name: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert compute_name_key(decomposed) == compute_name_key(composed) == composed


def test_blanks_around_a_name_do_not_count_and_case_does() -> None:
    assert compute_name_key(" a b\u00a0") == "a b"
    assert compute_name_key("Cat") != compute_name_key("cat")


def test_each_part_of_a_path_is_a_name() -> None:
    decomposed = unicodedata.normalize("NFD", "가 /나.jpg")
    assert compute_path_key(f"train/{decomposed}") == "train/가/나.jpg"
    assert compute_path_key("a /b") == "a/b"
    assert compute_path_key("a/b") == "a/b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 한국어 …", "plain 한국어 …"),
        ("a\nb\r\t", "a\\x0ab\\x0d\\x09"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u2028b", "a\\u2028b"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("caf\udce9.jpg", "caf\\xe9.jpg"),
    ],
)
def test_what_would_break_a_line_or_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_long_lists_are_cut() -> None:
    assert name_some("abcde") == "a, b, c and 2 more"
    assert name_some("abc") == "a, b, c"
    assert shorten_faults("abc", limit=2) == ["a", "b", "… and 1 more like these"]
    assert shorten_faults("abc", limit=3) == ["a", "b", "c"]


@pytest.mark.parametrize("path", ["../a.jpg", "a/../../b.jpg", "a/..", "..", "/etc/a.jpg", "//a"])
def test_absolute_paths_and_those_that_climb_lead_outside(path: str) -> None:
    assert leads_outside(path)


@pytest.mark.parametrize("path", ["a.jpg", "a/b..c/..d.jpg", "...", "./a", "", "."])
def test_dots_in_names_lead_nowhere_else(path: str) -> None:
    assert not leads_outside(path)


def test_natural_order_knows_numbers() -> None:
    names = ["img10", "img2", "10", "2", "img02", "고양이"]
    assert sorted(names, key=natural_key) == ["2", "10", "img02", "img2", "img10", "고양이"]


def test_figures_that_are_not_known_are_a_dash() -> None:
    assert (format_figure(0.75432), format_figure(0.0), format_figure(None)) == (
        "0.754",
        "0.000",
        "–",
    )
    assert (format_interval((0.5, 1.0)), format_interval(None)) == ("0.500 to 1.000", "–")
