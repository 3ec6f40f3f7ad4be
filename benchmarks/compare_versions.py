"""Two source trees of nn-core side by side: the workloads of the bench, turn by turn.

    python benchmarks/compare_versions.py OLD NEW [--only WHAT ...] [--threads 1 2] [--repeats 40]

OLD and NEW are checkouts. Each has a process of its own, which makes the workloads with its own
bench; the two take turns, a turn of each after the other, so whatever else the machine does falls
on both. Of each side's ways (its own threads, or the BLAS's) the one with the smaller median
counts. `ratio` is the old time over the new one: above 1 the new tree is faster.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

GROUPS = tuple(os.environ.get("BENCH_GROUPS", "mlps convolutions recurrences answers names").split())
SOURCES = (
    "benchmarks",
    "packages/nn-core/src",
    "apps/deep-nn/src",
    "apps/cnn-sign-digits/src",
    "apps/char-rnn-dino/src",
)
WORKER = """
import importlib, json, sys
from threadpoolctl import threadpool_limits
from bench import timer
from bench.sides import OURS, Settings

cases = {}
for group in %r:
    for case in importlib.import_module(f"bench.{group}").CASES:
        cases[case.name] = case
print(json.dumps(list(cases)), flush=True)
sides, plans = [], []
limits = None
for line in sys.stdin:
    order = json.loads(line)
    if order["do"] == "build":
        if limits is not None:
            limits.restore_original_limits()
        limits = threadpool_limits(order["threads"], "blas")
        settings = Settings(order["threads"], 2, compile_seconds=0)
        built = cases[order["name"]].build(settings)
        sides = [side for side in built if side.peer in (OURS, "reference")]
        plans = [timer._steps_in_a_turn(side) for side in sides]
        reply = [(side.peer, side.variant) for side in sides]
    else:
        i = order["side"]
        reply = timer._turn(sides[i], *plans[i])
    print(json.dumps(reply), flush=True)
"""


class Worker:
    """The process of one tree."""

    def __init__(self, tree: Path) -> None:
        environment = dict(os.environ)
        for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
            environment.pop(name, None)
        environment["PYTHONPATH"] = os.pathsep.join(str(tree / part) for part in SOURCES)
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER % (GROUPS,)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.names: list[str] = self._read()
        self.sides: list[int] = []
        self.reference: int | None = None

    def build(self, name: str, threads: int) -> None:
        """Make a workload."""
        made = self.ask({"do": "build", "name": name, "threads": threads})
        self.sides = [i for i, (peer, _) in enumerate(made) if peer != "reference"]
        self.reference = next((i for i, (peer, _) in enumerate(made) if peer == "reference"), None)

    def ask(self, order: dict[str, Any]) -> Any:
        """The answer to an order."""
        if self.process.stdin is None:
            raise RuntimeError("the worker has no input")
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        if self.process.stdout is None:
            raise RuntimeError("the worker has no output")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the worker has ended; its error is above")
        return json.loads(line)


def compare(old: Worker, new: Worker, name: str, threads: int, repeats: int) -> dict[str, Any]:
    """Ratios of one workload."""
    for worker in (old, new):
        worker.build(name, threads)
    turns: dict[tuple[int, int], list[float]] = {}
    for repeat in range(repeats):
        order = [(0, i) for i in old.sides] + [(1, i) for i in new.sides]
        for which, side in order if repeat % 2 else reversed(order):
            worker = (old, new)[which]
            seconds = worker.ask({"do": "turn", "side": side})
            turns.setdefault((which, side), []).append(seconds)
    best = [
        min((times for (which, _), times in turns.items() if which == each), key=statistics.median) for each in (0, 1)
    ]
    pairs = [a / b for a, b in zip(*best, strict=True)]
    lower, middle, upper = statistics.quantiles(pairs, n=4, method="inclusive")
    row = {
        "name": name,
        "threads": threads,
        "old_ms": statistics.median(best[0]) * 1e3,
        "new_ms": statistics.median(best[1]) * 1e3,
        "lower": lower,
        "ratio": middle,
        "upper": upper,
    }
    if new.reference is not None:
        times = [new.ask({"do": "turn", "side": new.reference}) for _ in range(3)]
        row["reference_ms"] = statistics.median(times) * 1e3
    return row


def main() -> None:
    """Print a line for each workload."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--only", nargs="+", default=[""], metavar="WHAT", help="parts of names")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--json", type=Path, help="write the rows to a file, too")
    asked = parser.parse_args()
    old, new = (Worker(tree.resolve()) for tree in (asked.old, asked.new))
    rows = []
    print(f"{'workload':34} threads   old ms   new ms  ratio (quartiles)      reference ms")
    for name in new.names:
        if name not in old.names or not any(word in name for word in asked.only):
            continue
        for threads in asked.threads:
            row = compare(old, new, name, threads, asked.repeats)
            rows.append(row)
            reference = f"{row['reference_ms']:12.2f}" if "reference_ms" in row else ""
            print(
                f"{name:34} {threads:7d} {row['old_ms']:8.2f} {row['new_ms']:8.2f}  "
                f"{row['ratio']:.2f} ({row['lower']:.2f} to {row['upper']:.2f}) {reference}",
                flush=True,
            )
    if asked.json is not None:
        asked.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
