"""The bytes of an HDF5 file, which this package reads itself.

The HDF5 library ends the process on some damaged files, opens others that a file names, and
allocates what a file declares. Here a number of a file is an offset into it or a count, checked
before use.

    superblock 0, 1   signature, 1 byte version, 4 others, 1 size of addresses, 1 of lengths,
                      9 others (13 in version 1); addresses: base, free space, end, driver;
                      the root's entry: name, address of its header
    superblock 2, 3   signature, 1 byte version, 1 size of addresses, 1 of lengths, 1 flags;
                      addresses: base, extension, end, header of the root

Source: HDF5 File Format Specification Version 3.0, sec. II.
"""

import os
import threading
import weakref
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Self

from nn_core.errors import DataError
from nn_core.storage.file_kinds import HDF5_SIGNATURE, describe_kind
from nn_core.storage.files import open_file, printable

IN_USE = 0x05
"""Flags of a file that is open for writing."""
MOST_AT_ONCE = 1 << 30
"""Bytes of a read; systems do not read more than 2 GiB."""
FREE_BYTES = 1 << 24
"""Of structures that may be read besides twice the file: more are read again and again."""


class DamageError(DataError):
    """What is wrong with a part of a file, to follow the name of the file."""


class HDF5Bytes:
    """An open file.

    path     of the file
    size     in bytes
    address  bytes of an address
    length   bytes of a length
    root     address of the header of the outermost group

    Raises DataError for a file that is not HDF5, is cut off, or is being written.

    content  its bytes, if they are known; the path is for messages
    """

    def __init__(self, path: Path, content: bytes | memoryview | None = None) -> None:
        self.path = path
        self._content, self._file = memoryview(content or b""), None
        self._turn = threading.Lock()
        self.close: Callable[[], object] = _nothing
        if content is None:
            self._file = open_file(path)
            self.close = weakref.finalize(self, self._file.close)
            self.size = os.fstat(self._file.fileno()).st_size
        else:
            self.size = len(content)
        self._left = 2 * self.size + FREE_BYTES
        try:
            if self._file is not None:
                _lock(self._file, path)
            self._read_superblock()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def read(self, address: int, size: int) -> bytes:
        """Bytes of a structure. Raises DamageError if they are not in the file, or too many were read."""
        if address + size > self.size - self.base:
            raise DamageError("a part of it is beyond its end")
        self._left -= size
        if self._left < 0:
            raise DamageError("its parts contain each other")
        content = bytearray(size)
        self.read_into(address, memoryview(content))
        return bytes(content)

    def values(self, address: int, size: int) -> bytes:
        """Bytes of an array, which may be read any number of times."""
        self._left += size
        return self.read(address, size)

    def read_into(self, address: int, out: memoryview) -> None:
        """Fill a buffer with bytes of an array."""
        if address + len(out) > self.size - self.base:
            raise DamageError("a part of it is beyond its end")
        done = 0
        while done < len(out):
            count = self._read_at(self.base + address + done, out[done : done + MOST_AT_ONCE])
            if not count:
                raise DamageError("it became shorter")
            done += count

    def _read_at(self, place: int, out: memoryview) -> int:
        """Read at a place, whatever other threads and forked processes read."""
        if self._file is None:
            out[:] = self._content[place : place + len(out)]
            return len(out)
        if hasattr(os, "preadv"):
            return os.preadv(self._file.fileno(), [out], place)
        with self._turn:
            self._file.seek(place)
            return self._file.readinto(out) or 0

    def signed(self, address: int, size: int, signature: bytes) -> bytes:
        """Bytes of a structure that begins with a signature. Raises DamageError for another."""
        content = self.read(address, size)
        if not content.startswith(signature):
            raise DamageError(f"{signature.decode()} is not where it should be")
        return content

    def is_nowhere(self, address: int) -> bool:
        """Whether an address stands for nothing."""
        return address == (1 << 8 * self.address) - 1

    def _read_superblock(self) -> None:
        self.base = 0
        while self.values(0, min(8, self.size - self.base)) != HDF5_SIGNATURE:
            self.base = max(512, 2 * self.base)  # behind a block of the user's
            if self.base > self.size:
                found = describe_kind(self.path)
                raise DataError(f"{printable(self.path)} is not an HDF5 file{f', but {found}' if found else ''}")
        start = self.read(0, min(128, self.size - self.base))
        version = number(start, 8, 1)
        if version > 3:
            raise DataError(f"{printable(self.path)} is damaged or incomplete: it has version {version} of HDF5")
        self.address, self.length = (number(start, i, 1) for i in ((13, 14) if version < 2 else (9, 10)))
        if {self.address, self.length} - {2, 4, 8}:
            raise DataError(f"{printable(self.path)} is damaged or incomplete: its addresses have no known size")
        if version == 3 and start[11] & IN_USE:
            raise DataError(
                f"{printable(self.path)} is open in another program for writing, or was not closed by the one that"
                f" wrote it; close it there, or run: h5clear -s {printable(self.path)}"
            )
        place = 12 if version > 1 else 24 + 4 * version
        addresses = [number(start, place + i * self.address, self.address) for i in range(4 if version > 1 else 6)]
        end, self.root = addresses[2], addresses[-1]
        if end > self.size:
            raise DataError(f"{printable(self.path)} is damaged or incomplete: it has {self.size:,} bytes of {end:,}")


def number(content: bytes, place: int, size: int) -> int:
    """An unsigned number at a place. Raises DamageError if it is not there."""
    if place + size > len(content):
        raise DamageError("a part of it is too short")
    return int.from_bytes(content[place : place + size], "little")


def _nothing() -> None:
    """For content in memory, which needs no closing."""


def _lock(file: BufferedReader, path: Path) -> None:
    """Share the file with readers, as the HDF5 library does. Raises DataError if a program writes it."""
    if os.environ.get("HDF5_USE_FILE_LOCKING", "").upper() in {"FALSE", "0"}:
        return
    try:
        import fcntl
    except ImportError:  # Windows locks files by itself
        return
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(
            f"{printable(path)} is open in another program for writing; close it there (file.close()) and try again"
        ) from None
    except OSError:  # the file system has no locks
        pass
