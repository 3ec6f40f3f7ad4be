"""Standard output and standard error: foreign text is escaped, and messages never stop the work.

Nothing else writes to them. What is printed by other libraries passes through them as well while a program runs.
"""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn, TextIO, cast

from nn_core.printable import without_controls


class OutputError(Exception):
    """A result that cannot be written to standard output; no OSError, which commands take for one of their files."""


class ReaderGone(OutputError):
    """Nobody reads standard output any more, as after `| head -1`."""

    exit_status = 128 + 13
    """Of a program that SIGPIPE ends, which the shell reports for others in the same place."""


class GuardedStream:
    """A stream that other code uses in place of a standard one.

    Its missing `buffer` keeps click from writing past it.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        if getattr(stream, "errors", None) in {"strict", "surrogateescape"} and hasattr(stream, "reconfigure"):
            cast(Any, stream).reconfigure(errors="backslashreplace")  # for encodings that lack a character

    def __getattr__(self, name: str) -> Any:
        if name in {"buffer", "_stream"} or self._stream is None:
            raise AttributeError(name)
        return getattr(self._stream, name)

    def write(self, text: str | bytes) -> int:
        """Write a text with its unprintable characters escaped; click writes completions as bytes."""
        words = text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
        with self._failures():
            self._open_stream().write(self._safe(words))
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        if self._stream is not None:
            with self._failures():
                self._stream.flush()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except (OSError, ValueError):
            return False

    def _safe(self, text: str) -> str:
        return without_controls(text)

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) != errno.EAGAIN:
                self._discard_rest()
            self._fail(error)

    def _open_stream(self) -> TextIO:
        if self._stream is None:
            raise ValueError("it is closed")
        return self._stream

    def _discard_rest(self) -> None:
        """Let what is still buffered go nowhere: the interpreter writes it at its end, and fails again."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._open_stream().fileno())

    def _fail(self, error: OSError | ValueError) -> None:
        """What becomes of a failed write."""


class ResultStream(GuardedStream):
    """Standard output. A write that fails raises OutputError, or ReaderGone."""

    def _fail(self, error: OSError | ValueError) -> NoReturn:
        if isinstance(error, BrokenPipeError):
            raise ReaderGone from None
        raise OutputError(f"cannot write to standard output: {getattr(error, 'strerror', None) or error}") from None


class MessageStream(GuardedStream):
    """Standard error, where a write that fails is ignored. Bars may return to the start of their line."""

    def _safe(self, text: str) -> str:
        return "\r".join(map(without_controls, text.split("\r")))


def standard_output() -> ResultStream:
    """Where results go."""
    return sys.stdout if isinstance(sys.stdout, ResultStream) else ResultStream(sys.stdout)


def standard_error() -> MessageStream:
    """Where messages and progress go."""
    return sys.stderr if isinstance(sys.stderr, MessageStream) else MessageStream(sys.stderr)


def guard_streams() -> None:
    """Let everything that is printed pass through guarded streams from now on."""
    sys.stdout, sys.stderr = cast(TextIO, standard_output()), cast(TextIO, standard_error())


@contextlib.contextmanager
def guarded_streams() -> Iterator[None]:
    """Let everything that is printed in the block pass through guarded streams."""
    before = sys.stdout, sys.stderr
    guard_streams()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextlib.contextmanager
def captured_streams() -> Iterator[io.StringIO]:
    """Print nothing in the block: results are dropped, and messages are collected."""
    before, messages = (sys.stdout, sys.stderr), io.StringIO()
    sys.stdout, sys.stderr = cast(TextIO, ResultStream(io.StringIO())), cast(TextIO, MessageStream(messages))
    try:
        yield messages
    finally:
        sys.stdout, sys.stderr = before


def open_descriptors() -> None:
    """Open the null device in place of standard streams that are closed.

    Otherwise the next file opened, perhaps a checkpoint, would become what a library in C takes for standard error.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest free number: this one
