"""Threads that share out pieces of work.

NumPy lets other threads run while it computes, so threads with arrays of their own keep several
cores busy. What the pieces are is never a matter of how many threads there are, and sums over
pieces are taken in the pieces' order: so the bits of a result do not depend on the threads.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from nn_core.registry import require

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


def available_threads() -> int:
    """The cores that this process may use, at most 4: more have nothing to do."""
    if hasattr(os, "sched_getaffinity"):
        return min(4, len(os.sched_getaffinity(0)))
    return min(4, os.cpu_count() or 1)


class ThreadPool:
    """Threads that live as long as somebody is within `with crew:`, which may be nested.

    Meanwhile the BLAS keeps to one thread each: many small products side by side are faster
    than one after the other by all threads.

    count  how many work at the same time, the caller's thread among them; with 1 there are no
           others, and the BLAS is left alone
    """

    def __init__(self, count: int = 1) -> None:
        require(count >= 1, f"there is no work without a thread: {count}")
        self.count = count
        self._depth = 0
        self._pool: ThreadPoolExecutor | None = None
        self._opened = contextlib.ExitStack()
        self._busy = False

    def __enter__(self) -> Self:
        self._depth += 1
        if self._depth == 1 and self.count > 1:
            from concurrent.futures import ThreadPoolExecutor

            with contextlib.ExitStack() as opening:
                opening.enter_context(_blas().limit(limits=1, user_api="blas"))
                self._pool = opening.enter_context(ThreadPoolExecutor(self.count - 1, "nn-core"))
                self._opened = opening.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._pool = None
            self._opened.close()

    def map(self, work: Callable[[int, int], None], pieces: int) -> None:
        """Call work(thread, piece) for every piece 0, 1, ...; a thread takes the next one left.

        Threads are numbered from 0, the caller's. Whoever calls this within `work` does all
        pieces alone. If `work` raises, no more pieces are begun, and once all threads rest, the
        error of the first of the pieces that failed goes on to the caller.
        """
        if self._pool is None or self._busy or pieces < 2:
            for piece in range(pieces):
                work(0, piece)
            return
        lock, left = threading.Lock(), iter(range(pieces))
        errors: dict[int, BaseException] = {}
        handling = np.geterr()  # which each thread has for itself

        def take(thread: int) -> None:
            with np.errstate(**handling):
                while not errors:
                    with lock:
                        piece = next(left, None)
                    if piece is None:
                        return
                    try:
                        work(thread, piece)
                    except BaseException as error:  # noqa: BLE001 - raised again by the caller
                        errors[piece] = error

        self._busy = True
        try:
            others = [self._pool.submit(take, i) for i in range(1, min(self.count, pieces))]
            take(0)
            for other in others:
                other.result()
        finally:
            self._busy = False
        if errors:
            raise errors[min(errors)]


_found: list[Any] = []


def _blas() -> Any:
    """What limits the threads of the BLAS; looking for it takes a while, so once."""
    if not _found:
        from threadpoolctl import ThreadpoolController

        _found.append(ThreadpoolController())
    return _found[0]
