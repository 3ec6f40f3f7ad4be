"""Archives: what is unpacked, and that nothing lands beside the target."""

import io
import zipfile
from pathlib import Path

import pytest

from nn_core.errors import DataError
from nn_core.storage.archives import contents_sha256, file_sha256, unpack

FILES = {"0/a.jpg": b"zero", "1/b.jpg": b"one" * 1000, "1/c.jpg": b""}


def packed(folder: Path, files: dict[str, bytes], prefix: str = "repository/photos/") -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("repository/README.md", b"left out")
        for name, content in files.items():
            archive.writestr(prefix + name, content)
    path = folder / "archive.zip"
    path.write_bytes(buffer.getvalue())
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_the_folder_asked_for_is_unpacked(tmp_path: Path) -> None:
    archive = packed(tmp_path, FILES | {"1/.DS_Store": b"of a file manager"})
    unpack(archive, "photos", tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


@pytest.mark.parametrize("name", ["../../evil", "0/../../../evil", "c:/evil", "..\\evil"])
def test_no_path_leads_out_of_the_target(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path, {name: b"evil"})
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="path outside the folder"):
        unpack(archive, "photos", tmp_path / "out")
    assert contents(tmp_path) == {"archive.zip": archive.read_bytes()}


def test_more_than_may_be_unpacked(tmp_path: Path) -> None:
    archive = packed(tmp_path, FILES)
    with pytest.raises(DataError, match="too large: 3,004 bytes"):
        unpack(archive, "photos", tmp_path / "out", limit=3003)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("cut", [30, 100])
def test_a_damaged_archive(tmp_path: Path, cut: int) -> None:
    archive = packed(tmp_path, FILES)
    archive.write_bytes(archive.read_bytes()[:-cut])
    with pytest.raises(DataError, match="is damaged"):
        unpack(archive, "photos", tmp_path / "out")


def test_a_file_and_a_folder_of_one_name(tmp_path: Path) -> None:
    archive = packed(tmp_path, {"a": b"file", "a/b": b"below it"})
    with pytest.raises(DataError, match="is damaged"):
        unpack(archive, "photos", tmp_path / "out")


def test_hashes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(tmp_path / "a") == expected
    before = contents_sha256(tmp_path)
    (tmp_path / ".hidden").write_bytes(b"")
    assert contents_sha256(tmp_path) == before
    (tmp_path / "b").write_bytes(b"")
    assert contents_sha256(tmp_path) != before
