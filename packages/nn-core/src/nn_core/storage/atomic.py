"""Atomic file writes."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO


def atomic_write(path: Path, content: bytes) -> None:
    """Write to a temporary file in the same folder, then rename it: no partial file is ever visible.

    An existing file is unchanged until the new one is complete, or permanently if writing fails.
    Raises OSError that names `path`, after removing the temporary file.
    """
    target = _resolved(path)
    if target.exists() and not target.is_file():
        try:
            target.write_bytes(content)  # write to devices and pipes directly; never replace them
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
        return
    atomic_write_all({path: content})


def atomic_write_all(contents: Mapping[Path, bytes]) -> None:
    """Write several files, all or none: all are complete before the first is renamed.

    If a rename fails, the files already renamed are restored from memory, so pass the largest file
    last. Only a process killed between two renames leaves inconsistent files. Raises OSError that
    names the file.
    """
    import secrets

    temporaries: dict[Path, Path] = {}
    replaced: dict[Path, bytes | None] = {}
    path = Path()
    try:
        for path, content in contents.items():
            target = _resolved(path)
            temporaries[path] = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
            with temporaries[path].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for left, (path, temporary) in zip(reversed(range(len(temporaries))), temporaries.items(), strict=True):
            target = _resolved(path)
            earlier = target.read_bytes() if left and target.exists() else None
            temporary.replace(target)
            replaced[target] = earlier
    except BaseException as error:
        for temporary in temporaries.values():
            with contextlib.suppress(OSError):
                temporary.unlink()
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
    import secrets

    target = _resolved(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def _resolved(path: Path) -> Path:
    """The target of symbolic links, so that a rename does not replace the link."""
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
