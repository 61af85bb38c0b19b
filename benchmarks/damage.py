"""Files damaged at random, in the ways in which disks, editors and hands damage them."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

Random = np.random.Generator

# cells and values that have the wrong type, range or shape, or that a terminal would obey
CELLS = (
    *("", " ", "nan", "NaN", "inf", "-inf", "1e400", "-1", "99", "1.0", "0x1", "1_0", "9" * 400),
    *("a,b", 'a"b', '"', "'", "a\nb", "a\rb", "\0", "\x1b[2J", "../x", "/etc/passwd", "x" * 300),
    *("é", "e\u0301", "\u202ea", "٣", "=1+1", "#", "null", "true", "[]", "{}"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**400, 1e308, float("nan"), float("inf"), float("-inf")),
    *("", "nan", "1", "x" * 300, "\0", "../x", [], [[]], {}, {"": {}}, [1, 2, 3]),
)


def damage_bytes(random: Random, content: bytes) -> bytes:
    """Return the bytes cut, flipped, doubled, filled, emptied or in another encoding."""
    at = int(random.integers(0, len(content) + 1))
    length = int(random.integers(1, 65))
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: content[:at],
        lambda: content[at:],
        lambda: content[:at] + content[at + length :],
        lambda: content[:at] + bytes(length) + content[at + length :],
        lambda: content[:at] + random.bytes(length) + content[at + length :],
        lambda: content[:at] + bytes([int(random.integers(0, 256))]) + content[at + 1 :],
        lambda: content[:at] + content[at : at + length] * 2 + content[at + length :],
        lambda: content * 2,
        lambda: b"",
        lambda: b"\xef\xbb\xbf",
        lambda: b"\xef\xbb\xbf" + content,
        lambda: bytes(len(content)),
        lambda: content.replace(b"\n", b"\r"),
        lambda: content.decode("utf-8", "replace").encode("utf-16"),
        lambda: content.decode("utf-8", "replace").encode("cp949", "replace"),
    )
    damaged: bytes = _choose(random, ways)()
    return damaged


def damage_cells(random: Random, content: bytes) -> bytes:
    """Return the table with a cell, row or column that is wrong, missing, doubled or moved."""
    rows = [line.split(",") for line in content.decode("utf-8", "replace").splitlines()] or [[""]]
    row, other = (int(random.integers(0, len(rows))) for _ in range(2))
    column = int(random.integers(0, len(rows[row])))
    cell = _choose(random, CELLS)
    ways: tuple[Callable[[], Any], ...] = (
        lambda: rows[row].__setitem__(column, cell),
        lambda: rows[row].insert(column, cell),
        lambda: rows[row].pop(column),
        lambda: rows.insert(row, list(rows[other])),
        lambda: rows.pop(row),
        rows.reverse,
        lambda: rows.__setitem__(
            slice(None), [line[: column + 1] + line[column:] for line in rows]
        ),
        lambda: rows.__setitem__(
            slice(None), [line[:column] + line[column + 1 :] for line in rows]
        ),
        lambda: rows.__setitem__(slice(1, None), []),
    )
    _choose(random, ways)()
    return "\n".join(",".join(line) for line in rows).encode("utf-8", "replace") + b"\n"


def damage_json(random: Random, content: bytes) -> bytes:
    """Return the JSON, of one or several lines, with one of its values wrong, missing or added."""
    lines = content.decode().splitlines() if content.count(b"\n{") else [content.decode()]
    number = int(random.integers(0, len(lines)))
    value = json.loads(lines[number])
    places = list(_walk(value))
    holder, key = places[int(random.integers(0, len(places)))] if places else ([value], 0)
    if random.random() < 0.2:
        del holder[key]
    else:
        holder[key] = _choose(random, VALUES)
    lines[number] = json.dumps(value)
    return "\n".join(lines).encode() + b"\n"


@contextmanager
def damaged(random: Random, path: Path) -> Iterator[None]:
    """Damage the file while the block lasts; it may be gone, or a folder, meanwhile."""
    before = path.read_bytes()
    ways: list[Callable[[Random, bytes], bytes]] = [damage_bytes]
    if path.suffix == ".csv":
        ways += [damage_cells, damage_cells]
    if path.suffix in (".json", ".jsonl"):
        ways += [damage_json, damage_json]
    chance = random.random()
    path.unlink()
    if chance < 0.05:
        path.mkdir()
    elif chance > 0.1:
        path.write_bytes(_choose(random, ways)(random, before))
    try:
        yield
    finally:
        if path.is_dir():
            shutil.rmtree(path)
        path.write_bytes(before)


def _walk(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value in a value."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _walk(value[key])


def _choose(random: Random, choices: Any) -> Any:
    return choices[int(random.integers(0, len(choices)))]
