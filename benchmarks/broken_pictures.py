"""How many damaged JPEGs `data.verify=decode` finds, and how many whole ones it takes for damaged.

.venv/bin/foldline sample
.venv/bin/python benchmarks/broken_pictures.py inputs/sample/train --pictures 200
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from foldline.data.competition.verify import check_picture
from foldline.data.picture_files import END_MARKERS

Damage = Callable[[bytes, np.random.Generator], bytes]


def cut(content: bytes, random: np.random.Generator) -> bytes:
    return content[: _draw_place(content, random, 2)] + END_MARKERS["JPEG"]


def blank(content: bytes, random: np.random.Generator) -> bytes:
    """4 KiB of zeros, or half of the data where there is less."""
    length = min(4096, (len(content) - _find_data(content)) // 2)
    place = _draw_place(content, random, length)
    return content[:place] + bytes(length) + content[place + length :]


def lose(content: bytes, random: np.random.Generator) -> bytes:
    place = _draw_place(content, random, 64)
    return content[:place] + content[place + 64 :]


DAMAGES: dict[str, Damage] = {
    "whole": lambda content, random: content,
    "9 bytes behind the end": lambda content, random: content + bytes(9),
    "cut, end marker added": cut,
    "4 KiB zeroed": blank,
    "64 bytes lost": lose,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of JPEGs, at any depth")
    parser.add_argument("--pictures", type=int, default=200)
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.rglob("*.jpg"))
    usable = [path for path in paths if check_picture(path) is None]
    sets = {"as they are": [path.read_bytes() for path in usable[: arguments.pictures]]}
    options = {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}
    for option in options:
        sets[str(option)] = [_encode(one, **option) for one in sets["as they are"]]
    for name, contents in sets.items():
        print(f"{name}: {len(contents)} pictures")
        for damage, apply in DAMAGES.items():
            random = np.random.default_rng(0)
            started = time.perf_counter()
            faults = [_is_found(apply(content, random)) for content in contents]
            each = (time.perf_counter() - started) / len(contents) * 1e3
            print(f"  {damage:<24}{sum(faults):>4} found{each:>8.1f} ms each")


def _is_found(content: bytes) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(content)
        file.flush()
        return check_picture(file.name, decode=True) is not None


def _encode(content: bytes, **options: int) -> bytes:
    stream = io.BytesIO()
    Image.open(io.BytesIO(content)).save(stream, "JPEG", quality=85, **options)
    return stream.getvalue()


def _find_data(content: bytes) -> int:
    """Where the first scan's data begins."""
    start = 2
    while content[start + 1] != 0xDA:
        start += 2 + int.from_bytes(content[start + 2 : start + 4], "big")
    return start + 2 + int.from_bytes(content[start + 2 : start + 4], "big")


def _draw_place(content: bytes, random: np.random.Generator, length: int) -> int:
    return int(random.integers(_find_data(content), len(content) - length - 2))


if __name__ == "__main__":
    main()
