"""Progress of long jobs on stderr: a bar on a terminal or in a notebook, otherwise lines.

Work that takes long says so where it is done, and a program decides whether it is shown:

    with job("drawing synthetic hands", total=4000) as advance:
        ...
        advance(64)

Nothing is shown unless a program has a `Reporter`, or for jobs of less than a second.
"""

import contextlib
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sized
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

BAR_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}{postfix}]"
CLOCK_FORMAT = "{desc} [{elapsed}]"
"""Of a job of unknown length."""
PATIENCE = 0.8
"""Seconds without output before a job is shown."""
BEAT = 0.1
"""Seconds between two looks at the clock."""
FEW = 20
"""Up to this many units, each has a line; more have one per 10%."""

MEGABYTE = 10**6

REDRAW = 0.5
"""Seconds between two drawings of a bar that does not move."""

QUIET, NORMAL, VERBOSE = -1, 0, 1

T_co = TypeVar("T_co", covariant=True)


class Items(Sized, Protocol[T_co]):
    """A list, an array, a range: anything with a length to iterate over."""

    def __iter__(self) -> Iterator[T_co]: ...


class Progress:
    """Count to `total`: a bar on a terminal or in a notebook, otherwise lines such as "run 7/12".

    total   None if it is not known
    what    what is counted, or done
    unit    of the numbers, such as "MB"
    steady  a line for each unit, or per 10% of more than FEW; otherwise lines and bar appear only after
            PATIENCE seconds without other output
    leave   whether the bar stays after `close`; its lines are not printed then
    every   whether each unit has a line, however many
    shown   whether anything is printed
    since   the time of the last output, by time.monotonic()
    Without tqdm, it always prints lines.
    """

    def __init__(
        self,
        total: int | None,
        what: str,
        *,
        unit: str = "",
        done: int = 0,
        steady: bool = True,
        leave: bool = False,
        every: bool = False,
        shown: bool = True,
        since: float | None = None,
    ) -> None:
        self.total, self.what, self.unit, self.steady, self.leave = total, what, unit, steady, leave
        self.every, self.shown = every, shown
        self.started = time.monotonic()
        self.last = self.started if since is None else since
        self.done = done
        self.position: float = done
        self._written = -1.0
        self._describe: Callable[[], str] = str
        self._lock = threading.RLock()
        self.bar: Any = None
        if steady:
            self._open_bar()

    def advance(self, count: int = 1, describe: Callable[[], str] = str) -> None:
        """Count units that are done; `describe` is called only if something is printed."""
        before, self.done = self.done, self.done + count
        self.position = self.done
        self._describe = describe
        if not self.shown:
            return
        is_due = self.steady and self._is_due(before)
        if self.bar is not None:
            with self._lock:
                self._move_bar()
                if is_due and not self.leave and (words := describe()):
                    self.bar.write(f"{self._count()}  {words}", file=sys.stderr)
        elif is_due:
            self._write(describe())

    def move(self, position: float) -> None:
        """Set the position between two units: 2.6 of 12 epochs."""
        self.position = position
        if self.bar is not None and self.shown:
            self._move_bar()

    def beat(self, now: float) -> None:
        """Show that the work goes on, if nothing was printed for long. Called every BEAT seconds, by a thread."""
        if not self.shown:
            return
        with self._lock:
            if self.bar is None and now - self.last >= PATIENCE:
                self._open_bar()
            if self.bar is not None:
                if now - self.last >= REDRAW:
                    self.bar.refresh()
                    self.last = now
            elif now - self.last >= max(PATIENCE, (now - self.started) / 60):
                elapsed = now - self.started
                self._write("" if self._has_moved() or elapsed < 1 else f"{elapsed:.0f} s")

    def close(self) -> None:
        """Remove the bar, or keep it with the last values."""
        with self._lock:
            if self.bar is not None:
                if self.leave:
                    self.bar.set_postfix_str(self._describe(), refresh=False)
                self.bar.close()
                self.bar, self.shown = None, False
                self.last = time.monotonic()
            elif self.shown and self._written >= 0 and self._has_moved():
                self._write("")
            self.shown = False

    def _is_due(self, before: int) -> bool:
        """Whether a unit that ends here has a line of its own."""
        total = self.total or 0
        return self.every or total <= FEW or self.done * 10 // total > before * 10 // total

    def _has_moved(self) -> bool:
        return self.total is not None and self.position > self._written

    def _count(self) -> str:
        """Such as "run 7/12", or "epoch 2.6/12" in a line between two epochs."""
        if self.total is None:
            return self.what
        position = f"{self.position:.1f}" if self.bar is None and self.position % 1 else f"{self.done}"
        return f"{self.what} {position}/{self.total} {self.unit}".rstrip()

    def _write(self, words: str) -> None:
        self._written = max(self.position, 0.0)
        self.last = time.monotonic()
        sys.stderr.write(f"{self._count()}  {words}".rstrip() + "\n")
        sys.stderr.flush()

    def _open_bar(self) -> None:
        if not self.shown or not ("ipykernel" in sys.modules or sys.stderr.isatty()):
            return
        make = _tqdm()
        if make is not None:
            self.bar = make(
                total=self.total,
                initial=self.position,
                desc=self._count(),
                leave=self.leave,
                file=sys.stderr,
                dynamic_ncols=True,
                bar_format=CLOCK_FORMAT if self.total is None else BAR_FORMAT,
            )
            self.bar.start_t -= time.monotonic() - self.started

    def _move_bar(self) -> None:
        bar = self.bar
        bar.desc = self._count()
        bar.update(self.position - bar.n)
        if bar.n == bar.last_print_n:
            words = self._describe()
            bar.set_postfix_str(words if self._has_room(words) else "", refresh=False)

    def _has_room(self, words: str) -> bool:
        """Whether words fit behind a bar of ten columns."""
        columns = self.bar.format_dict["ncols"]
        return not columns or len(self._count()) + len(words) + 35 <= columns


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


def _tqdm() -> Any:
    """The tqdm class for a terminal or notebook; None if tqdm is not installed."""
    try:
        if "ipykernel" not in sys.modules:
            from tqdm import tqdm
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # without ipywidgets, it warns and falls back to text
                from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm
