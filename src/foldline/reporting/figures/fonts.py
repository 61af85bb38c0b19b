"""Fonts for the user's own names, in whatever script: none becomes a row of boxes.

DejaVu Sans comes with matplotlib and has Latin, Greek and Cyrillic. For letters it lacks, such as
Korean, the installed fonts are searched; a text that no font can show is replaced.
"""

import logging
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.textpath import text_to_path

# matplotlib warns of every font without a regular weight, which the user can do nothing about
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

BASE = "DejaVu Sans"
# tried first, as they are made for reading; then any other font by name
PREFERRED = (
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "NanumGothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "AppleGothic",
    "Noto Sans CJK JP",
)
# a font that has a box for every letter there is
_BOXES = "lastresort"
ELLIPSIS = "…"
_NUMBER = 2.6  # width of the number of a class and a space, in ems


@dataclass(frozen=True)
class Lettering:
    """The fonts that a set of texts needs: `families` in the order they are tried for a letter."""

    families: tuple[str, ...]
    letters: frozenset[str]

    def show(self, text: str, otherwise: str, *, ems: float) -> str:
        """Return `text` on one line, no wider than `ems`; one too long loses its middle.

        Return `otherwise` instead where one of its letters is in none of the fonts.
        """
        line = to_line(text)
        is_drawn = line and self.letters.issuperset(line)
        return self._shorten(line if is_drawn else otherwise, ems)

    def show_all(self, names: Sequence[str], *, ems: float, what: str = "class") -> tuple[str, ...]:
        """Return `names` as labels no wider than `ems`, no two alike.

        A name that cannot be shown becomes its number, such as `class 3`; names that are cut to
        the same letters are numbered.
        """
        shown = [self.show(name, f"{what} {i}", ems=ems) for i, name in enumerate(names)]
        times = Counter(shown)
        return tuple(
            one if times[one] == 1 else f"{i} {self._shorten(one, ems - _NUMBER)}"
            for i, one in enumerate(shown)
        )

    def measure(self, text: str) -> float:
        """Return the width of `text` in ems, without kerning."""
        return sum(_measure_letter(letter, self.families) for letter in text)

    def _shorten(self, text: str, ems: float) -> str:
        if self.measure(text) <= ems:
            return text
        front, back = text[: len(text) // 2], text[len(text) // 2 :]
        while self.measure(front + ELLIPSIS + back) > ems and len(front) + len(back) > 1:
            front, back = (front[:-1], back) if len(front) > len(back) else (front, back[1:])
        return front.rstrip() + ELLIPSIS + back.lstrip()


def choose_lettering(texts: Iterable[str]) -> Lettering:
    """Choose installed fonts that together show as many letters of `texts` as can be shown."""
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
    """Return `text` with every run of blanks, line ends and control characters as one space."""
    spaced = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return " ".join(spaced.split())


def _list_families() -> Iterator[str]:
    """Yield every other installed family, the preferred ones first."""
    yield from _sort_families({entry.name for entry in font_manager.fontManager.ttflist})
    # matplotlib caches its list of fonts: here are those installed since
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


@lru_cache
def _letters_of_family(family: str) -> frozenset[str]:
    properties = FontProperties(family=[family])
    try:
        font = FT2Font(font_manager.findfont(properties, fallback_to_default=False))
        # bitmap fonts, as for emoji, cannot be drawn
        return frozenset(map(chr, font.get_charmap()) if font.scalable else ())
    except Exception:  # noqa: BLE001 - a broken font file is as good as none
        return frozenset()


@lru_cache(maxsize=4096)
def _measure_letter(letter: str, families: tuple[str, ...]) -> float:
    font = FontProperties(family=list(families), size=1)
    width, _, _ = text_to_path.get_text_width_height_descent(letter, font, ismath=False)
    return float(width)
