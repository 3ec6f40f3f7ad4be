"""Common checks of file readers: readable files, size limits, one-line errors."""

import errno
import io
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nn_core.errors import DataError, NNError
from nn_core.memory import require_memory
from nn_core.printable import printable as printable  # noqa: PLC0414
from nn_core.printable import shortened

LONGEST_OF_MANY = 60
"""Most characters of each name in a list of names."""


def without_folders(source: str) -> str:
    """The name of a data set with its files named without their folders, for titles: "rows.csv, held out"."""
    return re.sub(r"[^\s(]*[/\\](?=\S)", "", source)


def first_few(names: Sequence[object], limit: int = 5) -> str:
    """The first names, separated by commas, and ", ..." if there are more."""
    return ", ".join(shortened(name, LONGEST_OF_MANY) for name in names[:limit]) + (
        ", ..." if len(names) > limit else ""
    )


def listing(names: list[str], what: str = "keys") -> str:
    """The first names in a file, for messages about missing names."""
    return f"its {what} are {first_few(names, 20)}" if names else f"it has no {what}"


def exists(path: Path) -> bool:
    """Whether the path exists, even if it is not accessible."""
    try:
        return path.exists()
    except OSError:
        return True


def is_folder(path: Path) -> bool:
    """Whether the path is a directory; False if it cannot be accessed."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_pipe_or_device(path: Path) -> bool:
    """Whether the path is neither a file nor a directory, so that reading it may never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def open_file(path: Path) -> io.BufferedReader:
    """A regular, nonempty file, open for reading; all files that a user names are opened here.

    Raises DataError for anything else. A pipe, a socket or a device is refused before it is opened; one that
    takes the place of a file meanwhile neither blocks nor is read.
    """
    try:
        _check_mode(path.stat(), path)
        file = open(path, "rb", opener=_open_at_once)  # noqa: SIM115
    except FileNotFoundError:
        raise DataError(f"no such file: {printable(path)}") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    try:
        found = os.fstat(file.fileno())
        _check_mode(found, path)
        if not found.st_size:  # as are files of /proc, which may be endless
            raise DataError(f"{printable(path)} is empty")
        file.peek(1)
    except BaseException as error:
        file.close()
        if isinstance(error, OSError):
            raise _unreadable(path, error) from None
        raise
    return file


def check_file(path: Path) -> None:
    """Raise DataError unless the path is a readable, nonempty regular file."""
    open_file(path).close()


def read_file(path: Path, limit: int | None = None) -> bytes:
    """The bytes of a file. Raises DataError if there are more than `limit`, or more than fit in memory."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if limit is not None:
            check_size(size, printable(path), limit)
        require_memory(size, printable(path))
        return file.read(size)


def file_size(path: Path) -> int:
    """The size of a file in bytes. Raises DataError if it cannot be read."""
    with open_file(path) as file:
        return os.fstat(file.fileno()).st_size


def _check_mode(found: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise DataError(f"{printable(path)} is a directory, not a file")
    if not stat.S_ISREG(found.st_mode):
        raise DataError(f"{printable(path)} is not a regular file")


def _open_at_once(name: str, flags: int) -> int:
    """Open a file; a pipe without a writer would block."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _unreadable(path: Path, error: OSError | ValueError) -> DataError:
    if isinstance(error, OSError) and error.errno == errno.ENXIO:  # a socket, or a pipe to write to
        return DataError(f"{printable(path)} is not a regular file")
    reason = getattr(error, "strerror", None) or error
    return DataError(f"{printable(path)} cannot be read: {printable(reason)}")


def check_size(size: int, source: str, limit: int) -> None:
    """Raise DataError if a size in bytes exceeds a limit of the format; `require_memory` is that of the machine."""
    if size > limit:
        raise DataError(f"{source} is too large: {size:,} bytes; the limit is {limit:,}")


@contextmanager
def decoding_errors(path: Path, kind: str | None) -> Iterator[None]:
    """Convert any exception raised while decoding a file into a DataError.

    kind  expected file type, with an article: "an HDF5 file"; None if the type is known, so that
          the file can only be damaged
    Decoders of untrusted files raise exceptions of all types; each means that the file is invalid
    or damaged.
    """
    try:
        yield
    except NNError:
        raise
    except MemoryError:
        raise DataError(f"{printable(path)} does not fit in memory") from None
    except Exception as error:  # noqa: BLE001
        reason = printable(" ".join(str(error).split())[:200]) or type(error).__name__
        problem = "is damaged" if kind is None else f"is not {kind}, or is damaged"
        raise DataError(f"{printable(path)} {problem}: {reason}") from None
