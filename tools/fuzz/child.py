"""The process of a case: limits, a watch on what Python opens, and the job itself."""

import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuzz.programs import run
from fuzz.readers import READERS

SECONDS = 10
"""Time of a case."""
ADDRESS_SPACE = 3 * 1024**3
"""Bytes of address space that a case may add; a reader that asks for more sees a MemoryError."""
MOST_OUTPUT = 512 * 1024**2
"""Bytes of a file that a case writes."""
MOST_TEXT = 2**20
"""Bytes of output that are looked at."""

_STARTS = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "socket.connect",
    "socket.bind",
    "pickle.find_class",
    "ctypes.dlopen",
}
_CHANGES = {
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.symlink",
    "os.link",
    "os.truncate",
    "os.chmod",
    "os.chown",
}
_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_ROOT = Path(__file__).resolve().parents[2]
READABLE = tuple(
    dict.fromkeys(
        f"{path}/"
        for path in (
            sys.prefix,
            sys.base_prefix,
            *map(os.path.realpath, (sys.prefix, sys.base_prefix)),
            str(_ROOT),
            "/usr/share",
            "/usr/lib",
            "/proc",
            "/sys",
        )
    )
)
"""Where a case may read besides its own folder: the installation, and what the system says of itself."""
_DEVICES = {"/dev/null", "/dev/urandom", "/etc/localtime", "/etc/mime.types"}


def live(jobs: Sequence[tuple[str, Path, Path]], report: int) -> None:
    """Do jobs, and write what became of each as a line of JSON to a descriptor.

    jobs  a reader or a command each, with the file that it reads and the folder of its case
    """
    os.setpgid(0, 0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + ADDRESS_SPACE)
    _limit(resource.RLIMIT_FSIZE, MOST_OUTPUT)
    _limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    outputs = [os.memfd_create(name) for name in ("stdout", "stderr")]
    touched: list[str] = []
    own: list[str] = []
    sys.addaudithook(_hook(own, touched))
    for job, target, folder in jobs:
        os.chdir(folder)
        own[:] = {f"{folder}/", f"{folder.resolve()}/", os.environ.get("MPLCONFIGDIR", str(folder))}
        _redirect(outputs)
        _limit(resource.RLIMIT_CPU, int(time.process_time()) + 2 * SECONDS)
        begun, start = time.monotonic(), _memory(reset=True)
        touched.clear()
        status, escaped = _do(job, target)
        end, seconds = _memory(), time.monotonic() - begun
        growth = end["VmHWM"] - end["RssFile"] - end["RssShmem"] - start["RssAnon"]
        stdout, stderr = (os.pread(output, MOST_TEXT, 0).decode("utf-8", "backslashreplace") for output in outputs)
        answer = {
            "status": status,
            "seconds": seconds,
            "growth": growth,
            "touched": touched[:10],
            "escaped": escaped[-20_000:],
            "stdout": stdout,
            "stderr": stderr,
        }
        line = json.dumps(answer).encode() + b"\n"
        while line:
            line = line[os.write(report, line) :]
    os._exit(0)


def _limit(kind: int, value: int) -> None:
    resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


def _redirect(outputs: Sequence[int]) -> None:
    """Let everything printed go to these descriptors, which are emptied."""
    for name, target, output in zip(("stdout", "stderr"), (1, 2), outputs, strict=True):
        os.ftruncate(output, 0)
        os.lseek(output, 0, os.SEEK_SET)
        os.dup2(output, target)
        setattr(sys, name, os.fdopen(target, "w", encoding="utf-8", errors="backslashreplace", closefd=False))


def _do(job: str, target: Path) -> tuple[int, str]:
    """The exit status of a job, and the traceback of an exception that escaped from it."""
    try:
        status = run(job) if " " in job else read(job, target)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001
        return 1, traceback.format_exc()
    return status, ""


def read(job: str, target: Path) -> int:
    """Run a reader as a command does: errors become one line, and remarks are not printed."""
    import click

    from nn_core.cli.terminal import print_error
    from nn_core.errors import DataWarning, NNError
    from nn_core.standard_streams import guarded_streams

    with guarded_streams(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        try:
            READERS[job](target)
        except (NNError, click.ClickException) as error:
            print_error(str(error))
            return 1
        except OSError as error:
            print_error(f"{error.filename or ''}: {error.strerror or error}")
            return 1
    return 0


def _hook(own: Sequence[str], touched: list[str]) -> Any:
    """An audit hook that notes files outside of its own folders, and programs that are started."""

    def is_own(path: object) -> bool:
        return not isinstance(path, (str, bytes)) or _absolute(path).startswith(tuple(own))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & _WRITE
            if not is_own(path) and _absolute(path) not in _DEVICES:
                if writes:
                    touched.append(f"{_absolute(path)} written")
                elif not _absolute(path).startswith(READABLE):
                    touched.append(f"{_absolute(path)} opened")
        elif event in _CHANGES:
            touched.extend(f"{event} {os.fsdecode(path)}" for path in arguments if not is_own(path))
        elif event in _STARTS:
            touched.append(f"{event} {str(arguments)[:80]}")

    return hook


def _absolute(path: str | bytes) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100


def _memory(*, reset: bool = False) -> dict[str, int]:
    """Figures of this process in bytes, by their names in /proc; `reset` lets the peak begin anew."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if line.startswith(("VmHWM", "Rss")))
    return {name: int(value.split()[0]) * 1024 for name, value in pairs}
