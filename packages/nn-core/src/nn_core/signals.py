"""The signals that end a program: Ctrl-C, SIGTERM from schedulers and `kill`, SIGHUP from a closed terminal.

SIGTERM and SIGHUP raise in the main thread what Ctrl-C does, a KeyboardInterrupt, so that temporary files are removed
and workers end. A signal that was ignored when the program started, as by nohup, stays ignored.
"""

import signal
from types import FrameType

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP
"""The signals that end a program."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP.

    number  of the signal
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def handle_signals() -> None:
    """Raise Terminated in the main thread on SIGTERM and SIGHUP, from now on."""
    for number in ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, raise_terminated)


def release_signals() -> None:
    """Undo `handle_signals`: the signals end the process at once."""
    for number in ENDING:
        if signal.getsignal(number) == raise_terminated:
            signal.signal(number, signal.SIG_DFL)


def raise_terminated(number: int, frame: FrameType | None = None) -> None:
    """Raise KeyboardInterrupt for Ctrl-C, Terminated for another signal."""
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def signal_of(error: BaseException | None) -> int:
    """The number of the signal behind a KeyboardInterrupt."""
    return getattr(error, "number", int(signal.SIGINT))


def exit_status(number: int) -> int:
    """The exit status of a program that a signal ended: 130, 143, 129."""
    return 128 + number


def interrupted_by(number: int) -> str:
    """What happened: "interrupted", or "interrupted by SIGTERM"."""
    return "interrupted" if number == signal.SIGINT else f"interrupted by {signal.Signals(number).name}"
