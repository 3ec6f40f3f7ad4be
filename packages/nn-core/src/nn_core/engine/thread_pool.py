"""Threads that share pieces of work.

NumPy lets other threads run while it computes, so threads with arrays of their own keep several
cores busy. The pieces never depend on the number of threads, and sums over pieces are taken in
the order of the pieces, so the bits of a result do not depend on the threads either.
"""

import contextlib
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from nn_core.registry import require

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


def available_threads() -> int:
    """The cores that this process may use, at most 4: more do not help."""
    if hasattr(os, "sched_getaffinity"):
        return min(4, len(os.sched_getaffinity(0)))
    return min(4, os.cpu_count() or 1)


class ThreadPool:
    """Threads that live as long as the pool is open, `with pool:`, which may be nested.

    Meanwhile the BLAS is limited to one thread: many small products side by side are faster
    than one after the other by all threads.

    count  threads that compute at the same time, the caller's among them; with 1 there are no
           others, and the BLAS is left alone
    """

    def __init__(self, count: int = 1) -> None:
        require(count >= 1, f"threads must be at least 1, not {count}")
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
                opening.enter_context(_one_blas_thread())
                self._pool = opening.enter_context(ThreadPoolExecutor(self.count - 1, "nn-core"))
                self._opened = opening.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._pool = None
            self._opened.close()

    @contextlib.contextmanager
    def reserved(self) -> Iterator[None]:
        """Meanwhile every call of `map` does its pieces in the calling thread."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def map(self, work: Callable[[int, int], None], pieces: int) -> None:
        """Call work(thread, piece) for every piece 0, 1, ...; a thread takes the next one left.

        Threads are numbered from 0, the caller's. A call from within `work` does all of its
        pieces in the calling thread. If `work` raises, no more pieces are begun, and once all
        threads have stopped, the error of the first failed piece is raised.
        """
        if self._pool is None or self._busy or pieces < 2:
            for piece in range(pieces):
                work(0, piece)
            return
        lock, left = threading.Lock(), iter(range(pieces))
        errors: dict[int, BaseException] = {}
        handling = np.geterr()  # each thread has its own

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

        with self.reserved():
            others = [self._pool.submit(take, i) for i in range(1, min(self.count, pieces))]
            take(0)
            for other in others:
                other.result()
        if errors:
            raise errors[min(errors)]


_controller: list[Any] = []


def _one_blas_thread() -> Any:
    """A context in which the BLAS has one thread; finding the BLAS takes a while, so once.

    Without threadpoolctl the BLAS cannot be limited: a warning, and the bits may depend on the
    number of threads.
    """
    if not _controller:
        try:
            from threadpoolctl import ThreadpoolController
        except ImportError:
            warnings.warn(
                "threadpoolctl is not installed, so the BLAS keeps its own threads beside ours; "
                "pip install threadpoolctl",
                RuntimeWarning,
                stacklevel=4,
            )
            return contextlib.nullcontext()
        _controller.append(ThreadpoolController())
    return _controller[0].limit(limits=1, user_api="blas")
