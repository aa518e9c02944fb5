"""Processes that share a long piece of work, and end with it.

Why: Ctrl-C reaches every process of a terminal, SIGTERM the first alone. In both cases the first decides what it means,
and nobody goes on working for a command that has ended. It must not know the work.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

__all__ = ["workers"]


@contextmanager
def workers(count: int, prepare: Callable[..., None] | None = None, *given: Any) -> Iterator[ProcessPoolExecutor]:
    """A pool of so many processes, each prepared first. An interruption ends them at once; what waits is not begun."""
    pool = ProcessPoolExecutor(count, initializer=_begin, initargs=(prepare, given))
    try:
        yield pool
    except KeyboardInterrupt:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(prepare: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if prepare is not None:
        prepare(*given)
