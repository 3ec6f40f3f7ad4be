"""dino-gen and char-rnn as processes: killed, interrupted, and their stdout and stderr."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import CHAR, DINO, SMALL, corpus_file, data_arguments, each_program, train

from nn_core.testing import PATIENCE, CommandLine, assert_same_run, wait_for_line

LONG: dict[str, tuple[object, ...]] = {
    "dino-gen": ("--epochs", 150, "--batch-size", 4, "--dropout", 0.2, *SMALL),
    "char-rnn": ("--epochs", 50, "--batch-size", 4, "--bptt-length", 10, "--dropout", 0.2, *SMALL),
}
INTERRUPTED_AT = {"dino-gen": 30, "char-rnn": 10}

with_signals = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The checkpoints of uninterrupted runs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return {program.name: train(program, folder, *LONG[program.name], name=program.name) for program in (DINO, CHAR)}


@with_signals
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
@each_program
def test_an_interrupted_run_resumes_to_the_same_bits(
    tmp_path: Path, undisturbed: dict[str, Path], program: CommandLine, sent: signal.Signals
) -> None:
    data = data_arguments(program, tmp_path)
    options = (*data, *LONG[program.name], "--save", "m.h5", "--figure", "f.png")
    with program.started("train", *options, cwd=tmp_path) as process:
        wait_for_line(process, f"epoch {INTERRUPTED_AT[program.name]}/")
        process.send_signal(sent)
        out, others = program.end_of(process)
    assert out == ""
    if sent == signal.SIGINT:
        assert process.returncode == 130
        (line,) = others
        assert line.startswith("Error: interrupted after step ")
        assert line.endswith("--resume m.h5")
    assert not (tmp_path / "f.png").exists()
    program.succeed("train", "--resume", tmp_path / "m.h5")
    assert_same_run(tmp_path / "m.h5", undisturbed[program.name])


@with_signals
def test_an_interrupted_run_without_save(tmp_path: Path) -> None:
    options = (*data_arguments(DINO, tmp_path), *LONG["dino-gen"])
    with DINO.started("train", *options, cwd=tmp_path) as process:
        wait_for_line(process, f"epoch {INTERRUPTED_AT['dino-gen']}/")
        process.send_signal(signal.SIGINT)
        out, (line,) = DINO.end_of(process)
    assert (out, process.returncode) == ("", 130)
    assert line.startswith("Error: interrupted after step ")
    assert "--save" in line


def test_only_names_are_on_stdout(tmp_path: Path) -> None:
    with DINO.started(cwd=tmp_path) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert len(out.splitlines()) == 10
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_the_first_of_a_million_names_comes_at_once(tmp_path: Path, options: tuple[str, ...]) -> None:
    """And a reader that closes the pipe then ends the program, without a word."""
    with DINO.started("--count", 1_000_000, *options, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(3).strip()
        process.stdout.close()
        assert process.wait(timeout=PATIENCE) != 0
        assert process.stderr.read() == ""


def test_only_text_is_on_stdout(tmp_path: Path, undisturbed: dict[str, Path]) -> None:
    asked = ("sample", "--model", undisturbed["char-rnn"], "--start", "Day 3.", "--length", 20)
    with CHAR.started(*asked, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("Day 3.")


@pytest.mark.parametrize(("program", "asked"), [(DINO, ("--start", "7")), (CHAR, ("sample", "--model", "no.h5"))])
def test_an_error_is_one_line_on_stderr(tmp_path: Path, program: CommandLine, asked: tuple[str, ...]) -> None:
    with program.started(*asked, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=PATIENCE)
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
    asked = ("sample", "--model", model, "--start", "so", "--length", 10_000_000)
    command = [sys.executable, "-m", CHAR.module, *map(str, asked)]
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
