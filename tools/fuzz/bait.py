"""Files that nobody may open, and a watch on them that sees what libraries in C open, too."""

import ctypes
import os
import struct
from pathlib import Path

import h5py
import numpy as np

from fuzz.mutant import Bait

_ACCESS, _MODIFY, _MOVED, _CREATE, _DELETE, _OPEN = 0x1, 0x2, 0xC0, 0x100, 0x200, 0x20
_NAMES = {
    _ACCESS: "read",
    _MODIFY: "written",
    0x40: "moved",
    0x80: "moved",
    _CREATE: "made",
    _DELETE: "removed",
    _OPEN: "opened",
}
_EVENT = struct.Struct("iIII")


class Watch:
    """An inotify watch on some folders: every file of one that is opened, and every one made in the others."""

    def __init__(self, opened: Path, made: Path) -> None:
        system = ctypes.CDLL(None, use_errno=True)
        self._descriptor = system.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        changes = _MODIFY | _MOVED | _CREATE | _DELETE
        for folder, mask in ((opened, changes | _ACCESS | _OPEN), (made, changes)):
            if system.inotify_add_watch(self._descriptor, os.fsencode(folder), mask) < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch", str(folder))

    def events(self) -> list[str]:
        """What has happened since the last call: "secret.h5 opened"."""
        try:
            data = os.read(self._descriptor, 2**16)
        except BlockingIOError:
            return []
        found, at = [], 0
        while at < len(data):
            _, mask, _, length = _EVENT.unpack_from(data, at)
            name = data[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0").decode("utf-8", "replace")
            what = next((word for bit, word in _NAMES.items() if mask & bit), "touched")
            found.append(f"{name or 'the folder'} {what}")
            at += _EVENT.size + length
        return list(dict.fromkeys(found))


def lay_bait(folder: Path) -> Bait:
    """Make the files that nobody may open."""
    folder.mkdir()
    values = np.arange(192, dtype="f4")
    with h5py.File(folder / "secret.h5", "w") as file:
        for name, data in (
            ("x", values),
            ("y", np.arange(12)),
            ("classes", ["no", "yes"]),
            ("parameters/0/W", values[:8]),
        ):
            file[name] = data
    (folder / "secret.raw").write_bytes(values.tobytes() * 64)
    (folder / "secret.txt").write_text("secret\n" * 100)
    os.mkfifo(folder / "pipe")
    return Bait(folder)
