"""Fetching from a server on this machine; the network is never asked."""

import dataclasses
import hashlib
import io
import socket
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from loopback import Server, serving

from nn_core.cli import download
from nn_core.cli.download import RemoteArchive, RemoteDataset, RemoteFile, data_folder, fetch, locate
from nn_core.errors import DataError
from nn_core.storage.archives import contents_sha256

CONTENT = bytes(range(256)) * 700
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(monkeypatch, CONTENT) as running:
        yield running


def dataset(*addresses: str, sha256: str = SHA256) -> RemoteDataset:
    files = tuple(RemoteFile(f"file{i}.bin", url, sha256) for i, url in enumerate(addresses))
    return RemoteDataset("toy", files, "Bytes", "made here", "none")


def message_of(failing: RemoteDataset, folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        fetch(failing, folder)
    message = str(caught.value)
    assert "\n" not in message
    assert "toy" in message
    assert "file0.bin" in message
    assert failing.files[0].url in message
    assert str(folder) in message
    return message


def test_all_files_arrive_once(server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    toy = dataset(f"{server.address}/whole", f"{server.address}/whole")
    folder = tmp_path / "new" / "folder"
    assert [locate(file, folder) for file in toy.files] == [None, None]
    paths = fetch(toy, folder)
    assert paths == (folder / "file0.bin", folder / "file1.bin")
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT]
    assert [locate(file, folder) for file in toy.files] == list(paths)
    assert sorted(folder.iterdir()) == sorted(paths)
    assert fetch(toy, folder) == paths
    assert server.asked == ["/whole", "/whole"]
    assert capfd.readouterr() == ("", "")


def test_progress_is_drawn_on_stderr(server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fetch(dataset(f"{server.address}/whole"), tmp_path, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "100%" in err


def test_a_file_that_differs_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file0.bin").write_bytes(b"other")
    (path,) = fetch(dataset(f"{server.address}/whole"), tmp_path)
    assert path.read_bytes() == CONTENT


def test_another_hash_is_refused_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    message = message_of(dataset(f"{server.address}/whole", sha256="0" * 64), tmp_path)
    assert "SHA-256 differs" in message
    assert list(tmp_path.iterdir()) == []


def test_a_failed_fetch_keeps_what_was_there(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file0.bin").write_bytes(b"mine")
    message_of(dataset(f"{server.address}/whole", sha256="0" * 64), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file0.bin"]
    assert (tmp_path / "file0.bin").read_bytes() == b"mine"


def test_not_found(server: Server, tmp_path: Path) -> None:
    assert "404 Not Found" in message_of(dataset(f"{server.address}/nothing"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_transfer_that_breaks_off(server: Server, tmp_path: Path) -> None:
    message_of(dataset(f"{server.address}/short"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def limited(address: str, most: int) -> RemoteDataset:
    return RemoteDataset("toy", (RemoteFile("file0.bin", address, SHA256, most),), "Bytes", "made here", "none")


@pytest.mark.parametrize("path", ["whole", "endless"])
def test_no_more_is_received_than_the_limit(server: Server, tmp_path: Path, path: str) -> None:
    size = len(CONTENT)
    assert "the limit" in message_of(limited(f"{server.address}/{path}", size - 1), tmp_path)
    assert list(tmp_path.iterdir()) == []
    if path == "whole":
        fetch(limited(f"{server.address}/whole", size), tmp_path)


def test_a_compressed_transfer_is_refused(server: Server, tmp_path: Path) -> None:
    assert "sent it compressed" in message_of(dataset(f"{server.address}/packed"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_falls_silent(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SILENCE", 0.2)
    assert "did not respond in time" in message_of(dataset(f"{server.address}/silent"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_unpacks_to_no_more_than_the_limit(server: Server, tmp_path: Path) -> None:
    photos = {"1/b.jpg": bytes(100_000)}
    server.content = packed(photos)
    archive = RemoteArchive("signs", f"{server.address}/whole", "photos", hash_of(photos), 99_999)
    assert len(server.content) < archive.max_bytes
    refused(RemoteDataset("toy", (archive,), "Photos", "made here", "none"), tmp_path)
    assert list(tmp_path.iterdir()) == []
    whole = dataclasses.replace(archive, max_bytes=100_000)
    fetch(RemoteDataset("toy", (whole,), "Photos", "made here", "none"), tmp_path)


def test_a_server_that_is_not_there(server: Server, tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        message = message_of(dataset(f"http://127.0.0.1:{port}/whole"), tmp_path)
    assert "cannot be reached" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sort", [RemoteFile, RemoteArchive])
def test_a_folder_that_nothing_came_into_does_not_stay(
    server: Server, tmp_path: Path, sort: type[RemoteFile] | type[RemoteArchive]
) -> None:
    (tmp_path / "old").mkdir()
    absent = f"{server.address}/nothing"
    for folder in (tmp_path / "new" / "folder", tmp_path / "old"):
        toy = dataset(absent) if sort is RemoteFile else archive_of(absent)
        with pytest.raises(DataError, match="404"):
            fetch(toy, folder)
    assert list(tmp_path.rglob("*")) == [tmp_path / "old"]


def test_what_came_before_a_failure_stays(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with pytest.raises(DataError, match=r"file1\.bin"):
        fetch(dataset(f"{server.address}/whole", f"{server.address}/nothing"), folder)
    assert [path.name for path in folder.iterdir()] == ["file0.bin"]


def test_an_address_that_is_none(tmp_path: Path) -> None:
    assert "transfer failed (InvalidURL)" in message_of(dataset("http://"), tmp_path)


def test_a_folder_that_cannot_be_one(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("in the way")
    assert "cannot write" in message_of(dataset(f"{server.address}/whole"), folder)


def test_a_checkout_keeps_data_at_its_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = tmp_path / "packages" / "nn-core" / "src" / "nn_core" / "lab" / "download.py"
    module.parent.mkdir(parents=True)
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(download, "__file__", str(module))
    assert data_folder() == tmp_path / "data"
    file = RemoteFile("set.bin", "http://127.0.0.1/set.bin", SHA256)
    assert locate(file) is None
    (tmp_path / "data" / "set.bin").write_bytes(b"")
    assert locate(file) == tmp_path / "data" / "set.bin"


def test_an_installed_package_keeps_data_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(download, "__file__", str(tmp_path / "site-packages" / "download.py"))
    folder = data_folder()
    assert "nn-core" in folder.parts
    assert Path.home() in folder.parents or folder.is_absolute()


PHOTOS = {"0/a.jpg": b"zero", "1/b.jpg": b"one" * 1000, "1/c.jpg": b"", "10/d.jpg": b"ten"}
# By sha256sum, over the lines as the module says.
PHOTOS_SHA256 = "daf1506c602635b5"


def packed(
    photos: Mapping[str, bytes],
    prefix: str = "repository-1234/photos/",
    others: Sequence[str] = ("repository-1234/README.md",),
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in others:
            archive.writestr(path, b"left out")
        for path, content in photos.items():
            archive.writestr(prefix + path, content)
    return buffer.getvalue()


def hash_of(photos: Mapping[str, bytes]) -> str:
    lines = [f"{path}  {hashlib.sha256(photos[path]).hexdigest()}\n" for path in sorted(photos)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def archive_of(address: str, sha256: str | None = None) -> RemoteDataset:
    archive = RemoteArchive("signs", address, "photos", sha256 or hash_of(PHOTOS))
    return RemoteDataset("toy", (archive,), "Photos", "made here", "none")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(failing: RemoteDataset, folder: Path) -> str:
    before = contents(folder)
    with pytest.raises(DataError) as caught:
        fetch(failing, folder)
    message = str(caught.value)
    assert message.startswith("cannot fetch toy, file signs, from http")
    assert "\n" not in message
    assert contents(folder) == before
    return message


def test_an_archive_is_unpacked_once_whatever_its_own_bytes_are(server: Server, tmp_path: Path) -> None:
    toy = archive_of(f"{server.address}/whole")
    assert locate(toy.files[0], tmp_path) is None
    server.content = packed(PHOTOS)
    assert fetch(toy, tmp_path) == (tmp_path / "signs",)
    assert contents(tmp_path / "signs") == PHOTOS
    assert [path.name for path in tmp_path.iterdir()] == ["signs"]
    assert locate(toy.files[0], tmp_path) == tmp_path / "signs"
    fetch(toy, tmp_path)
    assert server.asked == ["/whole"]
    reordered = dict(reversed(PHOTOS.items()))
    server.content = packed(reordered, "other-5678/deep/photos/", ["photos.txt", "x/photos"])
    fetch(toy, tmp_path / "again")
    assert contents(tmp_path / "again" / "signs") == PHOTOS


def test_a_folder_that_differs_is_replaced_as_a_whole(server: Server, tmp_path: Path) -> None:
    toy = archive_of(f"{server.address}/whole")
    server.content = packed(PHOTOS)
    (tmp_path / "signs" / "0").mkdir(parents=True)
    (tmp_path / "signs" / "0" / "z.jpg").write_bytes(b"other")
    fetch(toy, tmp_path)
    assert contents(tmp_path) == {f"signs/{path}": content for path, content in PHOTOS.items()}


def test_other_contents_are_refused_and_leave_all_as_it_was(server: Server, tmp_path: Path) -> None:
    server.content = packed(PHOTOS | {"1/b.jpg": b"two"})
    toy = archive_of(f"{server.address}/whole")
    assert "SHA-256 differs" in refused(toy, tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "signs").mkdir()
    (tmp_path / "signs" / "mine.jpg").write_bytes(b"mine")
    refused(toy, tmp_path)
    assert contents(tmp_path) == {"signs/mine.jpg": b"mine"}


def test_an_invalid_archive_or_missing_folder(server: Server, tmp_path: Path) -> None:
    toy = archive_of(f"{server.address}/whole")
    assert "SHA-256 differs" in refused(toy, tmp_path)
    server.content = packed(PHOTOS)[:-30]
    assert "SHA-256 differs" in refused(toy, tmp_path)
    damaged = bytearray(packed(PHOTOS))
    damaged[damaged.index(b"1/b.jpg") + 7] ^= 255
    server.content = bytes(damaged)
    refused(toy, tmp_path)
    assert "404 Not Found" in refused(archive_of(f"{server.address}/nothing"), tmp_path)
    refused(archive_of(f"{server.address}/short"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["../../evil.jpg", "0/../../../evil.jpg", "c:/evil.jpg", "..\\e"])
def test_no_path_leads_out_of_the_folder(server: Server, tmp_path: Path, path: str) -> None:
    server.content = packed(PHOTOS | {path: b"evil"})
    refused(archive_of(f"{server.address}/whole", hash_of(PHOTOS)), tmp_path / "data")
    assert contents(tmp_path) == {}


def test_the_hash_of_contents_is_that_of_the_lines(tmp_path: Path) -> None:
    for path, content in PHOTOS.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert contents_sha256(tmp_path).startswith(PHOTOS_SHA256)
    (tmp_path / "0" / ".DS_Store").write_bytes(b"of the file manager")
    assert contents_sha256(tmp_path).startswith(PHOTOS_SHA256)
    (tmp_path / "0" / "more.jpg").write_bytes(b"")
    assert not contents_sha256(tmp_path).startswith(PHOTOS_SHA256)
