"""One side's training step of one workload, in a process of its own.

python -m bench.growth_worker SIDE WORKLOAD THREADS STEPS prints one JSON object. SIDE is nn-core or
one of PyTorch's memory formats.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from threadpoolctl import threadpool_limits

from bench import ours, tasks
from bench.sides import OURS, TORCH, Settings, Side

WARM_UP = 3


def resident(peak: bool) -> int | None:
    """Bytes of this process in memory, now or at most so far; None where there is no /proc."""
    key = "VmHWM:" if peak else "VmRSS:"
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def side_of(side: str, task: ours.Task, threads: int) -> Side:
    """Its training step."""
    network = ours.network_of(task)
    if side == OURS:
        way = ours.ways(threads)[-1]
        return ours.training_side(task, network, *way)
    from bench.torch_side import formats_of, plain_step
    from bench.twin import Twin

    twin = Twin(network, **formats_of(network)[side])
    return Side(TORCH, side, plain_step(task, twin, Settings(threads, 0, 0)))


def main() -> None:
    """Time and memory of some steps, the first of which are not timed."""
    side, name, threads, steps = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
    task = tasks.named(name)
    if task is None:
        sys.exit(f"no training step is called {name!r}")
    if side != OURS:
        import torch

        torch.set_num_threads(threads)
    seconds = []
    with threadpool_limits(threads):
        before = resident(peak=False)
        made = side_of(side, task, threads)
        with made.during:
            for _ in range(WARM_UP + steps):
                start = time.perf_counter()
                made.step()
                seconds.append(time.perf_counter() - start)
    lower, median, upper = statistics.quantiles(seconds[WARM_UP:], n=4, method="inclusive")
    print(
        json.dumps(
            {
                "side": side,
                "batch": len(task.x),
                "threads": threads,
                "seconds": median,
                "lower": lower,
                "upper": upper,
                "data_bytes": task.x.nbytes,
                "before_bytes": before,
                "peak_bytes": resident(peak=True),
            }
        )
    )


if __name__ == "__main__":
    main()
