"""A thread pool that processes numbered pieces of work.

NumPy releases the GIL while it computes, so threads with separate arrays keep several cores busy.
The pieces never depend on the number of threads, and sums over pieces are computed in the order of
the pieces, so the bits of a result do not depend on the threads either.
"""

import contextlib
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from nn_core.registry import is_integer, require

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


def available_threads() -> int:
    """The number of cores available to this process, at most 4: more do not help."""
    if hasattr(os, "sched_getaffinity"):
        return min(4, len(os.sched_getaffinity(0)))
    return min(4, os.cpu_count() or 1)


def cores_for_each(processes: int) -> int:
    """The cores that each of several processes on this machine has; one that is bound to some has its share already."""
    total = os.cpu_count() or 1
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else total
    return own if own < total else max(1, total // processes)


class ThreadPool:
    """Threads that run while the pool is open, `with pool:`, which may be nested.

    While it is open, the BLAS is limited to one thread: many small products in parallel are faster
    than each product with all threads.

    count  number of threads, including the caller; with 1, there are no other threads, and the
           BLAS is not limited
    """

    def __init__(self, count: int = 1) -> None:
        require(is_integer(count, 1), f"threads must be an integer of at least 1, not {count!r}")
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
                opening.enter_context(one_blas_thread())
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
        """A context in which `map` runs all pieces in the calling thread."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def map(self, work: Callable[[int, int], None], pieces: int) -> None:
        """Call work(thread, piece) for every piece 0, 1, ...; idle threads take the next piece.

        Threads are numbered from 0, which is the caller. A nested call runs all of its pieces in
        the calling thread. If `work` raises, no more pieces are started, and after all threads have
        stopped, the error of the first failed piece is raised.
        """
        if self._pool is None or self._busy or pieces < 2:
            for piece in range(pieces):
                work(0, piece)
            return
        lock, left = threading.Lock(), iter(range(pieces))
        errors: dict[int, BaseException] = {}
        handling = np.geterr()  # np.errstate is local to a thread

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


def one_blas_thread(*, warn: bool = True) -> Any:
    """A context with a single BLAS thread. The BLAS is looked up once, since this is slow.

    Without threadpoolctl, the BLAS cannot be limited: warns that the bits may depend on the number
    of threads.
    """
    if not _controller:
        try:
            from threadpoolctl import ThreadpoolController
        except ImportError:
            if not warn:
                return contextlib.nullcontext()
            warnings.warn(
                "threadpoolctl is not installed, so the BLAS uses its own threads in addition to ours; "
                "pip install threadpoolctl",
                RuntimeWarning,
                stacklevel=4,
            )
            return contextlib.nullcontext()
        _controller.append(ThreadpoolController())
    return _controller[0].limit(limits=1, user_api="blas")
