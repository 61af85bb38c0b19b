"""Is a file a whole picture? Judged by its header and end marker, or by reading all of it."""

import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from foldline.cores import count_cores

# what can be turned into RGB without inventing colours
ACCEPTED_MODES = frozenset({"RGB", "RGBA", "L", "LA", "P", "1"})
# larger than any competition's pictures; decoding one would take 200 MB and more
MAX_PIXELS = 64_000_000
# cameras and editors leave notes behind the end of a picture; most fit in here, in bytes
TAIL = 65_536
JPEG_END = b"\xff\xd9"
PNG_END = b"IEND\xae\x42\x60\x82"
# below this many pictures starting processes takes longer than the checks
MIN_PICTURES_FOR_PROCESSES = 2_000
CHUNK = 250
# first bytes of files that people rename to .jpg
OTHER_FORMATS = {b"GIF8": "GIF", b"RIFF": "WebP", b"BM": "BMP", b"<": "HTML or XML"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a picture is not used: `reason` to count by, `detail` to read."""

    reason: str
    detail: str = ""


def check_pictures(
    root: Path,
    paths: Sequence[str],
    *,
    decode: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> dict[str, Fault]:
    """Check the pictures at `paths`, relative to `root`; gives the faulty ones, in that order.

    Large sets are shared by as many processes as there are cores. `advance` is told, from time to
    time, how many more are done.
    """
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    check = partial(_check_chunk, str(root), decode)
    faults: dict[str, Fault] = {}
    for chunk, found in zip(chunks, _map(check, chunks, len(paths)), strict=True):
        faults.update(found)
        advance(len(chunk))
    return faults


def check_picture(path: str | Path, *, decode: bool = False) -> Fault | None:
    """Check one file; None if it is a whole picture that can be used.

    The header must be that of a JPEG or PNG of an accepted mode and at most `MAX_PIXELS` pixels,
    and the end marker must be there, followed by whatever the camera added. With `decode` the
    picture is also read whole.
    """
    try:
        # Pillow grumbles about odd headers in warnings; what matters comes back as a fault
        with warnings.catch_warnings(), open(path, "rb") as file:  # noqa: PTH123 - hot path
            warnings.simplefilter("ignore")
            return _check_file(file, decode=decode)
    except OSError as error:
        return Fault("unreadable", error.strerror or str(error))


def _map(
    check: Callable[[Sequence[str]], dict[str, Fault]], chunks: Sequence[Sequence[str]], total: int
) -> Iterable[dict[str, Fault]]:
    """`map(check, chunks)`, over several processes where that is faster."""
    num_processes = min(count_cores(), len(chunks))
    if total < MIN_PICTURES_FOR_PROCESSES or num_processes < 2:
        return map(check, chunks)
    return _map_in_processes(check, chunks, num_processes)


def _map_in_processes(
    check: Callable[[Sequence[str]], dict[str, Fault]],
    chunks: Sequence[Sequence[str]],
    num_processes: int,
) -> Iterator[dict[str, Fault]]:
    # not fork: the progress bar and numpy have threads running, which fork would leave half-alive
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(num_processes, context, initializer=_ignore_interrupt) as pool:
        try:
            yield from pool.map(check, chunks)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _ignore_interrupt() -> None:
    """Leave Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _check_chunk(root: str, decode: bool, paths: Sequence[str]) -> dict[str, Fault]:
    faults = {}
    for path in paths:
        fault = check_picture(f"{root}/{path}", decode=decode)
        if fault:
            faults[path] = fault
    return faults


def _check_file(file: BinaryIO, *, decode: bool) -> Fault | None:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        return Fault("zero-byte")
    image = _open_header(file)
    if isinstance(image, Fault):
        return image
    # the header ends here, and with it any preview that has an end marker of its own
    header_end = file.tell()
    if not _has_end(file, header_end, size, PNG_END if image.format == "PNG" else JPEG_END):
        return Fault("truncated", f"no end marker in {size} bytes")
    return _check_pixels(image) if decode else None


def _open_header(file: BinaryIO) -> Image.Image | Fault:
    """The picture with its size and mode known and its pixels not read, or what forbids it."""
    try:
        image = Image.open(file, formats=("JPEG", "PNG"))
    except UnidentifiedImageError:
        return _explain_unidentified(file)
    except Image.DecompressionBombError:
        return Fault("too large", f"more than {MAX_PIXELS // 1_000_000} megapixels")
    except Exception as error:  # noqa: BLE001 - Pillow raises of every kind on broken headers
        return Fault("unreadable", _first_line(error))
    width, height = image.size
    if width * height > MAX_PIXELS:
        return Fault("too large", f"{width} x {height} pixels")
    if image.mode not in ACCEPTED_MODES:
        return Fault("wrong mode", image.mode)
    return image


def _check_pixels(image: Image.Image) -> Fault | None:
    try:
        image.load()
    except Exception as error:  # noqa: BLE001 - Pillow raises of every kind on broken pixels
        return Fault("truncated" if "truncated" in str(error) else "unreadable", _first_line(error))
    return None


def _has_end(file: BinaryIO, start: int, size: int, end: bytes) -> bool:
    """Whether the marker `end` comes after byte `start`: in the last bytes, or anywhere."""
    tail_start = max(start, size - TAIL)
    file.seek(max(tail_start, size - len(end)))
    if file.read() == end:
        return True
    file.seek(tail_start)
    if end in file.read():
        return True
    file.seek(start)
    return end in file.read()


def _explain_unidentified(file: BinaryIO) -> Fault:
    file.seek(0)
    first = file.read(4)
    for magic, name in OTHER_FORMATS.items():
        if first.startswith(magic):
            return Fault("unreadable", f"looks like {name}; JPEG or PNG is expected")
    if first.startswith((b"\xff\xd8", b"\x89PNG")):
        return Fault("unreadable", "its header is broken or cut off")
    return Fault("unreadable", "not a JPEG or PNG")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
