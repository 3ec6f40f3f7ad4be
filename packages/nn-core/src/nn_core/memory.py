"""Limits on memory: what a file or a setting asks for is checked before it is allocated."""

import contextlib
import os
from contextvars import ContextVar

from nn_core.errors import DataError, NNError

SHARE = 0.8
"""The part of the available memory that an allocation may take."""
UNKNOWN = 8 * 1024**3
"""What is assumed to be available where the system does not tell: 8 GiB."""
CONTAINERS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Files with the limit and the use of a control group, in both versions."""

_chosen: ContextVar[int | None] = ContextVar("memory limit", default=None)


def set_memory_limit(size: int | None) -> None:
    """Set the limit in bytes of a single allocation; None for a share of what is available."""
    _chosen.set(size)


def chosen_memory_limit() -> int | None:
    """The limit that was set; None if there is none, to pass on to another process."""
    return _chosen.get()


def memory_limit() -> int:
    """The limit in bytes of a single allocation: the one set, otherwise SHARE of what is available."""
    chosen = _chosen.get()
    return int(SHARE * available_memory()) if chosen is None else chosen


def require_memory(size: int, what: str, error: type[NNError] = DataError) -> None:
    """Raise an error if an allocation exceeds the limit.

    size  in bytes
    what  what needs the memory, for the message: "x.npz (x)"
    """
    most = memory_limit()
    if size > most:
        raise error(f"{what} needs {in_bytes(size)} of memory; the limit is {in_bytes(most)} (--max-memory)")


def available_memory() -> int:
    """Bytes that this process may still allocate: the least of free memory, container and process limits."""
    return min((size for size in (_free(), _container(), _process()) if size is not None), default=UNKNOWN)


def in_bytes(size: int) -> str:
    """A size in decimal units: "3.96 GB"."""
    value, unit = float(min(size, 10**300)), "bytes"
    for larger in ("kB", "MB", "GB", "TB", "PB", "EB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{size:,} bytes" if unit == "bytes" else f"{value:,.3g} {unit}"


def _free() -> int | None:
    """Memory that the system can give without swapping."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in _text("/proc/meminfo").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _container() -> int | None:
    """What is left of the limit of the control group."""
    for most, used in CONTAINERS:
        try:
            return max(0, int(_text(most)) - int(_text(used)) + _cached(used))
        except (OSError, ValueError):  # there is none, or "max"
            continue
    return None


def _cached(used: str) -> int:
    """Bytes of files that a control group counts as used, and gives back when they are needed."""
    with contextlib.suppress(OSError, ValueError):
        for line in _text(f"{used.rpartition('/')[0]}/memory.stat").splitlines():
            name, _, size = line.partition(" ")
            if name in {"inactive_file", "total_inactive_file"}:
                return int(size)
    return 0


def _process() -> int | None:
    """What is left of the limits of this process, `ulimit -v` and `ulimit -d`."""
    try:
        import resource

        limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
        finite = [limit for limit in limits if limit != resource.RLIM_INFINITY]
        if not finite:
            return None
        pages = int(_text("/proc/self/statm").split()[0])
        return max(0, min(finite) - pages * resource.getpagesize())
    except (ImportError, OSError, ValueError, IndexError):
        return None


def _text(path: str) -> str:
    from pathlib import Path  # takes as long to import as all else here

    return Path(path).read_text("ascii")
