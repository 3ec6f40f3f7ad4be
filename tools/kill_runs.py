"""Kill training runs at random moments, resume them, and compare them with runs that were left alone.

    python tools/kill_runs.py --kills 200 --seed 0 --jobs 2

Each case is a small run of one of the four programs, killed up to KILLS_PER_CASE times: at a random moment, often after
its checkpoint has been written, sometimes as soon as a file is being written. Each time it is resumed from its
checkpoint, or begun anew if there is none. In the end it must equal the uninterrupted run bit for bit: parameters,
optimizer state, history and log, all but the seconds. Nothing else may be left in its folder. The exit status is 1 if a
case fails; its folder is kept then.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nn_core import checkpoint

KILLS_PER_CASE = 4
AFTER_SAVING = 0.6
"""Share of the kills that wait for a checkpoint."""
WHILE_WRITING = 0.3
"""Share of the kills that wait for a file to be written."""
PATIENCE = 300.0
"""Seconds after which a run is taken to hang."""
RESULTS = {"run.h5", "run.jsonl"}

PROGRAMS = {
    "deep-nn": (
        "deep_nn",
        "--data spirals:points=4000 --hidden 24,16 --epochs 3 --batch-size 1 --dropout 0.1 --early-stopping 2",
    ),
    "cnn-sign": (
        "cnn_sign_digits",
        "--data synthetic:count=600 --epochs 3 --batch-size 1 --augment standard --dropout 0.1",
    ),
    "dino-gen": ("char_rnn_dino.names", "--epochs 3 --batch-size 2 --hidden 24 --embedding 8 --dropout 0.2"),
    "char-rnn": (
        "char_rnn_dino.text",
        "--epochs 2 --batch-size 3 --bptt-length 12 --hidden 24 --embedding 8 --dropout 0.2",
    ),
}
"""Module and settings: seconds of training in a few long epochs, with all that depends on the step."""


@dataclass
class Case:
    """A run, and what became of it."""

    program: str
    number: int
    kills: int = 0
    resumed: int = 0
    mid_epoch: int = 0
    unfinished: int = 0
    problems: list[str] = field(default_factory=list)


def command(program: str, folder: Path) -> list[str]:
    """The command that begins or resumes a run."""
    module, settings = PROGRAMS[program]
    train = [sys.executable, "-m", module, "train", "--log", "run.jsonl", "--quiet"]
    if (folder / "run.h5").exists():
        return [*train, "--resume", "run.h5"]
    return [*train, "--seed", "0", "--save", "run.h5", *settings.split()]


def start(program: str, folder: Path) -> subprocess.Popen[str]:
    """Begin or resume a run."""
    words = command(program, folder)
    return subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(program: str, folder: Path) -> str | None:
    """Begin or resume a run, and let it end; what is wrong with its end."""
    with start(program, folder) as process:
        try:
            _, stderr = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            return "hangs"
    return failure(process.returncode, stderr)


def failure(status: int, stderr: str) -> str | None:
    """What is wrong with the end of a process."""
    return f"exit status {status}: {stderr.strip()}" if status or "Traceback" in stderr else None


def temporary_files(folder: Path) -> list[str]:
    """The names of files that are being written, or were when a process was killed."""
    return [path.name for path in folder.iterdir() if path.suffix == ".part"]


def wait_to_kill(process: subprocess.Popen[str], folder: Path, duration: float, rng: random.Random) -> None:
    """Wait for the moment to kill a run, or for its end.

    duration  seconds that the whole run takes
    """
    seconds, while_writing = rng.uniform(0.05, duration), rng.random() < WHILE_WRITING
    path, left = folder / "run.h5", set(temporary_files(folder))
    if rng.random() < AFTER_SAVING:
        earlier = version(path)
        while process.poll() is None and version(path) == earlier:
            time.sleep(0.002)
        seconds = rng.uniform(0.0, duration / 4)
    until = time.monotonic() + seconds
    while process.poll() is None:
        is_due = time.monotonic() >= until
        if is_due and (not while_writing or set(temporary_files(folder)) - left):
            return
        time.sleep(0.0003 if is_due else min(0.01, max(0.0, until - time.monotonic())))


def version(path: Path) -> int | None:
    """What changes when a file is replaced; None if there is none."""
    return path.stat().st_ino if path.exists() else None


def run_case(case: Case, reference: Path, duration: float, folder: Path, rng: random.Random) -> Case:
    """Kill a run several times, finish it and compare it."""
    for _ in range(KILLS_PER_CASE):
        case.resumed += (folder / "run.h5").exists()
        with start(case.program, folder) as process:
            wait_to_kill(process, folder, duration, rng)
            is_killed = process.poll() is None
            process.kill()
            _, stderr = process.communicate()
        case.kills += is_killed
        case.unfinished += bool(temporary_files(folder))
        wrong = None if is_killed else failure(process.returncode, stderr)
        case.problems += [wrong] if wrong else []
        case.mid_epoch += is_mid_epoch(folder / "run.h5", case.problems)
        if not is_killed:
            break
    wrong = finish(case.program, folder)
    case.problems += [wrong] if wrong else differences(folder, reference)
    case.problems += [f"left behind: {name}" for name in sorted({path.name for path in folder.iterdir()} - RESULTS)]
    return case


def is_mid_epoch(path: Path, problems: list[str]) -> bool:
    """Whether a checkpoint, if there is one, stands within an epoch."""
    if not path.exists():
        return False
    try:
        snapshot = checkpoint.load(path).require_snapshot()
    except checkpoint.CheckpointError as error:
        problems.append(f"unreadable after a kill: {error}")
        return False
    ends = snapshot.history.columns.get("step", [0])
    return snapshot.step != ends[-1]


def differences(folder: Path, reference: Path) -> list[str]:
    """In what a finished run differs from the uninterrupted one."""
    found, expected = (contents(each) for each in (folder, reference))
    names = [name for name in expected if name not in found or not same(found[name], expected[name])]
    return [f"{name} differs" for name in (*names, *(name for name in found if name not in expected))]


def contents(folder: Path) -> dict[str, Any]:
    """All that must not depend on interruptions, by name."""
    loaded = checkpoint.load(folder / "run.h5")
    snapshot = loaded.require_snapshot()
    columns = {name: values for name, values in snapshot.history.columns.items() if name != "seconds"}
    rows = [json.loads(line) for line in (folder / "run.jsonl").read_text("utf-8").splitlines()]
    best = {} if snapshot.best is None else {"best": snapshot.best}
    return {
        "network": loaded.network.vector,
        "parameters": snapshot.parameters,
        **best,
        **{f"optimizer state {name}": values for name, values in snapshot.optimizer_state.items()},
        **{f"history {name}": np.array(values) for name, values in columns.items()},
        "step losses": np.array(snapshot.history.step_loss),
        "details": loaded.details,
        "progress": (snapshot.seed, snapshot.step, snapshot.stopped, snapshot.shards),
        "log": [{name: value for name, value in row.items() if name != "seconds"} for row in rows],
    }


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, arrays to the bit."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    return bool(one == other)


def main() -> int:
    """Run cases until enough processes have been killed."""
    parser = argparse.ArgumentParser(description="Kill training runs at random moments, and resume them.")
    parser.add_argument("--kills", type=int, default=200, help="number of processes to kill (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time (default: 2)")
    parser.add_argument("--program", choices=PROGRAMS, action="append", help="may be repeated (default: all)")
    given = parser.parse_args()
    folder, began = Path(tempfile.mkdtemp(prefix="kill-runs-")), time.monotonic()
    programs = given.program or list(PROGRAMS)
    durations = {}
    for program in programs:
        reference = folder / program
        reference.mkdir()
        start_time = time.monotonic()
        wrong = finish(program, reference)
        durations[program] = time.monotonic() - start_time
        if wrong:
            print(f"{program}: {wrong}")
            return 1
        print(f"{program}: {durations[program]:.1f} s uninterrupted", flush=True)

    def one(number: int) -> Case:
        program = programs[number % len(programs)]
        place = folder / f"{number}-{program}"
        place.mkdir()
        rng = random.Random(f"{given.seed} {number}")
        return run_case(Case(program, number), folder / program, durations[program], place, rng)

    cases: list[Case] = []
    with ThreadPoolExecutor(given.jobs) as pool:
        while sum(case.kills for case in cases) < given.kills:
            left = given.kills - sum(case.kills for case in cases)
            for case in pool.map(one, range(len(cases), len(cases) + -(-left // KILLS_PER_CASE))):
                cases.append(case)
                kills = sum(each.kills for each in cases)
                verdict = "; ".join(case.problems) or "same bits"
                print(f"{kills}/{given.kills} killed: case {case.number}, {case.program}: {verdict}", flush=True)
                if not case.problems:
                    shutil.rmtree(folder / f"{case.number}-{case.program}")
    failed = [case for case in cases if case.problems]
    print(
        f"{sum(case.kills for case in cases)} kills in {len(cases)} runs, {time.monotonic() - began:.0f} s:"
        f" {sum(case.resumed for case in cases)} resumed and killed again,"
        f" {sum(case.mid_epoch for case in cases)} checkpoints within an epoch,"
        f" {sum(case.unfinished for case in cases)} unfinished files; {len(failed)} runs failed"
    )
    if failed:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
