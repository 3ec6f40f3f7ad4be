"""Archives: what is unpacked, and that nothing lands beside the target."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from nn_core.errors import DataError
from nn_core.storage import archives
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


def patched(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """An archive with another value in the first record of a kind."""
    start = content.index(signature) + offset
    return content[:start] + value + content[start + len(value) :]


CENTRAL, LOCAL = b"PK\1\2", b"PK\3\4"


def one_member(method: int = zipfile.ZIP_DEFLATED, content: bytes = b"one" * 100, count: int = 1) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for i in range(count):
            archive.writestr(f"photos/{i}", content)
    return buffer.getvalue()


def overlapping() -> bytes:
    whole = one_member(count=2)
    second = whole.rindex(CENTRAL)
    return whole[: second + 42] + bytes(4) + whole[second + 46 :]  # both begin at 0


def twice() -> bytes:
    whole = one_member(count=2)
    return whole.replace(b"photos/1", b"photos/0")


REFUSED = {
    "of version 9.9": (patched(one_member(), CENTRAL, 6, b"\x63"), "zip file version 9.9"),
    "encrypted": (patched(one_member(), CENTRAL, 8, b"\1"), "is encrypted; save it without a password"),
    "LZMA": (one_member(zipfile.ZIP_LZMA), "is compressed by LZMA, which is not supported"),
    "bzip2": (one_member(zipfile.ZIP_BZIP2), "is compressed by bzip2"),
    "of an unknown method": (patched(one_member(), CENTRAL, 10, b"\x4d"), "is compressed by method 77"),
    "stored in another size": (patched(one_member(zipfile.ZIP_STORED), CENTRAL, 24, b"\7"), "its sizes differ"),
    "overlapping": (overlapping(), "overlaps another member"),
    "twice": (twice(), "is there twice"),
    "declared too large": (patched(one_member(), CENTRAL, 24, b"\xff\xff\xff\x7f"), "2,147,483,647 bytes declared"),
    "declared too small": (patched(one_member(), CENTRAL, 24, b"\7\0"), "Bad CRC-32"),
    "into the directory": (patched(one_member(), CENTRAL, 20, b"\xff\xff"), "goes on into the directory"),
    "damaged": (patched(one_member(), LOCAL, 38, b"\xff\xff\xff"), "is damaged"),
    "a bomb": (one_member(content=bytes(10_000)), "bytes to 10 kB, as files do that are made to fill"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_members_that_no_honest_archive_has(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, message = REFUSED[case]
    monkeypatch.setattr("nn_core.storage.compressed.LARGE", 5000)
    path = tmp_path / "archive.zip"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        unpack(path, "photos", tmp_path / "out")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_written_is_counted_whatever_the_archive_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "archive.zip"
    path.write_bytes(one_member(content=bytes(range(250)) * 10))
    monkeypatch.setattr(archives, "_members", lambda archive, inside: lying(archive))

    def lying(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
        (member,) = archive.infolist()
        yield Declared.of(member), PurePosixPath("a")

    with pytest.raises(DataError, match="too large: 2,500 bytes; the limit is 2,000"):
        unpack(path, "photos", tmp_path / "out", limit=2000)


class Declared(zipfile.ZipInfo):
    """A member that gives its true size to the one who unpacks, and 1 byte to the one who asks first."""

    asked = 0

    @classmethod
    def of(cls, member: zipfile.ZipInfo) -> "Declared":
        found = cls(member.filename)
        for name in zipfile.ZipInfo.__slots__:
            if hasattr(member, name) and name != "file_size":
                setattr(found, name, getattr(member, name))
        found.size = member.file_size
        return found

    @property
    def file_size(self) -> int:  # type: ignore[override]
        self.asked += 1
        return 1 if self.asked == 1 else self.size

    @file_size.setter
    def file_size(self, size: int) -> None:
        self.size = size


def test_a_directory_of_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "archive.zip"
    path.write_bytes(one_member(count=100))
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 5000)
    with pytest.raises(DataError, match="has too many members"):
        unpack(path, "photos", tmp_path / "out")


def test_a_failed_write_is_not_the_fault_of_the_archive(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="name too long"):
        unpack(packed(tmp_path, FILES), "photos", tmp_path / ("a" * 1000))


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
