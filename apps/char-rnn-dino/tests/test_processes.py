"""dino-gen and char-rnn as processes: killed, interrupted, and their stdout and stderr."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import (
    CHAR,
    DINO,
    MODULES,
    REMARK,
    SMALL,
    assert_same_run,
    corpus_file,
    data_arguments,
    succeed,
    train,
)

LONG: dict[str, tuple[object, ...]] = {
    DINO: ("--epochs", 150, "--batch-size", 4, "--dropout", 0.2, *SMALL),
    CHAR: ("--epochs", 50, "--batch-size", 4, "--bptt-length", 10, "--dropout", 0.2, *SMALL),
}
INTERRUPTED_AT = {DINO: 30, CHAR: 10}
TIMEOUT = 60.0
"""Seconds until a process counts as hanging."""

with_signals = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


@contextmanager
def started(program: str, *arguments: object, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-m", MODULES[program], *map(str, arguments)]
    with subprocess.Popen(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_line(process: subprocess.Popen[str], beginning: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(beginning):
            return
    raise AssertionError(f"it ended without a line that begins with {beginning!r}")


def end_of(process: subprocess.Popen[str]) -> tuple[str, list[str]]:
    """stdout, and the lines on stderr that are not progress."""
    out, err = process.communicate(timeout=TIMEOUT)
    return out, [line for line in err.splitlines() if line and not REMARK.match(line)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The checkpoints of uninterrupted runs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return {program: train(program, folder, *LONG[program], name=program) for program in LONG}


@with_signals
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("program", [DINO, CHAR])
def test_an_interrupted_run_resumes_to_the_same_bits(
    tmp_path: Path, undisturbed: dict[str, Path], program: str, sent: signal.Signals
) -> None:
    data = data_arguments(program, tmp_path)
    options = (*data, *LONG[program], "--save", "m.h5", "--figure", "f.png")
    with started(program, "train", *options, cwd=tmp_path) as process:
        wait_for_line(process, f"epoch {INTERRUPTED_AT[program]}/")
        process.send_signal(sent)
        out, others = end_of(process)
    assert out == ""
    if sent == signal.SIGINT:
        assert process.returncode == 1
        (line,) = others
        assert line.startswith("Error: interrupted after step ")
        assert line.endswith("--resume m.h5")
    assert not (tmp_path / "f.png").exists()
    succeed(program, "train", "--resume", tmp_path / "m.h5")
    assert_same_run(tmp_path / "m.h5", undisturbed[program])


@with_signals
def test_an_interrupted_run_without_save(tmp_path: Path) -> None:
    options = (*data_arguments(DINO, tmp_path), *LONG[DINO])
    with started(DINO, "train", *options, cwd=tmp_path) as process:
        wait_for_line(process, f"epoch {INTERRUPTED_AT[DINO]}/")
        process.send_signal(signal.SIGINT)
        out, (line,) = end_of(process)
    assert (out, process.returncode) == ("", 1)
    assert line.startswith("Error: interrupted after step ")
    assert "--save" in line


def test_only_names_are_on_stdout(tmp_path: Path) -> None:
    with started(DINO, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (0, "")
    assert len(out.splitlines()) == 10
    assert list(tmp_path.iterdir()) == []


def test_only_text_is_on_stdout(tmp_path: Path, undisturbed: dict[str, Path]) -> None:
    asked = ("sample", "--model", undisturbed[CHAR], "--prime", "Day 3.", "--length", 20)
    with started(CHAR, *asked, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("Day 3.")


@pytest.mark.parametrize(
    ("program", "asked"), [(DINO, ("--start", "7")), (CHAR, ("sample", "--model", "no.h5"))]
)
def test_an_error_is_one_line_on_stderr(
    tmp_path: Path, program: str, asked: tuple[str, ...]
) -> None:
    with started(program, *asked, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=TIMEOUT)
    assert out == ""
    assert process.returncode in {1, 2}
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_on_a_terminal_each_token_appears_at_once(tmp_path: Path) -> None:
    """Though no newline flushes it."""
    corpus_file(tmp_path / "corpus.txt", "so it goes on and on " * 40)
    model = train(CHAR, tmp_path)
    ours, theirs = os.openpty()
    asked = ("sample", "--model", model, "--prime", "so", "--length", 10_000_000)
    command = [sys.executable, "-m", MODULES[CHAR], *map(str, asked)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=theirs, stderr=theirs) as process:
        try:
            first = os.read(ours, 10_000)
            assert process.poll() is None
        finally:
            process.kill()
            os.close(ours)
            os.close(theirs)
    assert first.startswith(b"so")
    assert len(first) < 1000
