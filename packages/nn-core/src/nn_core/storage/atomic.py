"""Atomic file writes."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from nn_core.storage.part_file import PartFile


def atomic_write(path: Path, content: bytes) -> None:
    """Write to a temporary file in the same folder, then rename it: no partial file is ever visible.

    An existing file is unchanged until the new one is complete, or permanently if writing fails. The new one has its
    permissions, and its owner if the system permits that. Raises OSError that names `path`, after removing the
    temporary file.
    """
    try:
        target = resolved(path)
        if target.exists() and not target.is_file():
            target.write_bytes(content)  # write to devices and pipes directly; never replace them
            return
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    atomic_write_all({path: content})


def atomic_write_all(contents: Mapping[Path, bytes]) -> None:
    """Write several files, all or none: all are complete before the first is renamed.

    If a rename fails, the files already renamed are restored from memory, so pass the largest file
    last. Only a process killed between two renames leaves inconsistent files. Raises OSError that
    names the file.
    """
    parts: dict[Path, PartFile] = {}
    replaced: dict[Path, bytes | None] = {}
    path = Path()
    try:
        for path, content in contents.items():
            parts[path] = part = PartFile(resolved(path))
            part.file.write(content)
            part.complete()
        for left, (path, part) in zip(reversed(range(len(parts))), parts.items(), strict=True):  # noqa: B007
            earlier = part.target.read_bytes() if left and part.target.exists() else None
            part.rename()
            replaced[part.target] = earlier
    except BaseException as error:
        for part in parts.values():
            part.discard()
        for target, before in replaced.items():
            with contextlib.suppress(OSError):
                target.unlink() if before is None else atomic_write(target, before)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


@contextlib.contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """A file to write in parts, renamed to `path` at the end of the block, or removed if it raises.

    Raises OSError that names `path`.
    """
    part = None
    try:
        part = PartFile(resolved(path))
        yield cast(BinaryIO, part.file)
        part.complete()
        part.rename()
    except BaseException as error:
        if part is not None:
            part.discard()
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def resolved(path: Path) -> Path:
    """The target of symbolic links, so that a rename does not replace the link.

    A loop of links has no target: its status cannot be asked for, which is an OSError.
    """
    return Path(os.path.realpath(path))


def atomic_append(path: Path, content: bytes) -> None:
    """Append all of `content` to a file, or nothing. Raises OSError, naming `path`."""
    size = None
    try:
        with path.open("ab", buffering=0) as file:
            size = file.tell() if path.is_file() else None
            written = file.write(content)
            if written < len(content):
                file.write(content[written:])
    except OSError as error:
        if size is not None:
            os.truncate(path, size)
        raise OSError(error.errno, error.strerror, str(path)) from None
