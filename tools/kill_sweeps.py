"""Kill a worker, the scheduler, a rank or the program of a sweep at random moments, and compare the results.

    python tools/kill_sweeps.py --kills 20 --seed 0

Each case is the same comparison of optimizers with a journal: on local processes, on Dask, or on MPI ranks. What is
killed, and when, is random. Whatever ends with that is continued by the same command, on the same or another executor.
In the end the JSON must equal that of one process without kills, but for the seconds; the journal must have every run
once; and no process may be left. The exit status is 1 if a case fails.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WORKER_WORDS = ("deep_nn", "spawn_main")
"""What the command lines of ranks and of local workers have."""
PATIENCE = 120.0
"""Seconds after which a command is taken to hang."""
SWEEP = (
    "compare-optimizers momentum adam rmsprop --epochs 300 --rates 0.01,0.1,1 --seeds 3 --hidden 32,32 "
    "--figure sweep.png --json --quiet"
)
WAYS = {
    "one process": "",
    "two processes": "--workers 2",
    "Dask": "--scheduler tcp://127.0.0.1:{port}",
    "MPI": "--executor mpi",
}
VICTIMS = {
    "one process": ("program",),
    "two processes": ("program", "worker", "worker"),
    "Dask": ("program", "worker", "scheduler"),
    "MPI": ("program", "worker"),
}


class Cluster:
    """A Dask scheduler and two workers on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"
        )
        self.workers = [self.add_worker() for _ in range(2)]

    def add_worker(self) -> subprocess.Popen[bytes]:
        """A worker process, which nothing restarts."""
        return self._start("dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def wait(self) -> None:
        """Wait until the scheduler answers."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise TimeoutError("the scheduler does not answer")

    def close(self) -> None:
        """End all processes."""
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()

    def _start(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *words],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def free_port() -> int:
    """A port that nothing uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def start(way: str, folder: Path, port: int, journal: bool = True) -> subprocess.Popen[str]:
    """Begin or continue the sweep."""
    words = [sys.executable, "-m", "deep_nn", *SWEEP.split(), *WAYS[way].format(port=port).split()]
    if journal:
        words += ["--journal", "sweep.jsonl"]
    if way == "MPI":
        words = [str(Path(sys.executable).with_name("mpiexec")), "-n", "3", *words]
    return subprocess.Popen(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def descendants(pid: int) -> list[int]:
    """The processes below one, by /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        found += level
    return found


def command_line(pid: int) -> str:
    """How a process was started."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def victim_of(kind: str, way: str, process: subprocess.Popen[str], cluster: Cluster, rng: random.Random) -> int | None:
    """The process to kill; None if there is none now."""
    if kind == "scheduler":
        return cluster.scheduler.pid
    if way == "Dask" and kind == "worker":
        return rng.choice(cluster.workers).pid
    below = [pid for pid in descendants(process.pid) if any(word in command_line(pid) for word in WORKER_WORDS)]
    if kind == "worker":
        return rng.choice(below) if below else None
    return process.pid


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, stdout and stderr."""
    try:
        stdout, stderr = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        return -1, stdout, f"hangs; {stderr}"
    return process.returncode, stdout, stderr


def comparable(text: str) -> Any:
    """A JSON result without its seconds."""

    def without_seconds(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: without_seconds(each) for name, each in value.items() if name != "seconds"}
        return [without_seconds(each) for each in value] if isinstance(value, list) else value

    return json.dumps(without_seconds(json.loads(text)))


def run_case(number: int, rng: random.Random, expected: str, duration: float, kills: int) -> Iterator[str]:
    """Kill, and continue; yields what was killed, or a problem that begins with "FAILED"."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cluster: Cluster | None = None
        killed = 0
        while True:
            way = rng.choice(list(WAYS))
            if way == "Dask" and cluster is None:
                cluster = Cluster(folder)
                cluster.wait()
            process = start(way, folder, cluster.port if cluster else 0)
            kind = rng.choice(VICTIMS[way]) if killed < kills else None
            if kind is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(rng.uniform(0.3, duration))
                pid = victim_of(kind, way, process, cluster, rng) if process.poll() is None else None  # type: ignore[arg-type]
                if pid is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    killed += 1
                    done = len(journal_of(folder))
                    yield f"case {number}: {way}, {kind} killed after {done} runs"
            status, stdout, stderr = outcome(process)
            if "Traceback" in stderr or status == -1:
                yield f"FAILED case {number}: {way}, {kind}: {stderr}"
                break
            if kind == "scheduler" and cluster is not None:
                cluster.close()
                cluster = None
            if kind == "worker" and way == "Dask" and cluster is not None:
                cluster.workers = [each if each.poll() is None else cluster.add_worker() for each in cluster.workers]
            if status == 0:
                if comparable(stdout) != expected:
                    yield f"FAILED case {number}: the JSON differs"
                keys = journal_of(folder)
                if len(set(keys)) != len(keys):
                    yield f"FAILED case {number}: a run is twice in the journal"
                break
            if kind is None:
                yield f"FAILED case {number}: {way} ends with {status}: {stderr}"
                break
            if stderr.count("\n") > 1 and way != "MPI":
                yield f"FAILED case {number}: {way}, {kind} killed: more than a line: {stderr}"
        if cluster is not None:
            cluster.close()


def journal_of(folder: Path) -> list[str]:
    """The keys in the journal."""
    path = folder / "sweep.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line)["key"] for line in lines]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    folder = Path(tempfile.mkdtemp())
    begin = time.monotonic()
    process = start("one process", folder, 0, journal=False)
    status, stdout, stderr = outcome(process)
    if status:
        print(stderr)
        return 1
    expected, duration = comparable(stdout), time.monotonic() - begin
    shutil.rmtree(folder)
    kills = failed = number = 0
    while kills < given.kills:
        number += 1
        for line in run_case(number, rng, expected, duration, min(2, given.kills - kills)):
            print(line, flush=True)
            failed += line.startswith("FAILED")
            kills += "killed after" in line
    print(f"{kills} kills in {number} sweeps of {duration:.1f} s, {failed} failed, {time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
