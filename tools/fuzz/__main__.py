"""The command line: python -m fuzz."""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

from fuzz import programs
from fuzz.cases import MUTATORS, make_case
from fuzz.fork_server import ForkServer
from fuzz.seeds import make_seeds
from fuzz.summary import Summary, save_failure
from fuzz.workers import run_cases

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 180
"""Time by default."""


def main(arguments: list[str] | None = None) -> int:
    """Run cases; 1 if one failed."""
    parser = argparse.ArgumentParser("fuzz", description="Give hostile files to the readers and the programs.")
    parser.add_argument("--seconds", type=float, help=f"how long to go on; {SECONDS} without --count")
    parser.add_argument("--count", type=int, help="number of cases")
    parser.add_argument("--only", choices=MUTATORS, help="one format")
    parser.add_argument("--case", type=int, help="a single case, with what it prints")
    parser.add_argument("--start", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that run cases")
    parser.add_argument("--failures", type=Path, default=ROOT / "out" / "fuzz", help="folder for the files that failed")
    parser.add_argument("--in-process", action="store_true", help="run readers in this process, to measure coverage")
    given = parser.parse_args(arguments)
    if not sys.platform.startswith("linux"):
        parser.error("it needs Linux, for limits and watches")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        folder = Path(scratch)
        programs.preload(folder)
        (folder / "seeds").mkdir()
        seeds = make_seeds(folder / "seeds")
        if given.case is not None:
            server = ForkServer(folder)
            case = make_case(given.case, seeds, server.bait, given.seed)
            outcome, failure = server.check(case)
            print(case)
            print(outcome.stdout + outcome.stderr + outcome.escaped, end="")
            size = f"{outcome.growth / 1e6:.1f} MB"
            print(f"exit status {outcome.status}, {outcome.seconds:.2f} s, {size}, {failure or 'no failure'}")
            save_failure(given.failures, case, outcome, failure)
            return int(failure is not None)
        begun = time.monotonic()
        seconds = given.seconds or (None if given.count else SECONDS)
        if given.in_process:
            from fuzz.in_process import run_readers

            return run_readers(seeds, folder, given.count or 1000, given.only, given.seed)
        summary = Summary()
        with contextlib.suppress(KeyboardInterrupt):
            for result in run_cases(seeds, folder, given, None if seconds is None else begun + seconds):
                summary.add(result)
        print(summary.table(time.monotonic() - begun))
        return int(bool(summary.failures))


if __name__ == "__main__":
    sys.exit(main())
