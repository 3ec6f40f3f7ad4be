"""deep-nn as a process whose standard streams are closed or full, or whose reader has gone."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import PROGRAM

SHELL = Path("/bin/sh")
FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(
    not (SHELL.exists() and FULL.is_char_device()), reason="a shell closes the streams, and /dev/full is full"
)
# Left alone, Python buffers its output, and may fail only when it ends.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
TRAIN = ("train", "--epochs", "3", "-v", "--save", "m.h5")


def run(folder: Path, *arguments: str, redirected: str) -> tuple[int, str, list[str]]:
    """The exit status, stdout, and the lines on stderr that are not remarks, of a command in a shell."""
    command = shlex.join([sys.executable, "-W", "error", "-m", "deep_nn", *arguments])
    done = subprocess.run(
        [str(SHELL), "-c", f"{command} {redirected}"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout, PROGRAM.others(done.stderr)


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full", "2</dev/null", "<&- 2>&-"])
def test_a_lost_stderr_does_not_stop_training(tmp_path: Path, redirected: str) -> None:
    status, out, _ = run(tmp_path, *TRAIN, redirected=redirected)
    assert status == 0
    assert "3 epochs, " in out
    assert (tmp_path / "m.h5").is_file()


@pytest.mark.slow
def test_nor_does_it_stop_a_comparison_in_workers(tmp_path: Path) -> None:
    command = ("compare-hidden", "2", "3", "--epochs", "1", "--seeds", "1", "--workers", "2")
    status, out, _ = run(tmp_path, *command, "--figure", "a.png", redirected="2>/dev/full")
    assert (status, (tmp_path / "a.png").is_file()) == (0, True)
    assert "training loss" in out


@pytest.mark.parametrize(
    ("redirected", "problem"), [(">/dev/full", "No space left on device"), (">&-", "it is closed")]
)
@pytest.mark.parametrize("arguments", [("models",), ("--help",), TRAIN])
def test_results_that_cannot_be_written_are_one_line(
    tmp_path: Path, arguments: tuple[str, ...], redirected: str, problem: str
) -> None:
    status, _, lines = run(tmp_path, *arguments, redirected=redirected)
    assert status == 1
    assert lines[-1] == f"Error: cannot write to standard output: {problem}"
    assert (tmp_path / "m.h5").is_file() == (arguments == TRAIN)


def test_with_both_lost_the_status_tells(tmp_path: Path) -> None:
    assert run(tmp_path, "models", redirected=">/dev/full 2>/dev/full") == (1, "", [])


def test_a_reader_that_has_gone_ends_it_in_silence(tmp_path: Path) -> None:
    """Its status is that of a program which SIGPIPE ends."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        command = [sys.executable, "-W", "error", "-m", "deep_nn", "models", "-q"]
        done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    """A library in C would write its messages into it."""
    program = """
import os, sys, types
def main():
    with open("opened", "w") as file:
        file.write(f"{file.fileno() > 2} {os.fstat(2).st_rdev == os.stat(os.devnull).st_rdev}")
sys.modules["probe"] = types.SimpleNamespace(main=main)
from nn_core.cli import run
run("probe")
"""
    command = f"{shlex.join([sys.executable, '-c', program])} <&- >&- 2>&-"
    subprocess.run([str(SHELL), "-c", command], cwd=tmp_path, env=ENVIRONMENT, check=True)
    assert (tmp_path / "opened").read_text("utf-8") == "True True"
