"""Two processes that save to one file: the second is told of the first."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nn_core.errors import CheckpointError
from nn_core.storage.atomic import atomic_write
from nn_core.storage.save_lock import SaveLock
from nn_core.testing import write_hdf5

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the holder is known on Linux and macOS")

SAVING = """
import sys
from pathlib import Path
from nn_core.storage.atomic import atomic_write
from nn_core.storage.save_lock import SaveLock

path = Path(sys.argv[1])
with SaveLock(path) as lock:
    print("ready", flush=True)
    for line in sys.stdin:
        lock.check()
        atomic_write(path, line.encode())
        lock.renew()
        print("saved", flush=True)
"""


@contextmanager
def another_run(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that saves to a file whatever is written to it, line by line."""
    command = [sys.executable, "-c", SAVING, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def let_it_save(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{text}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "saved\n"


def test_while_another_process_saves_to_a_file_nobody_else_may(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(b"earlier")
    with another_run(path) as process:
        words = rf"another run \(process {process.pid}\) is saving to .*x\.h5"
        with pytest.raises(CheckpointError, match=words), SaveLock(path):
            pass
        let_it_save(process, "one")
        let_it_save(process, "two")
        with pytest.raises(CheckpointError, match=words):
            SaveLock(path).check()
        SaveLock(tmp_path / "y.h5").check()
    SaveLock(path).check()  # the lock has ended with its process


def test_a_file_that_another_process_has_created_meanwhile_is_found_before_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with SaveLock(path) as ours, another_run(path) as process:
        ours.check()
        let_it_save(process, "theirs")
        with pytest.raises(CheckpointError, match="another run"):
            ours.check()


def test_a_file_deleted_and_saved_anew_is_marked_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with another_run(path) as process:
        let_it_save(process, "one")
        path.unlink()
        let_it_save(process, "two")
        with pytest.raises(CheckpointError, match="another run"):
            SaveLock(path).check()


def test_readers_are_not_kept_away_and_keep_nobody_away(tmp_path: Path) -> None:
    import h5py

    path = write_hdf5(tmp_path / "x.h5", a=[1.0])
    with another_run(path), h5py.File(path) as file:
        assert file["a"][0] == 1.0
    with h5py.File(path), another_run(path):
        pass


def test_a_lock_on_the_whole_file_as_that_of_a_reader_on_a_network_file_system_is_not_taken_for_a_run(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(b"earlier")
    reading = (
        "import fcntl, sys; file = open(sys.argv[1]); fcntl.lockf(file, fcntl.LOCK_SH); print(flush=True); input()"
    )
    command = [sys.executable, "-c", reading, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        SaveLock(path).check()
        process.kill()


def test_our_own_lock_is_not_lost_by_checking(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(b"earlier")
    with SaveLock(path) as ours:
        ours.check()
        atomic_write(path, b"new")
        ours.renew()
        ours.check()
        refused = subprocess.run([sys.executable, "-c", SAVING, str(path)], stderr=subprocess.PIPE, check=False)
        assert f"another run (process {os.getpid()})".encode() in refused.stderr


def test_without_locks_it_goes_on_silently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(b"earlier")

    def refuse(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr("fcntl.lockf", refuse)
    monkeypatch.setattr("fcntl.fcntl", refuse)
    with SaveLock(path) as ours:
        ours.check()
        ours.renew()
