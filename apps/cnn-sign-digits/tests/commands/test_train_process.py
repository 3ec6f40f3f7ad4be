"""cnn-sign as a process of its own, killed and interrupted."""

import os
import signal
from pathlib import Path

import pytest
from photos import photo, pixels
from program import PROGRAM, signs_file, succeed, trained

from nn_core.testing import PATIENCE, assert_same_run, wait_for_line

LONG = ("--epochs", 40, "--batch-size", 8, "--augment", "standard", "--dropout", 0.1)

with_signals = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX are sent")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of an uninterrupted run."""
    return trained(tmp_path_factory.mktemp("alone"), *LONG)


def test_training_writes_no_file_unasked(tmp_path: Path) -> None:
    with PROGRAM.started("train", "--data", "synthetic:count=60", "--epochs", 2, cwd=tmp_path) as process:
        out, others = PROGRAM.end_of(process)
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
    with PROGRAM.started("train", *options, cwd=tmp_path) as process:
        wait_for_line(process, "epoch 20/40")
        process.send_signal(sent)
        out, others = PROGRAM.end_of(process)
    assert out == ""
    if sent == signal.SIGINT:
        assert process.returncode == 130
        (line,) = others
        assert line.startswith("Error: interrupted after step ")
        assert line.endswith("saved; continue with --resume m.h5")
    succeed("train", "--resume", tmp_path / "m.h5")
    assert_same_run(tmp_path / "m.h5", undisturbed)


def test_results_alone_are_on_stdout(tmp_path: Path, undisturbed: Path) -> None:
    image = photo(tmp_path / "p.png", pixels(1)[0])
    with PROGRAM.started("predict", image, "--model", undisturbed, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert out.startswith(str(image))
