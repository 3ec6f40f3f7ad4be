"""Atomic file writes."""

import contextlib
import os
from pathlib import Path


def atomic_write(path: Path, content: bytes) -> None:
    """Write to a temporary file beside `path`, then rename it: nobody ever sees half a file.

    An existing file of that name stays as it was until the new one is complete, and for good
    if the disk is full. Raises OSError that names `path`, and leaves nothing behind.
    """
    import secrets

    # Follow a link to what it points at, so that the link itself survives the renaming.
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        target.write_bytes(content)  # a device or a pipe is written to, and never replaced
        return
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def atomic_append(path: Path, content: bytes) -> None:
    """Append all of `content` to a file, or nothing. Raises OSError that names `path`."""
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
