"""Worker processes of comparisons: they end with their parent, and leave its signals to it."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import TypeVar

from threadpoolctl import threadpool_limits

from nn_core import plugins
from nn_core.errors import NNError
from nn_core.memory import chosen_memory_limit, set_memory_limit
from nn_core.signals import ENDING, raise_terminated
from nn_core.standard_streams import guard_streams
from nn_core.training.interruption import interruption

S = TypeVar("S")
R = TypeVar("R")


def map_in_workers(function: Callable[[S], R], arguments: Sequence[S], workers: int) -> Generator[R]:
    """The results in order, computed with one BLAS thread each by this process or by workers.

    workers  number of processes; 1 for this one
    Raises NNError if a worker dies. Workers end when this process does, even if it is killed.
    """
    if workers == 1:
        with threadpool_limits(1):
            yield from map(function, arguments)
        return
    context = multiprocessing.get_context("spawn")
    with contextlib.ExitStack() as stack:
        try:
            with _signals_left_to_parent():
                size, given = min(workers, len(arguments)), (plugins.loaded, chosen_memory_limit())
                pool = stack.enter_context(ProcessPoolExecutor(size, context, _begin_worker, given))
                futures = [pool.submit(function, each) for each in arguments]
            yield from (future.result() for future in futures)
        except BrokenProcessPool:
            raise NNError("a worker process died, perhaps out of memory; try --workers 1") from None
        except BaseException:
            for child in multiprocessing.active_children():
                child.kill()  # SIGTERM is blocked
            raise


@contextlib.contextmanager
def _signals_left_to_parent() -> Generator[None]:
    """Start processes that leave signals to the parent, which handles them once they have started."""
    with interruption(ENDING) as asked:
        if not hasattr(signal, "pthread_sigmask"):
            yield
        else:
            before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
            try:
                resource_tracker.ensure_running()  # a process, too; if it started later, it would reset the mask
                signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
                yield
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if asked():
        raise_terminated(asked())


def _begin_worker(names: Sequence[str], limit: int | None) -> None:
    threading.Thread(target=_end_with_parent, daemon=True, name="parent").start()
    guard_streams()
    threadpool_limits(1)
    set_memory_limit(limit)
    for name in names:
        plugins.load_plugin(name)


def _end_with_parent() -> None:
    """End this process when its parent ends, however it does: the system then closes a pipe between them."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
