"""A file that is written is there whole or not at all."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from nn_core.storage.atomic import atomic_write, atomic_write_all, atomic_writer


def disk_full(*_: Any) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_content_arrives(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    atomic_write(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_earlier_file_is_replaced_and_not_written_into(tmp_path: Path) -> None:
    path, other_name = tmp_path / "file", tmp_path / "other"
    path.write_bytes(b"long earlier content")
    other_name.hardlink_to(path)
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"
    assert other_name.read_bytes() == b"long earlier content"


def test_a_relative_path_means_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    atomic_write(Path("file"), b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_the_temporary_file_is_in_the_same_folder_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(
            "nn_core.storage.atomic.os.fsync", lambda _: names.extend(path.name for path in tmp_path.iterdir())
        )
        for _ in range(3):
            atomic_write(tmp_path / "file", b"new")
    temporary = {name for name in names if name != "file"}
    assert len(temporary) == 3
    assert all(name.startswith(".nn-core-") and name.endswith(".part") for name in temporary)


@pytest.mark.parametrize("earlier", [None, b"earlier"])
@pytest.mark.parametrize("moment", ["os.fsync", "Path.replace"])
def test_a_failure_keeps_what_was_there_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, earlier: bytes | None
) -> None:
    path = tmp_path / "file"
    if earlier is not None:
        path.write_bytes(earlier)
    with monkeypatch.context() as patch:
        patch.setattr(f"nn_core.storage.atomic.{moment}", disk_full)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
            atomic_write(path, b"new")
    assert (caught.value.errno, Path(caught.value.filename).name) == (errno.ENOSPC, "file")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [earlier] * (earlier is not None)


def test_a_write_that_breaks_off_half_way_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits on file sizes are POSIX")
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            atomic_write(path, bytes(1 << 21))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"earlier"]


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nn_core.storage.atomic.os.fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            atomic_write(tmp_path / "file", b"new")
    assert list(tmp_path.iterdir()) == []


def test_the_bytes_are_on_the_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    seen: list[tuple[bool, list[bytes]]] = []

    def look(_: int) -> None:
        seen.append((path.exists(), [file.read_bytes() for file in tmp_path.iterdir()]))

    with monkeypatch.context() as patch:
        patch.setattr("nn_core.storage.atomic.os.fsync", look)
        atomic_write(path, b"new")
    assert seen == [(False, [b"new"])]


@pytest.mark.parametrize("target", ["elsewhere/file", "elsewhere/new"])
def test_a_link_survives_and_what_it_points_at_is_written(tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"earlier")
    link = tmp_path / "link"
    link.symlink_to(target)
    atomic_write(link, b"new")
    assert link.is_symlink()
    assert link.readlink() == Path(target)
    assert (tmp_path / target).read_bytes() == b"new"
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("place", ["file/below", "missing/file", "folder"])
def test_a_path_that_cannot_be_written_is_an_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"\[(Errno|WinError) "):
        atomic_write(tmp_path / place, b"new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]
    assert (tmp_path / "file").read_bytes() == b"in the way"


KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from nn_core.storage import atomic

atomic.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
atomic.atomic_write(Path(sys.argv[1]), b"new")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is POSIX")
def test_a_process_killed_while_it_writes_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(path)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"earlier"


@pytest.mark.parametrize("failing", ["first", "second"])
@pytest.mark.parametrize("earlier", [None, b"earlier"])
def test_several_files_are_written_all_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, earlier: bytes | None
) -> None:
    contents = {tmp_path / "first": b"1", tmp_path / "second": b"2"}
    if earlier is not None:
        for path in contents:
            path.write_bytes(earlier)
    replace = Path.replace

    def fail(source: Path, target: Path) -> Path:
        return disk_full() if target.name == failing else replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
            atomic_write_all(contents)
    assert Path(caught.value.filename).name == failing
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [earlier] * 2 * (earlier is not None)
    atomic_write_all(contents)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == contents


def test_a_file_written_in_parts_is_there_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    with atomic_writer(path) as file:
        file.write(b"one two")
        file.seek(3)
        file.truncate()
        assert path.read_bytes() == b"earlier"
    assert path.read_bytes() == b"one"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
def test_a_file_written_in_parts_that_fails_leaves_the_earlier_one(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"earlier")

    def write() -> None:
        with atomic_writer(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(type(error)) as caught:
        write()
    assert path.read_bytes() == b"earlier"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    if isinstance(error, OSError):
        assert getattr(caught.value, "filename", None) == str(path)
