"""Training on the ranks of `mpiexec`: the bits of one process, one voice, and one end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nn_core import checkpoint

pytestmark = pytest.mark.slow
TRAIN = ("train", "--data", "spirals:points=400", "--hidden", "12,8", "--dropout", "0.1", "--shards", "4", "--quiet")


@pytest.fixture(autouse=True)
def _needs_mpi() -> None:
    pytest.importorskip("mpi4py")
    if mpiexec() is None:
        pytest.skip("no mpiexec")


def mpiexec() -> str | None:
    beside = Path(sys.executable).with_name("mpiexec")
    return str(beside) if beside.exists() else shutil.which("mpiexec")


def start(folder: Path, ranks: int, *words: str) -> subprocess.Popen[str]:
    """A program in one process, or on several ranks."""
    command = [sys.executable, "-m", "deep_nn", *words]
    if ranks > 1:
        command = [str(mpiexec()), "-n", str(ranks), *command]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, without_progress(stderr)


def without_progress(stderr: str) -> str:
    """Without the line of a program that takes long to start."""
    return "".join(line for line in stderr.splitlines(keepends=True) if line.strip() != "starting")


def bits(path: Path) -> list[bytes]:
    found = checkpoint.load(path, program="deep-nn")
    snapshot = found.require_snapshot()
    state = [vector.tobytes() for _, vector in sorted(snapshot.optimizer_state.items())]
    return [found.network.vector.tobytes(), *state, np.array(snapshot.history.step_loss).tobytes()]


def children(folder: Path) -> int:
    """Processes that still work in a folder after five seconds."""
    until = time.monotonic() + 5
    while (count := working_in(folder)) and time.monotonic() < until:
        time.sleep(0.05)
    return count


def working_in(folder: Path) -> int:
    """Processes that work in a folder."""
    count = 0
    for entry in Path("/proc").iterdir():
        try:
            count += entry.name.isdecimal() and (entry / "cwd").readlink() == folder
        except OSError:
            continue
    return count


def test_the_bits_are_those_of_one_process_and_resume_on_others(tmp_path: Path) -> None:
    for ranks in (1, 2, 3):
        status, stdout, stderr = finish(start(tmp_path, ranks, *TRAIN, "--epochs", "6", "--save", f"{ranks}.h5"))
        assert (status, stderr) == (0, "")
        assert stdout.count("network") == 1
    assert bits(tmp_path / "1.h5") == bits(tmp_path / "2.h5") == bits(tmp_path / "3.h5")
    for first, then in ((2, 1), (1, 3)):
        finish(start(tmp_path, first, *TRAIN, "--epochs", "4", "--save", "part.h5"))
        finish(start(tmp_path, then, "train", "--resume", "part.h5", "--epochs", "6", "--quiet"))
        assert bits(tmp_path / "part.h5") == bits(tmp_path / "1.h5")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_ranks_after_the_same_step(tmp_path: Path, number: int) -> None:
    process = start(tmp_path, 2, *TRAIN, "--epochs", "100000", "--save", "run.h5")
    until = time.monotonic() + 60
    while not (tmp_path / "run.h5").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    status, _, stderr = finish(process)
    assert status == 128 + number
    assert stderr.count("\n") == 1
    assert "saved; continue with --resume run.h5" in stderr
    step = checkpoint.load(tmp_path / "run.h5", program="deep-nn").require_snapshot().step
    assert f"after step {step} " in stderr
    assert children(tmp_path) == 0


def test_a_killed_rank_ends_all_and_the_checkpoint_stays_good(tmp_path: Path) -> None:
    process = start(tmp_path, 2, *TRAIN, "--epochs", "100000", "--save", "run.h5")
    until = time.monotonic() + 60
    while not (tmp_path / "run.h5").exists() and time.monotonic() < until:
        time.sleep(0.05)
    victim = next(
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and b"PMI_RANK=1" in environment_of(entry) and str(tmp_path) == cwd_of(entry)
    )
    os.kill(victim, signal.SIGKILL)
    status, _, _ = finish(process)
    assert status != 0
    assert checkpoint.load(tmp_path / "run.h5", program="deep-nn").require_snapshot().step > 0
    assert children(tmp_path) == 0


def environment_of(entry: Path) -> bytes:
    try:
        return (entry / "environ").read_bytes()
    except OSError:
        return b""


def cwd_of(entry: Path) -> str:
    try:
        return str((entry / "cwd").readlink())
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("words", "message", "status"),
    [
        (("train", "--data", "none.csv"), "no such file: none.csv", 1),
        (("train", "--epochs", "x"), "is not an integer", 2),
        (("train", "--engine", "reference"), "several ranks require --engine fast", 2),
        ((*TRAIN, "--learning-rate", "1e30"), "is nan at step", 1),
    ],
)
def test_an_error_of_all_ranks_is_one_line(tmp_path: Path, words: tuple[str, ...], message: str, status: int) -> None:
    found, stdout, stderr = finish(start(tmp_path, 3, *words))
    assert found == status
    assert stdout == ""
    assert stderr.count("Error: ") == 1
    assert message in stderr


def test_an_error_of_one_rank_ends_all(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(60)))
    (tmp_path / "elsewhere").mkdir()
    script = tmp_path / "rank.sh"
    script.write_text('#!/bin/sh\n[ "$PMI_RANK" = 1 ] && cd elsewhere\nexec "$@"\n')
    script.chmod(0o755)
    words = [str(script), sys.executable, "-m", "deep_nn", "train", "--data", "rows.csv", "--shards", "2", "--quiet"]
    pipe = subprocess.PIPE
    process = subprocess.Popen([str(mpiexec()), "-n", "2", *words], cwd=tmp_path, stdout=pipe, stderr=pipe, text=True)
    status, _, stderr = finish(process)
    assert status != 0
    assert "Error: rank 1: no such file: rows.csv" in stderr
    assert children(tmp_path / "elsewhere") == 0


def test_a_usage_error_of_one_rank_ends_all(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "deep_nn", "train", "--quiet", "--epochs"]
    command = [str(mpiexec()), "-n", "1", *program, "2", ":", "-n", "1", *program, "x"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "Error: rank 1: Invalid value for '--epochs'" in done.stderr


def test_ranks_with_other_data_are_refused(tmp_path: Path) -> None:
    for folder, odd in ((tmp_path, 0), (tmp_path / "elsewhere", 1)):
        folder.mkdir(exist_ok=True)
        rows = "".join(f"{i % 7},{i % 5},{(i + odd * (i == 9)) % 2}\n" for i in range(60))
        (folder / "rows.csv").write_text(f"a,b,y\n{rows}")
    script = tmp_path / "rank.sh"
    script.write_text('#!/bin/sh\n[ "$PMI_RANK" = 1 ] && cd elsewhere\nexec "$@"\n')
    script.chmod(0o755)
    words = [str(script), sys.executable, "-m", "deep_nn", "train", "--data", "rows.csv", "--shards", "2", "--quiet"]
    done = subprocess.run(
        [str(mpiexec()), "-n", "2", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert without_progress(done.stderr) == "Error: rank 1 has other data than rank 0\n"


def test_standard_input_is_refused(tmp_path: Path) -> None:
    status, _, stderr = finish(start(tmp_path, 2, "train", "--data", "-"))
    assert status == 2
    assert "standard input (-) reaches one of several ranks only; give a file" in stderr


def test_other_commands_are_left_to_rank_0(tmp_path: Path) -> None:
    assert finish(start(tmp_path, 3, "--version"))[1].count("version") == 1
    status, stdout, _ = finish(start(tmp_path, 2, "datasets"))
    assert status == 0
    assert stdout.count("moons") == finish(start(tmp_path, 1, "datasets"))[1].count("moons")


def test_idle_ranks_are_remarked_on(tmp_path: Path) -> None:
    status, _, stderr = finish(start(tmp_path, 2, "train", "--epochs", "1"))
    assert status == 0
    assert (
        "Note: a batch of 64 examples is a single shard, so all ranks compute the same; --shards 2 shares it out"
        in stderr
    )


def test_a_comparison_on_ranks_has_the_bits_of_one_process(tmp_path: Path) -> None:
    words = ("compare-l2", "0", "0.1", "--data", "moons:points=60", "--epochs", "2", "--json", "--quiet")
    alone = finish(start(tmp_path, 1, *words))
    ranks = finish(start(tmp_path, 3, *words, "--executor", "mpi"))
    assert ranks[0] == alone[0] == 0

    def comparable(text: str) -> str:
        import json

        def without_seconds(value: object) -> object:
            if isinstance(value, dict):
                return {name: without_seconds(each) for name, each in value.items() if name != "seconds"}
            return [without_seconds(each) for each in value] if isinstance(value, list) else value

        return json.dumps(without_seconds(json.loads(text)))

    assert comparable(ranks[1]) == comparable(alone[1])
