"""deep-nn as a process: killed, interrupted, cut off, and with workers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import PROGRAM, refusal, succeed, trained

from nn_core.testing import PATIENCE, assert_same_run, wait_for_line

LONG = ("--epochs", 1000, "--dropout", "0.1", "--l2", "0.001", "--schedule", "cosine")
with_signals = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX are sent")


@pytest.mark.slow
def test_the_main_job_needs_no_options(tmp_path: Path) -> None:
    with PROGRAM.started("compare-optimizers", cwd=tmp_path) as process:
        out, others = PROGRAM.end_of(process)
    assert process.returncode == 0
    assert others == []
    lines = out.splitlines()
    assert "final loss" in lines[0]
    names = [line.split()[0] for line in lines[1:5]]
    assert names == ["gradient-descent", "momentum", "rmsprop", "adam"]
    assert [path.name for path in tmp_path.iterdir()] == ["compare-optimizers.png"]
    assert (tmp_path / "compare-optimizers.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of an uninterrupted run."""
    return trained(tmp_path_factory.mktemp("alone") / "alone.h5", *LONG)


@with_signals
def test_killed_in_mid_run_and_resumed_it_ends_with_the_same_bits(tmp_path: Path, left_alone: Path) -> None:
    with PROGRAM.started("train", *LONG, "--save", "m.h5", cwd=tmp_path) as process:
        wait_for_line(process, "epoch 500/1000")
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".h5"] == ["m.h5"]
    resumed = succeed("train", "--resume", tmp_path / "m.h5")
    assert "epoch 1000/1000" in resumed.stderr
    assert "epoch 1/1000" not in resumed.stderr
    assert_same_run(tmp_path / "m.h5", left_alone)


@with_signals
def test_an_interrupted_run_resumes_to_the_same_bits(tmp_path: Path, left_alone: Path) -> None:
    with PROGRAM.started("train", *LONG, "--save", "m.h5", cwd=tmp_path) as process:
        wait_for_line(process, "epoch 300/1000")
        process.send_signal(signal.SIGINT)
        out, others = PROGRAM.end_of(process)
    assert process.returncode == 130
    assert out == ""
    (line,) = others
    assert line.startswith("Error: interrupted after step ")
    assert line.endswith("saved; continue with --resume m.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["m.h5"]
    succeed("train", "--resume", tmp_path / "m.h5")
    assert_same_run(tmp_path / "m.h5", left_alone)


@with_signals
def test_a_terminated_run_resumes_to_the_same_bits_and_no_other_run_may_save_to_its_file(
    tmp_path: Path, left_alone: Path
) -> None:
    path = tmp_path / "m.h5"
    with PROGRAM.started("train", *LONG, "--save", path, cwd=tmp_path) as process:
        wait_for_line(process, "epoch 300/1000")
        if sys.platform in {"linux", "darwin"}:
            for other in ("--save", "--resume"):
                line = refusal("train", other, path, status=1)
                assert line == f"another run (process {process.pid}) is saving to {path}; save to another file"
        process.terminate()
        _, (line,) = PROGRAM.end_of(process)
    assert process.returncode == 128 + signal.SIGTERM
    assert line.startswith("Error: interrupted by SIGTERM after step ")
    assert line.endswith(f"saved; continue with --resume {path}")
    succeed("train", "--resume", path)
    assert_same_run(path, left_alone)


RACE = ("compare-optimizers", "--learning-rate", 0.1, "--seeds", 25, "--epochs", 200, "--workers", 2)


@with_signals
def test_ctrl_c_ends_a_comparison_and_its_workers(tmp_path: Path) -> None:
    with PROGRAM.started(*RACE, cwd=tmp_path) as process:
        wait_for_line(process, "run 10/100")
        os.killpg(process.pid, signal.SIGINT)
        asked = time.monotonic()
        out, others = PROGRAM.end_of(process)
        took = time.monotonic() - asked
    assert process.returncode == 130
    assert out == ""
    assert others == ["Error: interrupted"]
    assert took < 20
    assert list(tmp_path.iterdir()) == []


@with_signals
@pytest.mark.parametrize(
    ("sent", "to_workers"),
    [
        (signal.SIGKILL, False),
        (signal.SIGHUP, True),
        pytest.param(signal.SIGTERM, False, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, True, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, False, marks=pytest.mark.slow),
    ],
)
def test_workers_end_with_their_parent(tmp_path: Path, sent: signal.Signals, to_workers: bool) -> None:
    with PROGRAM.started(*RACE, cwd=tmp_path) as process:
        wait_for_line(process, "run 10/100")
        (os.killpg if to_workers else os.kill)(process.pid, sent)
        _, others = PROGRAM.end_of(process)  # they have closed stderr
    if sent == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 128 + sent
        assert others == [f"Error: interrupted by {sent.name}"]


def has_ctrl_c_in(pid: int, *masks: str) -> bool:
    """Whether SIGINT is in one of a process's masks: SigBlk, SigIgn or SigCgt."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return any(int(fields[mask], 16) & 1 << signal.SIGINT - 1 for mask in masks)


def has_started_workers(pid: int) -> bool:
    """Whether the workers run, and they and their parent have set up their signal handlers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return (
        len(children) >= 3
        and all(has_ctrl_c_in(int(child), "SigBlk", "SigIgn", "SigCgt") for child in children)
        and not has_ctrl_c_in(pid, "SigIgn")
    )


@with_signals
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="processes are looked into")
def test_ctrl_c_while_the_workers_are_still_starting(tmp_path: Path) -> None:
    with PROGRAM.started(*RACE, cwd=tmp_path) as process:
        until = time.monotonic() + PATIENCE
        while not has_started_workers(process.pid):
            assert time.monotonic() < until
        os.killpg(process.pid, signal.SIGINT)
        out, others = PROGRAM.end_of(process)
    assert process.returncode == 130
    assert out == ""
    assert others == ["Error: interrupted"]


def test_a_closed_pipe_is_not_an_error(tmp_path: Path) -> None:
    with PROGRAM.started("train", "--epochs", 1, "--save", "m.h5", cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, others = PROGRAM.end_of(process)
    assert others == []
    assert (tmp_path / "m.h5").is_file()


def test_predictions_stream_from_a_pipe_into_one_that_closes_early(tmp_path: Path) -> None:
    trained(tmp_path / "m.h5")
    command = [sys.executable, "-W", "error", "-m", "deep_nn", "predict", "--model", "m.h5", "-"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("0.5,0.5\n" * 40_000)
        process.stdin.close()
        first = process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        stderr = process.stderr.read()
    assert first.startswith("- row 1 ")
    assert PROGRAM.others(stderr) == []


def test_ctrl_c_while_it_is_still_being_imported_is_one_line() -> None:
    program = """
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "deep_nn.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from deep_nn.__main__ import main
main()
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Error: interrupted\n")
