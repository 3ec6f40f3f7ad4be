"""Safe unpacking of ZIP archives."""

import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from nn_core.errors import DataError
from nn_core.storage.files import check_bytes, printable


def unpack(packed: Path, inside: str, target: Path) -> None:
    """Write the files below the folder `inside` of a ZIP archive, at any depth, into `target`.

    Hidden files (names that begin with a dot) are skipped. Raises DataError for an archive that is
    damaged, exceeds the size limit when unpacked, or has a path outside the folder; OSError if a
    file cannot be written.
    """
    try:
        with zipfile.ZipFile(packed) as archive:
            members = list(_members(archive, inside))
            check_bytes(sum(member.file_size for member, _ in members), printable(packed))
            for member, path in members:
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, (target / path).open("xb") as copy:
                    shutil.copyfileobj(source, copy)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        FileExistsError,
        NotADirectoryError,
        RuntimeError,
        ValueError,
    ) as error:
        raise DataError(f"{printable(packed)} is damaged: {printable(error)}") from None


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
