"""How many cores there are to compute with, and how to spread work over them."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    num_processes: int,
    *,
    preload: Sequence[str] = (),
) -> Iterator[Result]:
    """Yield the results in order; after an error, or Ctrl-C, nothing more is begun.

    The modules in `preload` are imported once, by the process that the others are forked from;
    they must not start threads.
    """
    # not fork: the progress bar and numpy run threads, which a fork would leave half-alive
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload([*preload])
    with ProcessPoolExecutor(num_processes, context, initializer=_ignore_interrupt) as pool:
        try:
            yield from pool.map(function, items)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _ignore_interrupt() -> None:
    """Leave Ctrl-C to the main process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
