"""Names: when two spellings are one name, and how names are sorted and printed."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# these can make a terminal show text in another order than it is written
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def compute_name_key(name: str) -> str:
    """Return what all spellings of a name share: composed (NFC), without blanks around it.

    This is the one rule for when two names are the same, wherever they come from. macOS stores é
    and 한 decomposed, others composed; files are opened by their spelling on disk.
    """
    # most names are ASCII, which is composed already
    return name.strip() if name.isascii() else unicodedata.normalize("NFC", name).strip()


def compute_path_key(path: str) -> str:
    """Return what all spellings of a path share: the key of each of its parts."""
    if path.isascii() and " " not in path:
        return path
    return "/".join(map(compute_name_key, path.split("/")))


def has_control_characters(text: str) -> bool:
    """Return whether `text` would break a line, a table or a terminal that shows it."""
    return _CONTROL.search(text) is not None


def leads_outside(path: str) -> bool:
    """Return whether `path`, which must stay below some folder, may leave it: absolute or by `..`.

    For paths in content and settings. Links do not count: whoever put one there meant it.
    """
    return path.startswith("/") or ".." in path.split("/")


def escape(text: str) -> str:
    """Return `text` on one line, with control characters and bytes that are not UTF-8 escaped."""
    if text.isascii() and text.isprintable():
        return text
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _DIRECTIONS.sub(_write_code, _CONTROL.sub(_write_code, decoded))


def natural_key(text: str) -> tuple[list[str | int], str]:
    """Return a key that sorts numbers in names by value: img2 before img10."""
    pieces = re.split(r"([0-9]+)", text)
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], text


def name_some(names: Iterable[str], *, limit: int = 3) -> str:
    """Return `a, b, c and 4 more`."""
    listed = list(names)
    text = ", ".join(listed[:limit])
    return text if len(listed) <= limit else f"{text} and {len(listed) - limit} more"


def join_words(words: Sequence[str], joint: str = "or") -> str:
    """Return `a, b or c`."""
    return f" {joint} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def count_of(number: int, noun: str) -> str:
    """Return `1 run`, or `2 runs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def format_figure(value: float | None) -> str:
    """Return `0.754`, or – for what is not known."""
    return "–" if value is None else f"{value:.3f}"


def format_interval(interval: tuple[float, float] | None) -> str:
    """Return `0.711 to 0.797`, or – for what is not known."""
    return f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "–"


def count_and_name(names: Sequence[str]) -> str:
    """Return `7 (a, b, c and 4 more)`."""
    return f"{len(names)} ({name_some(names)})"


def shorten_faults(faults: Sequence[str], *, limit: int = 10) -> list[str]:
    """Return the first faults, and a line saying how many more there are."""
    more = [f"… and {len(faults) - limit} more like these"] if len(faults) > limit else []
    return [*faults[:limit], *more]


def _write_code(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
