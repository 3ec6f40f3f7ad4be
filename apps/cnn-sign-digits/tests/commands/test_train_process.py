"""cnn-sign as a process of its own: killed, interrupted, cut off."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from program import REMARK, assert_same_run, signs_file, succeed, trained
from photos import photo, pixels

COMMAND = (sys.executable, "-W", "error", "-m", "cnn_sign_digits")
LONG = ("--epochs", 40, "--batch-size", 8, "--augment", "standard", "--keep-prob", 0.9)
PATIENCE = 60.0
"""Seconds after which a process that should have ended is taken to hang."""

with_signals = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX are sent")


@contextmanager
def started(*arguments, cwd):
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
    """The checkpoint of a run that nobody disturbed."""
    return trained(tmp_path_factory.mktemp("alone"), *LONG)


def test_the_main_job_needs_no_options_but_patience(tmp_path):
    with started("train", "--data", "synthetic:count=60", "--epochs", 2, cwd=tmp_path) as process:
        out, others = end_of(process)
    assert process.returncode == 0
    assert others == []
    assert out.startswith("synthetic; validation: 0.2 of each class held back\nclassic network")
    assert [path.name for path in tmp_path.iterdir()] == ["training.png"]


@with_signals
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_ended_in_mid_run_and_resumed_it_ends_with_the_same_bits(tmp_path, left_alone, sent):
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
    assert not (tmp_path / "training.png").exists()
    succeed("train", "--resume", tmp_path / "m.h5", "--figure", tmp_path / "t.png")
    assert_same_run(tmp_path / "m.h5", left_alone)


def test_results_stand_alone_on_stdout(tmp_path, left_alone):
    picture = photo(tmp_path / "p.png", pixels(1)[0])
    with started("predict", picture, "--model", left_alone, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert out.startswith(str(picture))
