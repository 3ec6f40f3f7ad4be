"""Foreign text is escaped on its way out; messages never stop the work, and results that are lost are an error."""

import errno
import io
import os
import sys

import pytest

from nn_core.progress_bar import Progress
from nn_core.standard_streams import (
    MessageStream,
    OutputError,
    ReaderGone,
    ResultStream,
    guarded_streams,
    standard_error,
    standard_output,
)


class Failing(io.StringIO):
    """A stream whose device is full, or whose reader has gone."""

    def __init__(self, number: int, *, terminal: bool = False) -> None:
        super().__init__()
        self.number, self.terminal = number, terminal

    def write(self, text: str) -> int:
        raise OSError(self.number, os.strerror(self.number))

    def isatty(self) -> bool:
        return self.terminal


def full() -> Failing:
    return Failing(errno.ENOSPC)


def test_what_any_library_prints_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    with guarded_streams():
        sys.stdout.write("a\x1b[31m\r\u202e\ud800\n\tb\n")
        sys.stderr.write("c\x1b]0;title\a\n")
    sys.stdout.write("as before \x1b\n")
    assert capsys.readouterr() == ("a\\x1b[31m\\x0d\\u202e\\ud800\n\tb\nas before \x1b\n", "c\\x1b]0;title\\x07\n")


def test_bars_return_to_the_start_of_their_line() -> None:
    screen = io.StringIO()
    MessageStream(screen).write("\r 10%|\x1b[A")
    assert screen.getvalue() == "\r 10%|\\x1b[A"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_characters_that_an_encoding_lacks_are_escaped(encoding: str, errors: str) -> None:
    raw = io.BytesIO()
    out = ResultStream(io.TextIOWrapper(raw, encoding=encoding, errors=errors))
    out.write("中\udcff")
    out.flush()
    assert raw.getvalue().decode(encoding) in {"中\\udcff", "\\u4e2d\\udcff"}


def test_click_may_write_bytes() -> None:
    screen = io.StringIO()
    ResultStream(screen).write("plain,é\x1b".encode())
    assert screen.getvalue() == "plain,é\\x1b"


def test_messages_to_a_full_device_are_dropped() -> None:
    err = MessageStream(full())
    assert err.write("a\n") == 2
    err.flush()


def test_results_that_cannot_be_written_are_an_error() -> None:
    with pytest.raises(OutputError, match=r"^cannot write to standard output: No space left on device$"):
        ResultStream(full()).write("a")


def test_a_reader_that_has_gone_is_known_from_a_full_device() -> None:
    with pytest.raises(ReaderGone):
        ResultStream(Failing(errno.EPIPE)).write("a")


def test_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    standard_error().write("dropped\n")
    standard_error().flush()
    standard_output().flush()
    assert not standard_error().isatty()
    with pytest.raises(OutputError, match=r"^cannot write to standard output: it is closed$"):
        standard_output().write("a")


def test_what_is_left_in_a_buffer_does_not_fail_again_at_the_end() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    out = ResultStream(stream)
    out.write("a")
    with pytest.raises(ReaderGone):
        out.flush()
    stream.close()


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EBADF, errno.EIO])
def test_progress_that_nobody_reads_does_not_stop_the_work(
    monkeypatch: pytest.MonkeyPatch, number: int, terminal: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", Failing(number, terminal=terminal))
    progress = Progress(3, "epoch", leave=True)
    for _ in range(3):
        progress.advance(describe=lambda: "loss 0.5")
        progress.beat(progress.started + 100)
    progress.close()


def test_what_is_counted_is_one_line_without_controls(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(1, "run\x1b[2J\n")
    progress.advance(describe=lambda: "of \u202e\r" + "x" * 10_000)
    line = capsys.readouterr().err
    assert line.startswith("run\\x1b[2J\\n 1/1  of \\u202e\\rxxx")
    assert len(line) < 250
