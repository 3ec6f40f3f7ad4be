"""What every reader of files needs: a file that can be read, and errors on one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nn_core.errors import DataError, NNError


def printable(text: object) -> str:
    """A path, name or foreign message on one line: anything unprintable is escaped."""
    line = str(text)
    return line if line.isprintable() else repr(line)[1:-1]


def exists(path: Path) -> bool:
    """Whether something stands at the path, even if it cannot be looked at."""
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


@contextmanager
def decoding_errors(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a decoder raises over a broken file into one DataError.

    Decoders of files from anywhere raise errors of every type; each means that this file is
    not a whole one of its kind.
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
