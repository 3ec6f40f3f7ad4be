"""Atomic file writes."""

import contextlib
import os
from pathlib import Path


def atomic_write(path: Path, content: bytes) -> None:
    """Write to a temporary file in the same folder, then rename it: no partial file is ever visible.

    An existing file is unchanged until the new one is complete, or permanently if writing fails.
    Raises OSError that names `path`, after removing the temporary file.
    """
    import secrets

    # Resolve links, so that the rename replaces the target and not the link.
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        target.write_bytes(content)  # write to devices and pipes directly; never replace them
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
