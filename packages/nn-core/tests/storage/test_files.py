"""Opening files that a user names, and names of files in messages and titles."""

import os
import socket
from pathlib import Path

import pytest

from nn_core.errors import DataError
from nn_core.storage import files
from nn_core.storage.file_kinds import file_kind
from nn_core.storage.files import check_file, open_file, without_folders
from nn_core.storage.idx import read_idx
from nn_core.storage.images import open_image
from nn_core.storage.npz import list_npz, read_npy
from nn_core.storage.safetensors import read_safetensors
from nn_core.storage.text import TextFile, read_csv, read_text
from nn_core.storage.toml_file import read_toml
from nn_core.tables.reader import read_table

READERS = {
    "file_kind": file_kind,
    "list_npz": list_npz,
    "read_npy": lambda path: read_npy(path, "x"),
    "read_idx": read_idx,
    "open_image": lambda path: open_image(path).__enter__(),
    "read_safetensors": lambda path: read_safetensors(path, {}, "float32"),
    "TextFile": TextFile,
    "read_text": read_text,
    "read_csv": read_csv,
    "read_toml": read_toml,
    "read_table": lambda path: read_table(path, name=str(path)),
}
posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


def message_of(path: Path, read: object = check_file) -> str:
    assert callable(read)
    with pytest.raises(DataError) as caught:
        read(path)
    return str(caught.value)


@posix
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_every_reader_refuses_pipes_and_devices_at_once(reader: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "fifo" if kind == "pipe" else Path("/dev/zero")
    if kind == "pipe":
        os.mkfifo(path)
    assert message_of(path, READERS[reader]) == f"{path} is not a regular file"


@posix
def test_sockets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the names of sockets must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("one")
        assert message_of(Path("one")) == "one is not a regular file"


@posix
def test_a_pipe_in_place_of_a_file_that_was_checked_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    os.mkfifo(path)
    check, seen = files._check_mode, []

    def check_later(found: os.stat_result, path: Path) -> None:
        seen.append(path)
        if len(seen) > 1:
            check(found, path)

    monkeypatch.setattr(files, "_check_mode", check_later)
    assert message_of(path) == f"{path} is not a regular file"
    assert len(seen) == 2


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("name", ["mem", "environ"])
def test_files_of_the_kernel_are_empty(name: str) -> None:
    assert message_of(Path("/proc/self", name)) == f"/proc/self/{name} is empty"


def test_what_is_no_file(tmp_path: Path) -> None:
    assert message_of(tmp_path) == f"{tmp_path} is a directory, not a file"
    assert message_of(tmp_path / "none") == f"no such file: {tmp_path / 'none'}"
    assert "cannot be read: embedded null byte" in message_of(Path("a\0b"))
    (tmp_path / "a").touch()
    assert message_of(tmp_path / "a") == f"{tmp_path / 'a'} is empty"
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be read: " in message_of(tmp_path / "loop")


def test_a_file_is_opened_at_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with open_file(tmp_path / "a") as file:
        assert (file.read(), file.name) == (b"abc", str(tmp_path / "a"))


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("moons:noise=0.3", "moons:noise=0.3"),
        ("/data/rows.csv, held out", "rows.csv, held out"),
        ("../a/set.h5 (train/images, train/labels)", "set.h5 (images, labels)"),
        (r"C:\data\rows.csv and photos/hands", "rows.csv and hands"),
    ],
)
def test_titles_name_files_without_folders(source: str, title: str) -> None:
    assert without_folders(source) == title
