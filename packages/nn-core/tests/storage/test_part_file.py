"""Temporary files: abandoned ones are removed, those of living writers are not; permissions are those of the target."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from nn_core.storage import part_file
from nn_core.storage.atomic import atomic_write, atomic_writer
from nn_core.storage.part_file import PartFile, sweep

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and locks")

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from nn_core.storage import atomic

atomic.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
atomic.atomic_write(Path(sys.argv[1]), b"new")
"""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@posix
def test_what_a_killed_process_left_is_removed_by_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "file"
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(path)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(names_in(tmp_path)) == 1
    atomic_write(tmp_path / "another", b"")
    assert len(names_in(tmp_path)) == 2
    atomic_write(path, b"new")
    assert names_in(tmp_path) == ["another", "file"]


@posix
def test_a_file_that_is_being_written_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with atomic_writer(path) as out:
        out.write(b"slow")
        sweep(path)
        atomic_write(path, b"quick")
        assert path.read_bytes() == b"quick"
    assert path.read_bytes() == b"slow"
    assert names_in(tmp_path) == ["file"]


@posix
@pytest.mark.parametrize("place", ["a folder", "a link", "a pipe"])
def test_only_files_are_removed(tmp_path: Path, place: str) -> None:
    odd = tmp_path / f"{part_file._prefix(tmp_path / 'file')}00000000.part"
    if place == "a folder":
        odd.mkdir()
    elif place == "a pipe":
        os.mkfifo(odd)
    else:
        (tmp_path / "elsewhere").touch()
        odd.symlink_to("elsewhere")
    atomic_write(tmp_path / "file", b"new")
    assert os.path.lexists(odd)


@posix
def test_without_locks_nothing_is_removed_and_files_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    left = PartFile(path)

    def refuse(*_: Any) -> NoReturn:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    sweep(path)
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"
    assert left.path.exists()
    left.discard()


@posix
def test_a_file_taken_for_abandoned_before_it_was_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, taken = part_file._lock, []

    def lose_the_first(descriptor: int) -> bool | None:
        if not taken:
            taken.extend(tmp_path.iterdir())
            taken[0].unlink()
        return lock(descriptor)

    monkeypatch.setattr(part_file, "_lock", lose_the_first)
    atomic_write(tmp_path / "file", b"new")
    assert taken
    assert names_in(tmp_path) == ["file"]


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o664])
def test_an_existing_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    path.chmod(mode)
    part = PartFile(path)
    assert mode_of(part.path) == 0o600
    part.discard()
    atomic_write(path, b"new")
    assert (path.read_bytes(), mode_of(path)) == (b"new", mode)


@posix
@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o022, 0o644)])
def test_a_new_file_follows_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        atomic_write(tmp_path / "file", b"new")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "file") == mode


@posix
@pytest.mark.parametrize(("mode", "kept"), [(0o660, 0o600), (0o664, 0o644), (0o644, 0o644), (0o640, 0o600)])
def test_another_group_may_do_no_more_than_anyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, kept: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    path.chmod(mode)
    status = path.stat()
    others = os.stat_result((*status[:4], status.st_uid + 1, status.st_gid + 1, *status[6:]))
    monkeypatch.setattr(part_file, "_status", lambda _: others)

    def refuse(*_: Any) -> NoReturn:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr("os.fchown", refuse)
    atomic_write(path, b"new")
    assert (path.read_bytes(), mode_of(path)) == (b"new", kept)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_an_existing_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    os.chown(path, 12345, 23456)
    path.chmod(0o640)
    atomic_write(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid, mode_of(path)) == (12345, 23456, 0o640)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="extended attributes are Linux")
def test_an_existing_file_keeps_its_extended_attributes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    try:
        os.setxattr(path, "user.origin", b"here")
    except OSError:
        pytest.skip("not on this file system")
    atomic_write(path, b"new")
    assert os.getxattr(path, "user.origin") == b"here"


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255 if sys.platform != "win32" else "n" * 100)
    atomic_write(path, b"new")
    assert names_in(tmp_path) == [path.name]


@posix
def test_a_loop_of_links_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for write in (lambda path: atomic_write(path, b"new"), lambda path: atomic_writer(path).__enter__()):
        with pytest.raises(OSError, match=os.strerror(errno.ELOOP)) as caught:
            write(tmp_path / "a")
        assert caught.value.filename == str(tmp_path / "a")
    assert names_in(tmp_path) == ["a", "b"]
    assert (tmp_path / "a").is_symlink()
