"""Progress of long jobs, reported from where the work is done.

A program decides whether it is shown:

    with job("drawing synthetic hands", total=4000) as advance:
        ...
        advance(64)

Nothing is shown unless a program has a `Reporter`, or for jobs of less than a second.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sized
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from nn_core.progress_bar import Progress

BEAT = 0.1
"""Seconds between two looks at the clock."""
MEGABYTE = 10**6

QUIET, NORMAL, VERBOSE = -1, 0, 1

T_co = TypeVar("T_co", covariant=True)


class Items(Sized, Protocol[T_co]):
    """A list, an array, a range: anything with a length to iterate over."""

    def __iter__(self) -> Iterator[T_co]: ...


class Reporter:
    """What a program shows of its work on stderr, as a context.

    verbosity  QUIET: errors only; NORMAL; VERBOSE: a line for every epoch, settings, and where time went
    started    when the program started, by time.monotonic()
    last       time of the last output
    seconds    of the jobs that are done, by name; jobs within jobs are not counted

    A job within another one is not shown.
    """

    def __init__(self, verbosity: int = NORMAL) -> None:
        self.verbosity = verbosity
        self.started = self.last = time.monotonic()
        self.seconds: dict[str, float] = {}
        self.active: Progress | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._token = _reporter.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _reporter.reset(self._token)
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    @contextlib.contextmanager
    def show(self, total: int | None, what: str, name: str, **settings: Any) -> Iterator[Progress]:
        """The progress of a job while the block runs."""
        is_outer = self.active is None
        shown = is_outer and self.verbosity > QUIET
        progress = Progress(total, what, shown=shown, since=self.last, every=self.verbosity == VERBOSE, **settings)
        if is_outer:
            self.active = progress
            self._watch()
        try:
            yield progress
        finally:
            progress.close()
            if is_outer:
                self.active = None
                self.last = max(self.last, progress.last)
                self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - progress.started

    def _watch(self) -> None:
        if self._thread is None and self.verbosity > QUIET:
            self._thread = threading.Thread(target=self._beat, daemon=True, name="progress")
            self._thread.start()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            progress = self.active
            if progress is not None:
                progress.beat(time.monotonic())


_reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)


def reporter() -> Reporter | None:
    """The reporter of the program; None in a library, a worker process, or a thread."""
    return _reporter.get()


@contextlib.contextmanager
def job(what: str, total: int | None = None, *, unit: str = "") -> Iterator[Callable[[int], None]]:
    """Tell the program's reporter of a job; yields a function that counts what is done.

    what   such as "reading photos"
    total  None if it is not known
    unit   of what is counted, such as "MB"
    """
    found = reporter()
    if found is None:
        yield _ignore
        return
    with found.show(total, what, what, unit=unit, steady=False) as progress:
        yield progress.advance


def track(items: Items[T_co], what: str) -> Iterator[T_co]:
    """Iterate over items, as a job that counts them."""
    with job(what, len(items)) as advance:
        for item in items:
            yield item
            advance(1)


@contextlib.contextmanager
def counting(total: int, what: str, *, name: str = "", done: int = 0, leave: bool = False) -> Iterator[Progress]:
    """The progress of units that are shown one by one, such as epochs; in a library as well.

    name  of the job, where the reporter adds up its time; `what` by default
    """
    found = reporter()
    if found is not None:
        with found.show(total, what, name or what, done=done, leave=leave) as progress:
            yield progress
    else:
        with contextlib.closing(Progress(total, what, done=done, leave=leave)) as progress:
            yield progress


def _ignore(count: int) -> None:
    """Count nothing."""
