"""Common checks of file readers: readable files, size limits, one-line errors."""

import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nn_core.errors import DataError, NNError
from nn_core.printable import printable as printable  # noqa: PLC0414
from nn_core.printable import shortened

LONGEST_OF_MANY = 60
"""Most characters of each name in a list of names."""

MAX_BYTES = 8 * 1024**3
"""Maximum size of an array to read or an archive to unpack: 8 GiB."""


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


def check_file(path: Path) -> None:
    """Raise DataError unless the path is a readable, nonempty regular file."""
    try:
        if path.is_dir():
            raise DataError(f"{printable(path)} is a directory, not a file")
        if not path.exists():
            raise DataError(f"no such file: {printable(path)}")
        if is_pipe_or_device(path):
            raise DataError(f"{printable(path)} is not a regular file")
        with path.open("rb") as file:
            first = file.read(1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{printable(path)} cannot be read: {printable(reason)}") from None
    if not first:
        raise DataError(f"{printable(path)} is empty")


def check_bytes(size: int, source: str, limit: int | None = None) -> None:
    """Raise DataError if a size exceeds the limit: `limit`, or MAX_BYTES.

    A damaged or malicious file of a few hundred bytes can declare an array of terabytes.
    """
    most = MAX_BYTES if limit is None else limit
    if size > most:
        raise DataError(f"{source} is too large: {size:,} bytes; the limit is {most:,}")


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
