"""What every reader needs: a file that can be read, a bound on its size, errors on one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nn_core.errors import DataError, NNError

MAX_BYTES = 8 * 1024**3
"""The largest array or archive that is read into memory or unpacked: 8 GiB."""


def printable(text: object) -> str:
    """A path, name or foreign message on one line, with unprintable characters escaped."""
    line = str(text)
    return line if line.isprintable() else repr(line)[1:-1]


def listing(names: list[str], what: str = "keys") -> str:
    """The first names in a file, for a message that says what was found instead."""
    return f"its {what} are {printable(', '.join(names[:20]))}" if names else f"it has no {what}"


def exists(path: Path) -> bool:
    """Whether there is something at the path, even if it may not be looked at."""
    try:
        return path.exists()
    except OSError:
        return True


def check_file(path: Path) -> None:
    """Raise DataError unless the path is a regular file that can be read and is not empty."""
    try:
        if path.is_dir():
            raise DataError(f"{printable(path)} is a directory, not a file")
        if not path.exists():
            raise DataError(f"no such file: {printable(path)}")
        if not path.is_file():
            raise DataError(f"{printable(path)} is not a regular file")
        with path.open("rb") as file:
            first = file.read(1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{printable(path)} cannot be read: {printable(reason)}") from None
    if not first:
        raise DataError(f"{printable(path)} is empty")


def check_bytes(size: int, source: str, limit: int | None = None) -> None:
    """Raise DataError for more bytes than may be read at once: `limit`, or MAX_BYTES.

    A damaged or hostile file of a few hundred bytes can announce an array of terabytes.
    """
    most = MAX_BYTES if limit is None else limit
    if size > most:
        raise DataError(f"{source} is too large: {size:,} bytes, and at most {most:,} are read")


@contextmanager
def decoding_errors(path: Path, kind: str) -> Iterator[None]:
    """Turn any exception that a decoder raises over a broken file into one DataError.

    kind  what the file should be, with an article: "an HDF5 file"
    Decoders of untrusted files raise errors of every type; each means that this file is not a
    whole one of its kind.
    """
    try:
        yield
    except NNError:
        raise
    except MemoryError:
        raise DataError(f"{printable(path)} does not fit into memory") from None
    except Exception as error:  # noqa: BLE001
        reason = printable(" ".join(str(error).split())[:200]) or type(error).__name__
        raise DataError(f"{printable(path)} is not {kind}, or is damaged: {reason}") from None
