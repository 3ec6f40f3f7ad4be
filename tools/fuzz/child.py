"""The process of a case: limits, a watch on what Python opens, and the job itself."""

import json
import os
import resource
import signal
import sys
import traceback
import warnings
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

_STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "socket.connect", "socket.bind",
           "pickle.find_class", "ctypes.dlopen"}  # fmt: skip
_CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "os.truncate", "os.chmod", "os.chown"}
_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_ROOT = Path(__file__).resolve().parents[2]
READABLE = tuple(
    dict.fromkeys(
        f"{path}/"
        for path in (sys.prefix, sys.base_prefix, *map(os.path.realpath, (sys.prefix, sys.base_prefix)), str(_ROOT), "/usr/share",
                     "/usr/lib", "/proc", "/sys")
    )
)  # fmt: skip
"""Where a case may read besides its own folder: the installation, and what the system says of itself."""
_DEVICES = {"/dev/null", "/dev/urandom", "/etc/localtime", "/etc/mime.types"}


def live(job: str, target: Path, folder: Path, report: int) -> None:
    """Do a job in the folder of a case, write what became of it to a descriptor, and end the process."""
    os.setpgid(0, 0)
    os.chdir(folder)
    space = resource.getrlimit(resource.RLIMIT_AS)[1]
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ADDRESS_SPACE, space))
    resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 2 * SECONDS + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_OUTPUT, MOST_OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    touched: list[str] = []
    start = _memory()
    sys.addaudithook(_hook(folder, touched))
    status, escaped = _do(job, target)
    end = _memory()
    growth = end["VmHWM"] - end["RssFile"] - end["RssShmem"] - start["RssAnon"]
    answer = {"status": status, "escaped": escaped[-20_000:], "touched": touched[:10], "growth": growth}
    os.write(report, json.dumps(answer).encode())
    os._exit(0)


def _do(job: str, target: Path) -> tuple[int, str]:
    """The exit status of a job, and the traceback of an exception that escaped from it."""
    try:
        if " " in job:
            status = run(job)
        else:
            status = read(job, target)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001
        return 1, traceback.format_exc()
    return status, ""


def read(job: str, target: Path) -> int:
    """Run a reader as a command does: errors become one line, and remarks are not printed."""
    from nn_core.cli.terminal import print_error
    from nn_core.errors import DataWarning, NNError
    from nn_core.standard_streams import guarded_streams

    with guarded_streams(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        try:
            READERS[job](target)
        except NNError as error:
            print_error(str(error))
            return 1
        except OSError as error:
            print_error(f"{error.filename or ''}: {error.strerror or error}")
            return 1
    return 0


def _hook(folder: Path, touched: list[str]) -> Any:
    """An audit hook that notes files outside of the folder, and programs that are started."""
    own = (f"{folder}/", f"{folder.resolve()}/")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, int):
                name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
                writes = isinstance(flags, int) and flags & _WRITE
                if not name.startswith(own) and name not in _DEVICES and (writes or not name.startswith(READABLE)):
                    touched.append(f"{name} {'written' if writes else 'opened'}")
        elif event in _CHANGES:
            for path in arguments:
                if isinstance(path, (str, bytes)) and not os.path.abspath(os.fsdecode(path)).startswith(own):  # noqa: PTH100
                    touched.append(f"{event} {os.fsdecode(path)}")
        elif event in _STARTS:
            touched.append(f"{event} {str(arguments)[:80]}")

    return hook


def _memory() -> dict[str, int]:
    """Figures of this process in bytes, by their names in /proc."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if line.startswith(("VmHWM", "Rss")))
    return {name: int(value.split()[0]) * 1024 for name, value in pairs}
