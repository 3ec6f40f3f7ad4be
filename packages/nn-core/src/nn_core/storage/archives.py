"""ZIP archives from untrusted sources: their members, checked before any is unpacked; safe unpacking."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from nn_core.errors import DataError, NNError
from nn_core.storage.compressed import check_ratio
from nn_core.storage.files import check_size, decoding_errors, open_file, printable

MAX_DIRECTORY = 8 * 1024**2
"""Bytes of the directory of an archive, of which each member takes at least 46."""
MAX_UNPACKED = 1024**3
"""Bytes that `unpack` writes at most: 1 GiB."""
BLOCK = 1 << 20
METHODS = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "LZMA", 93: "Zstandard", 98: "PPMd"}
"""Methods of compression that are not read."""
LOCAL_HEADER = 30
"""Least bytes of an archive before the data of a member."""


@contextmanager
def open_archive(path: Path, kind: str | None = "a ZIP archive") -> Iterator[zipfile.ZipFile]:
    """An open archive whose members are plausible; errors in the block become a DataError that names the file.

    Refused are members that are encrypted, that are compressed by another method than that of NumPy,
    that overlap, occur twice, or declare more than they can hold.

    kind  expected file type, for messages, as in `decoding_errors`
    """
    with decoding_errors(path, kind), _Bounded(open_file(path).detach()) as file, zipfile.ZipFile(file) as archive:
        _check_members(archive, printable(path))
        yield archive


def unpack(packed: Path, inside: str, target: Path, *, limit: int = MAX_UNPACKED) -> None:
    """Write the files below the folder `inside` of a ZIP archive, at any depth, into `target`.

    Hidden files (names that begin with a dot) are skipped.

    limit  bytes that are written at most
    Raises DataError for an archive that is damaged, exceeds the limit, or has a path outside the
    folder; OSError if a file cannot be written.
    """
    name = printable(packed)
    with _writing_errors(name), open_archive(packed, None) as archive:
        members = list(_members(archive, inside))
        check_size(sum(member.file_size for member, _ in members), name, limit)
        written = 0
        for member, path in members:
            with _passing_on():
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                copy = (target / path).open("xb")
            with copy, archive.open(member) as source:
                while block := source.read(BLOCK):
                    written += len(block)
                    check_size(written, name, limit)  # the declared sizes may be false
                    with _passing_on():
                        copy.write(block)


def contents_sha256(folder: Path) -> str:
    """The SHA-256 of the contents of a folder, independent of timestamps and packing.

    Computed over the lines "<path>  <SHA-256 of the file>", sorted by path, each ending in a
    newline. Hidden files are skipped.
    """
    lines = {
        path.relative_to(folder).as_posix(): file_sha256(path)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    text = "".join(f"{path}  {lines[path]}\n" for path in sorted(lines))
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Bounded(io.BufferedReader):
    """A file that refuses to be read in pieces larger than a directory, which zipfile reads at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise DataError(f"{printable(self.raw.name)} has too many members")  # type: ignore[attr-defined]
        return super().read(size)


class _WritingFailed(NNError):
    """Carries an OSError through `decoding_errors`."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def _passing_on() -> Iterator[None]:
    """Let an OSError of writing pass: the archive is not to blame."""
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise  # of an archive that has a file and a folder of one name
    except OSError as error:
        raise _WritingFailed(error) from None


@contextmanager
def _writing_errors(name: str) -> Iterator[None]:
    try:
        yield
    except _WritingFailed as failed:
        raise failed.error from None


def _check_members(archive: zipfile.ZipFile, name: str) -> None:
    """Raise DataError for members that no honest archive has."""
    seen: set[str] = set()
    end = 0
    for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
        source = f"{name} ({printable(member.filename)})"
        if member.filename in seen:
            raise DataError(f"{source} is there twice")
        seen.add(member.filename)
        if member.flag_bits & 1:
            raise DataError(f"{source} is encrypted; save it without a password")
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            method = METHODS.get(member.compress_type, f"method {member.compress_type}")
            raise DataError(f"{source} is compressed by {method}, which is not supported; use deflate")
        if member.compress_type == zipfile.ZIP_STORED and member.file_size != member.compress_size:
            raise DataError(f"{source} is damaged: its sizes differ")
        if member.header_offset < end:
            raise DataError(f"{source} is damaged: it overlaps another member")
        end = member.header_offset + LOCAL_HEADER + member.compress_size
        check_ratio(member.file_size, member.compress_size, source)
    if end > archive.start_dir:
        raise DataError(f"{name} is damaged: a member goes on into the directory")


def _members(archive: zipfile.ZipFile, inside: str) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files below the folder `inside`, each with its path in that folder."""
    for member in archive.infolist():
        parts = PurePosixPath(member.filename).parts
        if member.is_dir() or inside not in parts[:-1]:
            continue
        if ".." in parts or any(mark in part for part in parts for mark in "\\:"):
            raise ValueError(f"path outside the folder: {member.filename}")
        path = PurePosixPath(*parts[parts.index(inside) + 1 :])
        if not path.name.startswith("."):
            yield member, path
