"""Who is saving to a file: two runs that save to one would each destroy what the other has saved.

The process locks one byte far behind the end of the file. The lock ends with the process, says which one holds it, and
does not concern readers. (HDF5 locks whole files by other means.) Since saving replaces the file, the lock is renewed
after each save. Where a file system or the platform has no such locks, nothing is locked.
"""

import contextlib
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

from nn_core.errors import CheckpointError
from nn_core.printable import printable

if sys.platform != "win32":
    import fcntl

BYTE = 2**62
"""The place of the lock; no file is that large."""

_LAYOUTS: dict[str, tuple[str, Callable[[int], tuple[int, ...]], int, int]] = {
    "linux": ("hhqqi4x", lambda kind: (kind, os.SEEK_SET, BYTE, 1, 0), 0, 4),
    "darwin": ("qqihh", lambda kind: (BYTE, 1, 0, kind, os.SEEK_SET), 3, 2),
}
"""By platform, of C's `struct flock`: its format, its values, and where among them are the type and the process."""


class SaveLock:
    """The mark that this process saves to a file, as a context; the file may not exist yet.

    Entering raises CheckpointError if another process holds the mark.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self.check()
        self.renew()
        return self

    def __exit__(self, *error: object) -> None:
        self._release()

    def check(self) -> None:
        """Raise CheckpointError if another process saves to the file."""
        with contextlib.suppress(OSError):
            if self._descriptor is not None and os.path.samestat(self.path.stat(), os.fstat(self._descriptor)):
                return  # to open it again and close it would end the lock
            descriptor = self._open()
            try:
                holder = _holder(descriptor)
            finally:
                os.close(descriptor)
            if holder is not None:
                raise CheckpointError(
                    f"another run (process {holder}) is saving to {printable(self.path)}; save to another file"
                )

    def renew(self) -> None:
        """Mark the file that now has the name."""
        self._release()
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                descriptor = self._descriptor = self._open()
                fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, BYTE)

    def _open(self) -> int:
        return os.open(self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))

    def _release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _holder(descriptor: int) -> int | None:
    """The number of the process that holds the lock, if another one does."""
    if sys.platform == "win32" or sys.platform not in _LAYOUTS or sys.maxsize < 2**32:
        return None
    layout, values, kind, process = _LAYOUTS[sys.platform]
    asked = struct.pack(layout, *values(fcntl.F_WRLCK))
    found = struct.unpack(layout, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    is_ours = BYTE in found and found[kind] != fcntl.F_UNLCK  # and not a lock on the whole file
    return found[process] if is_ours else None
