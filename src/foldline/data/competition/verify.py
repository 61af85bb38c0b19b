"""Check whether files are whole pictures: by header and end marker, or by reading everything."""

import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from foldline.cores import count_cores, map_in_processes
from foldline.data.picture_files import END_MARKERS, UnusablePictureError, open_picture

# cameras and editors append notes to a picture; most are no longer than this, in bytes
TAIL = 65_536
# with fewer pictures, starting processes takes longer than the checks
MIN_PICTURES = 2_000
CHUNK = 250
# what libjpeg says about pixels it has to guess; it also makes harmless remarks about headers
_DAMAGE = re.compile(r"(Corrupt JPEG data|Premature end of JPEG|Inconsistent progression).*")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a picture is not used: a `reason` to count by and a `detail` to read."""

    reason: str
    detail: str = ""


def check_pictures(
    root: Path,
    paths: Sequence[str],
    *,
    decode: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> dict[str, Fault]:
    """Check the pictures at `paths`, relative to `root`; return the faults, in that order.

    Large sets are split among as many processes as there are cores; decoding always happens in
    other processes. `advance` is called now and then with how many more are done.
    """
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    check = partial(_check_chunk, str(root), decode)
    num_processes = min(count_cores(), len(chunks)) if len(paths) >= MIN_PICTURES else 1
    if chunks and (decode or num_processes > 1):
        results: Iterator[dict[str, Fault]] = map_in_processes(
            check, chunks, num_processes, preload=[__name__]
        )
    else:
        results = map(check, chunks)
    faults: dict[str, Fault] = {}
    for chunk, found in zip(chunks, results, strict=True):
        faults.update(found)
        advance(len(chunk))
    return faults


def check_picture(path: str | Path, *, decode: bool = False) -> Fault | None:
    """Return why a file is not a whole picture that can be used, or None if it is one.

    The header must be that of a format in `FORMATS`, with an accepted mode and at most `MAX_PIXELS`
    pixels, and the end marker must be there, followed by whatever the camera added. With `decode`,
    all of the picture is read: a JPEG is checked by libjpeg's remarks, others by their checksums.
    While that lasts, nothing else may write to the standard error of this process.
    """
    try:
        # Pillow warns about odd headers; what matters is returned as a fault
        with warnings.catch_warnings(), open(path, "rb") as file:  # noqa: PTH123 - hot path
            warnings.simplefilter("ignore")
            return _check_file(file, decode=decode)
    except OSError as error:
        return Fault("unreadable", error.strerror or str(error))


def _check_chunk(root: str, decode: bool, paths: Sequence[str]) -> dict[str, Fault]:
    checked = ((path, check_picture(f"{root}/{path}", decode=decode)) for path in paths)
    return {path: fault for path, fault in checked if fault}


def _check_file(file: BinaryIO, *, decode: bool) -> Fault | None:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        return Fault("zero-byte")
    try:
        image = open_picture(file)
    except UnusablePictureError as error:
        return Fault(error.reason, error.detail)
    except Exception as error:  # noqa: BLE001 - Pillow raises anything on broken headers
        return Fault("unreadable", _first_line(error))
    # the header ends here, and with it any preview, which has an end marker of its own
    header_end = file.tell()
    end = END_MARKERS.get(image.format or "")
    if end and not _has_end(file, header_end, size, end):
        return Fault("truncated", f"no end marker in {size} bytes")
    return _check_pixels(file, image) if decode else None


def _check_pixels(file: BinaryIO, image: Image.Image) -> Fault | None:
    try:
        image.load()
        file.seek(0)
        if image.format != "JPEG":
            open_picture(file).verify()
            return None
    except Exception as error:  # noqa: BLE001 - Pillow raises anything on broken pixels
        return Fault("truncated" if "truncated" in str(error) else "unreadable", _first_line(error))
    remark = _listen_to_libjpeg(file.read())
    return Fault("damaged", remark) if remark else None


def _listen_to_libjpeg(content: bytes) -> str:
    """Return what libjpeg finds damaged in a JPEG, or "".

    It guesses missing pixels and says so on standard error; Pillow turns that off, OpenCV does not.
    """
    # imported here, as processes that only read headers start faster without them
    import cv2
    import numpy as np

    with tempfile.TemporaryFile() as heard:
        kept = os.dup(2)
        os.dup2(heard.fileno(), 2)
        try:
            # reads all data but computes as few pixels as possible
            cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        heard.seek(0)
        damage = _DAMAGE.search(heard.read().decode(errors="replace"))
    return damage[0] if damage else ""


def _has_end(file: BinaryIO, start: int, size: int, end: bytes) -> bool:
    """Return whether the marker `end` stands after byte `start`; the last bytes are tried first."""
    tail_start = max(start, size - TAIL)
    file.seek(max(tail_start, size - len(end)))
    if file.read() == end:
        return True
    file.seek(tail_start)
    if end in file.read():
        return True
    file.seek(start)
    return end in file.read()


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
