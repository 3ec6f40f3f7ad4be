"""dino-gen and char-rnn as processes of their own: killed, interrupted, cut off."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from commands import (
    CHAR,
    DINO,
    REMARK,
    SMALL,
    assert_same_run,
    corpus_file,
    names_file,
    succeed,
    trained_on_names,
    trained_on_text,
)

MODULES = {DINO: "char_rnn_dino.dino_gen", CHAR: "char_rnn_dino.char_rnn"}
LONG = {
    DINO: ("--epochs", 300, "--batch-size", 4, "--dropout", 0.2, *SMALL),
    CHAR: ("--epochs", 100, "--batch-size", 4, "--steps", 10, "--dropout", 0.2, *SMALL),
}
PATIENCE = 60.0
"""Seconds after which a process that should have ended is taken to hang."""

with_signals = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX are sent")


@contextmanager
def started(program, *arguments, cwd):
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


def wait_for_line(process, beginning):
    """Read its progress until it is as far as that."""
    for line in process.stderr:
        if line.startswith(beginning):
            return
    raise AssertionError(f"it ended before it said {beginning!r}")


def end_of(process):
    """Its result and its other lines."""
    out, err = process.communicate(timeout=PATIENCE)
    return out, [line for line in err.splitlines() if line and not REMARK.match(line)]


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory):
    """The checkpoints of runs that nobody disturbed."""
    folder = tmp_path_factory.mktemp("alone")
    return {
        DINO: trained_on_names(folder, *LONG[DINO]),
        CHAR: trained_on_text(folder, *LONG[CHAR]),
    }


@with_signals
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("program", [DINO, CHAR])
def test_ended_in_mid_run_and_resumed_it_ends_with_the_same_bits(
    tmp_path, left_alone, program, sent
):
    data = names_file(tmp_path / "names.txt") if program == DINO else None
    said = ("--data", data) if data else (corpus_file(tmp_path / "corpus.txt"),)
    options = (*said, *LONG[program], "--save", "m.h5", "--figure", "f.png")
    with started(program, "train", *options, cwd=tmp_path) as process:
        wait_for_line(process, f"epoch {LONG[program][1] // 5}/")
        process.send_signal(sent)
        out, others = end_of(process)
    assert out == ""
    if sent == signal.SIGINT:
        assert process.returncode == 1
        (line,) = others
        assert line.startswith("Error: interrupted after step ")
        assert line.endswith("saved, go on with: --resume m.h5")
    assert not (tmp_path / "f.png").exists()
    succeed(program, "train", "--resume", tmp_path / "m.h5")
    assert_same_run(tmp_path / "m.h5", left_alone[program])


@with_signals
def test_interrupted_with_nothing_to_save_to(tmp_path):
    names_file(tmp_path / "names.txt")
    options = ("--data", "names.txt", *LONG[DINO])
    with started(DINO, "train", *options, cwd=tmp_path) as process:
        wait_for_line(process, "epoch 30/300")
        process.send_signal(signal.SIGINT)
        out, (line,) = end_of(process)
    assert (out, process.returncode) == ("", 1)
    assert line.endswith("nothing was saved, for there was no --save")


def test_names_stand_alone_on_stdout(tmp_path):
    with started(DINO, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert len(out.splitlines()) == 10
    assert list(tmp_path.iterdir()) == []


def test_text_stands_alone_on_stdout(tmp_path, left_alone):
    asked = ("sample", left_alone[CHAR], "--prime", "Day 3.", "--length", 20)
    with started(CHAR, *asked, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("Day 3.")


def test_an_error_stands_alone_on_stderr(tmp_path):
    for program, asked in ((DINO, ("--start", "7")), (CHAR, ("sample", "no.h5"))):
        with started(program, *asked, cwd=tmp_path) as process:
            out, err = process.communicate(timeout=PATIENCE)
        assert out == ""
        assert process.returncode in {1, 2}
        assert err.startswith("Error: ")
        assert err.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="a terminal is needed")
def test_on_a_terminal_text_appears_as_it_is_made(tmp_path):
    """Letter by letter, though no line ends that would bring it out."""
    corpus_file(tmp_path / "corpus.txt", "so it goes on and on " * 40)
    model = trained_on_text(tmp_path)
    ours, theirs = os.openpty()
    asked = ("sample", model, "--prime", "so", "--length", 10_000_000)
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
