"""cnn-sign as a process of its own, killed and interrupted."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from photos import photo, pixels
from program import REMARK, assert_same_run, signs_file, succeed, trained

COMMAND = (sys.executable, "-W", "error", "-m", "cnn_sign_digits")
LONG = ("--epochs", 40, "--batch-size", 8, "--augment", "standard", "--dropout", 0.1)
PATIENCE = 60.0
"""Seconds after which a process counts as hanging."""

with_signals = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX are sent")


@contextmanager
def started(*arguments: object, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_line(process: subprocess.Popen[str], beginning: str) -> None:
    """Read stderr up to this line."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(beginning):
            return
    raise AssertionError(f"it ended without {beginning!r}")


def end_of(process: subprocess.Popen[str]) -> tuple[str, list[str]]:
    """Its stdout, and its stderr without remarks."""
    out, err = process.communicate(timeout=PATIENCE)
    return out, [line for line in err.splitlines() if line and not REMARK.match(line)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of an uninterrupted run."""
    return trained(tmp_path_factory.mktemp("alone"), *LONG)


def test_training_writes_no_file_unasked(tmp_path: Path) -> None:
    with started("train", "--data", "synthetic:count=60", "--epochs", 2, cwd=tmp_path) as process:
        out, others = end_of(process)
    assert process.returncode == 0
    assert others == []
    assert out.startswith("synthetic; validation: 0.2 of each class held out\nclassic network")
    assert list(tmp_path.iterdir()) == []


@with_signals
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_and_resumed_ends_with_the_same_bits(
    tmp_path: Path, undisturbed: Path, sent: signal.Signals
) -> None:
    data = signs_file(tmp_path / "signs.h5")
    options = ("--data", data, *LONG, "--save", "m.h5")
    with started("train", *options, cwd=tmp_path) as process:
        wait_for_line(process, "epoch 20/40")
        process.send_signal(sent)
        out, others = end_of(process)
    assert out == ""
    if sent == signal.SIGINT:
        assert process.returncode == 1
        (line,) = others
        assert line.startswith("Error: interrupted after step ")
        assert line.endswith("saved, go on with: --resume m.h5")
    succeed("train", "--resume", tmp_path / "m.h5")
    assert_same_run(tmp_path / "m.h5", undisturbed)


def test_results_alone_are_on_stdout(tmp_path: Path, undisturbed: Path) -> None:
    image = photo(tmp_path / "p.png", pixels(1)[0])
    with started("predict", image, "--model", undisturbed, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert out.startswith(str(image))
