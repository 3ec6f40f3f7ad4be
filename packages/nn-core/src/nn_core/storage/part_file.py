"""Files under a temporary name, which take the name of another file when they are complete.

The name does not grow with that of the file: .nn-core-<checksum of its name>-<random>.part

While it is written, the file is locked. A killed process leaves it unlocked, and the next process that writes the same
file removes it. Where a file system has no locks, nothing is removed. Where its locks do not reach other hosts, a host
may remove the unfinished file of another one, whose write then fails.
"""

import contextlib
import os
import stat
import sys
import zlib
from pathlib import Path

if sys.platform != "win32":
    import fcntl

SUFFIX = ".part"
PERMISSIONS = 0o777
"""Bits of a mode that are kept: not set-user-id."""

_swept: set[Path] = set()
"""Files whose abandoned temporary files this process has removed."""


class PartFile:
    """A new file beside another one, or where it will be; open for reading and writing.

    target  the file, without symbolic links
    Never more open to others than an existing target; a new one follows the umask. Raises OSError.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._earlier = _status(target)
        if target not in _swept:
            sweep(target)
            _swept.add(target)
        self.path, descriptor = self._create()
        self.file = os.fdopen(descriptor, "w+b")

    def _create(self) -> tuple[Path, int]:
        import secrets

        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        while True:
            path = self.target.with_name(f"{_prefix(self.target)}{secrets.token_hex(4)}{SUFFIX}")
            descriptor = os.open(path, flags, 0o666 if self._earlier is None else 0o600)
            if _lock(descriptor) is not False and os.fstat(descriptor).st_nlink > 0:
                return path, descriptor
            os.close(descriptor)  # another process took it for abandoned

    def complete(self) -> None:
        """Bring everything to the disk, with the permissions and the owner of the target."""
        self.file.flush()
        if self._earlier is not None:
            _copy_permissions(self.target, self._earlier, self.file.fileno())
        os.fsync(self.file.fileno())

    def rename(self) -> None:
        """Take the name of the target."""
        if sys.platform == "win32":
            self.file.close()  # Windows renames no open file
        self.path.replace(self.target)
        self.file.close()

    def discard(self) -> None:
        """Remove the file, if it still has its temporary name."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self.path.unlink()


def sweep(target: Path) -> None:
    """Remove the temporary files of dead processes that were writing this file."""
    prefix = _prefix(target)
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for name in [each.name for each in entries if each.name.startswith(prefix) and each.name.endswith(SUFFIX)]:
            with contextlib.suppress(OSError):
                _remove_abandoned(target.with_name(name))


def _remove_abandoned(path: Path) -> None:
    """Remove a temporary file unless a process is writing it."""
    if sys.platform == "win32":  # which removes no file that is open
        path.unlink()
        return
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor):
            path.unlink()
    finally:
        os.close(descriptor)


def _prefix(target: Path) -> str:
    return f".nn-core-{zlib.crc32(os.fsencode(target.name)):08x}-"


def _status(path: Path) -> os.stat_result | None:
    """The status of a file; None if it does not exist."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _lock(descriptor: int) -> bool | None:
    """Lock a file until it is closed; False if another process holds it, None where there are no locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _copy_permissions(source: Path, earlier: os.stat_result, descriptor: int) -> None:
    """Give an open file the owner, if permitted, the permissions and the extended attributes of another file."""
    if sys.platform == "win32":
        return
    mode = earlier.st_mode & PERMISSIONS
    own = os.fstat(descriptor)
    if own.st_gid != earlier.st_gid:
        try:
            os.fchown(descriptor, -1, earlier.st_gid)
        except OSError:
            mode &= ~0o070 | (mode & 0o007) << 3  # this group may do no more than anyone
    if own.st_uid != earlier.st_uid:
        with contextlib.suppress(OSError):
            os.fchown(descriptor, earlier.st_uid, -1)
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, mode)
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(source):
                if name.startswith("user.") or name == "system.posix_acl_access":
                    os.setxattr(descriptor, name, os.getxattr(source, name))
