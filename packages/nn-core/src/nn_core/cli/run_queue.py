"""The queue of a sweep: every run is computed once, wherever; a lost worker costs its running runs only."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from nn_core import plugins
from nn_core.cli.data_bundle import SourceFiles
from nn_core.cli.execution import Execution
from nn_core.cli.executors.worker import RemoteFunction, WorkerSetup
from nn_core.cli.settings import Settings
from nn_core.errors import NNError

S = TypeVar("S", bound=Settings)
S_contra = TypeVar("S_contra", contravariant=True)
R = TypeVar("R")

MOST_DEATHS = 3
"""Workers that may die at the same run, one after the other."""
PAUSE = 0.1
"""Seconds between two looks at what other processes have done."""


class Record(Protocol[S_contra, R]):
    """What remembers finished runs: a journal, or nothing."""

    def found(self, settings: S_contra) -> R | None:
        """The result of a run that is finished; None if it is not."""

    def claim(self, settings: S_contra) -> bool:
        """Reserve a run; False if another process computes it."""

    def add(self, settings: S_contra, result: R) -> None:
        """Record a result and end the reservation."""


class NoRecord(Record[S, R]):
    """Remembers nothing."""

    def found(self, settings: S) -> R | None:
        return None

    def claim(self, settings: S) -> bool:
        return True

    def add(self, settings: S, result: R) -> None:
        pass


@dataclass
class Computer:
    """Where calls are computed.

    executor  in the form of `concurrent.futures`
    slots     number of calls that it should have at a time; may change
    function  what to call with settings
    lost      errors of a call whose worker died
    """

    executor: Executor
    slots: Callable[[], int]
    function: Callable[[Any], Any]


def compute(
    function: Callable[[S], R], runs: Sequence[S], execution: Execution, record: Record[S, R]
) -> Generator[tuple[S, R]]:
    """Each of the runs with its result, in the order in which they are finished.

    function  an importable function of settings, or a partial of one
    runs      without duplicates
    Raises NNError if workers die at the same run again and again, or the scheduler is lost; the error of a run.
    """
    waiting: deque[S] = deque()
    for settings in runs:
        result = record.found(settings)
        if result is None:
            waiting.append(settings)
        else:
            yield settings, result
    if not waiting:
        return
    if execution.is_here:
        yield from _compute_here(function, waiting, record)
        return
    with _computer(function, runs, execution, len(waiting)) as computer:
        yield from _compute_there(computer, waiting, record)


def _compute_here(function: Callable[[S], R], waiting: deque[S], record: Record[S, R]) -> Iterator[tuple[S, R]]:
    with threadpool_limits(1):
        refused = 0
        while waiting:
            settings = waiting.popleft()
            claimed = record.claim(settings)
            result = record.found(settings)
            if result is None and not claimed:
                waiting.append(settings)
                refused += 1
                if refused >= len(waiting):  # the others are all computed elsewhere
                    time.sleep(PAUSE)
                    refused = 0
                continue
            refused = 0
            if result is None:
                result = function(settings)
                record.add(settings, result)
            yield settings, result


def _compute_there(computer: Computer, waiting: deque[S], record: Record[S, R]) -> Iterator[tuple[S, R]]:
    running: dict[Future[R], S] = {}
    deaths: dict[S, int] = {}
    while waiting or running:
        for settings, result in _start(computer, waiting, running, record):
            yield settings, result
        if not running:
            if waiting:
                time.sleep(PAUSE)
            continue
        done, _ = wait(running, timeout=PAUSE if waiting else None, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=list(running).index):
            settings = running.pop(future)
            try:
                result = future.result()
            except BrokenProcessPool:
                deaths[settings] = deaths.get(settings, 0) + 1
                if deaths[settings] >= MOST_DEATHS:
                    words = f"{MOST_DEATHS} worker processes died at the same run, perhaps out of memory"
                    raise NNError(f"{words}; try --workers 1") from None
                waiting.appendleft(settings)
                continue
            record.add(settings, result)
            yield settings, result


def _start(
    computer: Computer, waiting: deque[S], running: dict[Future[R], S], record: Record[S, R]
) -> Iterator[tuple[S, R]]:
    """Start as many runs as there are free slots; yields those that others have finished meanwhile."""
    for _ in range(len(waiting)):
        if len(running) >= computer.slots():
            return
        settings = waiting.popleft()
        claimed = record.claim(settings)
        result = record.found(settings)
        if result is not None:
            yield settings, result
        elif claimed:
            running[computer.executor.submit(computer.function, settings)] = settings
        else:
            waiting.append(settings)


@contextlib.contextmanager
def _computer(function: Callable[[S], R], runs: Iterable[S], execution: Execution, count: int) -> Iterator[Computer]:
    """Start, or connect to, what computes."""
    if execution.scheduler is None and not execution.mpi:
        from nn_core.cli.executors.local import LocalProcesses

        slots = min(execution.workers, count)
        with LocalProcesses(slots, WorkerSetup.of_this_process()) as executor:
            yield Computer(executor, lambda: slots, function)
        return
    sources = SourceFiles.of(runs, plugins.loaded)
    setup, remote = WorkerSetup.of_this_process(sources), RemoteFunction(function, sources.content_hash)
    if execution.mpi:
        from nn_core.cli.executors.mpi import mpi_executor

        with mpi_executor(setup) as (executor, ranks):
            yield Computer(executor, lambda: ranks, remote)
        return
    from nn_core.cli.executors.dask import dask_executor, slots_of

    with dask_executor(execution.scheduler or "", setup) as (executor, client):
        yield Computer(executor, lambda: slots_of(client), remote)
