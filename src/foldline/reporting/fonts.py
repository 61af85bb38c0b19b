"""Fonts for the user's own words, in whatever script: no name becomes a row of boxes.

DejaVu Sans comes with matplotlib and has Latin, Greek and Cyrillic. For letters it lacks, such as
Korean, the fonts of the machine are searched; a text that no font can show is replaced.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

BASE = "DejaVu Sans"
# asked first, as they are drawn for reading; then any other font in the order of its name
PREFERRED = (
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "NanumGothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "AppleGothic",
    "Noto Sans CJK JP",
)
# shows a box for every letter there is
_BOXES = "lastresort"
ELLIPSIS = "…"


@dataclass(frozen=True)
class Lettering:
    """The fonts that a set of texts needs: `families` in the order they are asked for a letter."""

    families: tuple[str, ...]
    letters: frozenset[str]

    def show(self, text: str, otherwise: str) -> str:
        """`text` on one line; `otherwise` where a letter of it is in none of the fonts."""
        line = to_line(text)
        return line if line and self.letters.issuperset(line) else otherwise

    def show_all(
        self, names: Sequence[str], *, what: str = "class", cells: int = 28
    ) -> tuple[str, ...]:
        """`names` as labels of at most `cells` Latin letters each, no two alike.

        A name that cannot be shown becomes its number, such as `class 3`, and names that are cut
        to the same letters are numbered.
        """
        shown = [self.show(name, f"{what} {number}") for number, name in enumerate(names)]
        cut = [shorten(name, cells) for name in shown]
        return tuple(
            name if cut.count(name) == 1 else f"{number} {shorten(name, cells - 4)}"
            for number, name in enumerate(cut)
        )


def choose_lettering(texts: Iterable[str]) -> Lettering:
    """The fonts of this machine that together show as many letters of `texts` as can be shown."""
    wanted = {letter for text in texts for letter in to_line(text)}
    families = [BASE]
    shown = wanted & _letters_of_family(BASE)
    for family in _list_families() if wanted - shown else ():
        if more := (wanted - shown) & _letters_of_family(family):
            families.append(family)
            shown |= more
        if shown == wanted:
            break
    return Lettering(tuple(families), frozenset(shown))


def to_line(text: str) -> str:
    """`text` with every run of blanks, line ends and control characters as one space."""
    spaced = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return " ".join(spaced.split())


def shorten(text: str, cells: int) -> str:
    """`text` with its middle left out where it is wider than `cells` Latin letters."""
    if count_cells(text) <= cells:
        return text
    front, back = text, text
    while count_cells(front) > cells // 2:
        front = front[:-1]
    while count_cells(back) > cells - 1 - count_cells(front):
        back = back[1:]
    return front.rstrip() + ELLIPSIS + back.lstrip()


def count_cells(text: str) -> int:
    """Width of `text` in Latin letters: a Korean syllable is two wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _list_families() -> Iterator[str]:
    """Every other family of this machine, the preferred ones first."""
    yield from _sort_families({entry.name for entry in font_manager.fontManager.ttflist})
    # matplotlib remembers fonts from one day to the next: here are those installed since
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    new = set()
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            font_manager.fontManager.addfont(path)
        except Exception:  # noqa: BLE001 - a broken font file is as good as none
            continue
        new |= {entry.name for entry in font_manager.fontManager.ttflist if entry.fname == path}
    yield from _sort_families(new)


def _sort_families(names: Iterable[str]) -> list[str]:
    usable = {name for name in names if _BOXES not in name.lower().replace(" ", "")}
    preferred = [name for name in PREFERRED if name in usable]
    return [*preferred, *sorted(usable - {BASE, *preferred})]


def _letters_of_family(family: str) -> frozenset[str]:
    properties = font_manager.FontProperties(family=[family])
    try:
        path = font_manager.findfont(properties, fallback_to_default=False)
        return _letters_of_file(Path(path))
    except Exception:  # noqa: BLE001 - a broken font file is as good as none
        return frozenset()


@lru_cache
def _letters_of_file(path: Path) -> frozenset[str]:
    font = FT2Font(str(path))
    # pictures of letters in fixed sizes, as emoji have them, cannot be drawn
    return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()
