"""torch.compile, which needs a compiler and takes its time."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import torch

from bench.sides import Settings

T = TypeVar("T")


def compiled(make: Callable[[], T], settings: Settings, what: str) -> T | None:
    """What `make` makes with torch.compile, or None and a note why not.

    make  compiles and also runs, so that nothing is compiled later
    """
    if settings.compile_seconds == 0:
        return None
    torch._dynamo.reset()  # it compiles one function but a few times, then runs it as it is
    try:
        with _within(settings.compile_seconds):
            return make()
    except Exception as error:  # noqa: BLE001
        lines = str(error).strip().splitlines() or [type(error).__name__]
        settings.note(f"{what}: torch.compile left out: {type(error).__name__}: {lines[0][:100]}")
        return None


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Raise TimeoutError if it takes longer, where there are signals for that."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() != threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
