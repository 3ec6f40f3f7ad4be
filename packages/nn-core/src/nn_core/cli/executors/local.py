"""Local worker processes: they end with their parent, leave its signals to it, and die alone."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import Any, Self, TypeVar

from nn_core.cli.executors.worker import WorkerSetup
from nn_core.signals import ENDING, raise_terminated
from nn_core.standard_streams import guard_streams
from nn_core.training.interruption import interruption

R = TypeVar("R")


class LocalProcesses(Executor):
    """Worker processes, each a pool of its own, so that a future fails only if its own worker dies.

    slots  number of processes; no more futures than this may be pending
    """

    def __init__(self, slots: int, setup: WorkerSetup) -> None:
        self.slots, self._setup = slots, setup
        self._context = multiprocessing.get_context("spawn")
        self._idle: list[ProcessPoolExecutor] = []
        self._all: list[ProcessPoolExecutor] = []

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Start a call in an idle worker, or in a new one. The future raises BrokenProcessPool if the worker dies."""
        with _signals_left_to_parent():
            try:
                pool = self._idle.pop() if self._idle else self._new()
                future = pool.submit(fn, *args, **kwargs)
            except BrokenProcessPool:  # it died while it was idle
                pool = self._new()
                future = pool.submit(fn, *args, **kwargs)
        future.add_done_callback(lambda done: self._put_back(pool, done))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers."""
        for pool in self._all:
            pool.shutdown(wait, cancel_futures=cancel_futures)

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            for child in multiprocessing.active_children():
                child.kill()  # SIGTERM is blocked
        self.shutdown()

    def __enter__(self) -> Self:
        return self

    def _new(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(1, self._context, _begin_worker, (self._setup,))
        self._all.append(pool)
        return pool

    def _put_back(self, pool: ProcessPoolExecutor, done: "Future[Any]") -> None:
        if done.cancelled() or not isinstance(done.exception(), BrokenProcessPool):
            self._idle.append(pool)


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


def _begin_worker(setup: WorkerSetup) -> None:
    threading.Thread(target=_end_with_parent, daemon=True, name="parent").start()
    guard_streams()
    setup()


def _end_with_parent() -> None:
    """End this process when its parent ends, however it does: the system then closes a pipe between them."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
