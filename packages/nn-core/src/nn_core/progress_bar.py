"""The progress of one job on stderr: a bar on a terminal or in a notebook, otherwise lines."""

import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from nn_core.printable import printable
from nn_core.standard_streams import standard_error

BAR_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}{postfix}]"
CLOCK_FORMAT = "{desc} [{elapsed}]"
"""Of a job of unknown length."""
PATIENCE = 0.8
"""Seconds without output before a job is shown."""
FEW = 20
"""Up to this many units, each has a line; more have one per 10%."""
REDRAW = 0.5
"""Seconds between two drawings of a bar that does not move."""


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
        self.total, self.what, self.unit, self.steady, self.leave = total, printable(what), unit, steady, leave
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
                    self.bar.write(f"{self._count()}  {printable(words)}", file=self.bar.fp)
        elif is_due:
            self._write(printable(describe()))

    def move(self, position: float) -> None:
        """Set the position between two units: 2.6 of 12 epochs."""
        self.position = position
        if self.bar is not None and self.shown:
            self._move_bar()

    def beat(self, now: float) -> None:
        """Show that the work goes on, if nothing was printed for long. Called often, by a thread."""
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
                    self.bar.set_postfix_str(printable(self._describe()), refresh=False)
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
        screen = standard_error()
        screen.write(f"{self._count()}  {words}".rstrip() + "\n")
        screen.flush()

    def _open_bar(self) -> None:
        screen = standard_error()
        if not self.shown or not ("ipykernel" in sys.modules or screen.isatty()):
            return
        make = _tqdm()
        if make is not None:
            self.bar = make(
                total=self.total,
                initial=self.position,
                desc=self._count(),
                leave=self.leave,
                file=screen,
                dynamic_ncols=True,
                bar_format=CLOCK_FORMAT if self.total is None else BAR_FORMAT,
            )
            self.bar.start_t -= time.monotonic() - self.started

    def _move_bar(self) -> None:
        bar = self.bar
        bar.desc = self._count()
        bar.update(self.position - bar.n)
        if bar.n == bar.last_print_n:
            words = printable(self._describe())
            bar.set_postfix_str(words if self._has_room(words) else "", refresh=False)

    def _has_room(self, words: str) -> bool:
        """Whether words fit behind a bar of ten columns."""
        columns = self.bar.format_dict["ncols"]
        return not columns or len(self._count()) + len(words) + 35 <= columns


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
