"""Journals of finished work: a file of one JSON line each, shared by processes that append to it.

A line is appended under a lock and synchronized to the disk, so one that is there is whole; what a killed process left
of a line is cut off by the next one to append. Locks are those of POSIX, on bytes far behind the end of the file: they
end with their process, also on a shared folder if its file system has such locks (NFS 4 does). Where there are none,
as on Windows, only one process may use a journal at a time.
"""

import contextlib
import errno
import hashlib
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.printable import printable
from nn_core.storage.json_file import Schema, parse_json

if sys.platform != "win32":
    import fcntl

APPENDING = 2**62
"""The byte that is locked while a line is appended; no file is that large."""
CLAIMS = 2**61
"""The first of the bytes that stand for the work in progress, by key."""
LONGEST_LINE = 1 << 28
"""Most bytes of a line: a run with 1,000,000 recorded losses has a tenth of it."""


class Journal:
    """The records of finished work, by key; open while used as a context.

    path    the file, created if it does not exist
    schema  what a record must be, without its key

    Only one object of a process may have the file open: closing a file ends all locks of the process on it.
    Entering raises DataError if the file cannot be opened or is not such a journal.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path, self.schema = path, {"key": str, **schema}
        self.records: dict[str, Mapping[str, Any]] = {}
        self._descriptor = -1
        self._position = 0

    def __enter__(self) -> Self:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            self._descriptor = os.open(self.path, flags, 0o666)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{printable(self.path)} cannot be opened: {reason}") from None
        try:
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                raise DataError(f"{printable(self.path)} is not a regular file")
            self.refresh()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def refresh(self) -> None:
        """Read the lines that were added since the last time."""
        size = os.fstat(self._descriptor).st_size
        if size <= self._position:
            return
        require_memory(size - self._position, printable(self.path))
        found = self._read(self._position, size - self._position)
        whole, newline, _ = found.rpartition(b"\n")
        if not newline and len(found) > LONGEST_LINE:
            raise self._damage("has a line that is too long")
        for line in whole.split(b"\n") if newline else []:
            record = self._parsed(line)
            self.records.setdefault(record["key"], record)
            self._position += len(line) + 1

    def append(self, key: str, record: Mapping[str, Any]) -> None:
        """Add a record that stays. Raises DataError if it cannot be written."""
        import json

        line = json.dumps({"key": key, **record}, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        try:
            with self._locked():
                self.refresh()  # up to what may be left of a line
                os.ftruncate(self._descriptor, self._position)
                os.lseek(self._descriptor, self._position, os.SEEK_SET)
                rest = memoryview(line)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
                os.fsync(self._descriptor)
        except OSError as error:
            raise DataError(f"{printable(self.path)} cannot be written: {error.strerror or error}") from None
        self.refresh()

    def claim(self, key: str) -> bool:
        """Reserve work until `release`, or the end of this process; False if another process has reserved it."""
        return self._lock(_place(key), wait=False)

    def release(self, key: str) -> None:
        """End a reservation."""
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _place(key))

    def _parsed(self, line: bytes) -> dict[str, Any]:
        number = len(self.records) + 1
        try:
            record: dict[str, Any] = parse_json(line, self.schema, source=f"{printable(self.path)}, line {number}")
        except DataError as error:
            raise DataError(f"not a journal of this command: {error}") from None
        return record

    def _damage(self, problem: str) -> DataError:
        return DataError(f"not a journal of this command: {printable(self.path)} {problem}")

    def _read(self, start: int, size: int) -> bytes:
        os.lseek(self._descriptor, start, os.SEEK_SET)
        blocks = []
        while size > 0:
            block = os.read(self._descriptor, min(size, 1 << 24))
            if not block:
                break
            blocks.append(block)
            size -= len(block)
        return b"".join(blocks)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._lock(APPENDING, wait=True)
        try:
            yield
        finally:
            if sys.platform != "win32":
                with contextlib.suppress(OSError):
                    fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, APPENDING)

    def _lock(self, place: int, *, wait: bool) -> bool:
        """Lock a byte; True where there are no locks."""
        if sys.platform == "win32":
            return True
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, place)
        except OSError as error:
            return error.errno not in {errno.EACCES, errno.EAGAIN}
        return True

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _place(key: str) -> int:
    """The byte that stands for a key."""
    return CLAIMS + int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big")
