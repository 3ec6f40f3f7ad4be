"""Time and memory of training steps that have a process to themselves; `classic` as it grows."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench import machine
from bench.sides import OURS

BATCHES = (16, 32, 64, 128, 256, 512, 1024)
FORMATS = ("channels first", "channels last")


@dataclass(frozen=True)
class Growth:
    """A step of one side.

    seconds, lower, upper  median and quartiles
    data_bytes             of the batch itself
    before_bytes           in memory before the network was made: imports and the batch
    peak_bytes             in memory at most
    """

    side: str
    batch: int
    threads: int
    seconds: float
    lower: float
    upper: float
    data_bytes: int
    before_bytes: int | None
    peak_bytes: int | None

    @property
    def working_bytes(self) -> int | None:
        """What training took beyond the imports and the batch."""
        if self.peak_bytes is None or self.before_bytes is None:
            return None
        return self.peak_bytes - self.before_bytes


def measure(threads: Sequence[int], steps: int, progress: Callable[[str], None]) -> Iterator[Growth]:
    """All batches and sides; of PyTorch's formats the one that is faster at each batch."""
    for count in threads:
        for batch in BATCHES:
            progress(f"e  classic x{batch}, threads: {count}")
            name = f"classic x{batch}"
            yield alone(OURS, name, count, steps)
            if machine.HAS_TORCH:
                sides = [alone(side, name, count, steps) for side in FORMATS]
                yield min(sides, key=lambda growth: growth.seconds)


def alone(side: str, workload: str, threads: int, steps: int) -> Growth:
    """A training step of one side, in a process of its own."""
    arguments = [sys.executable, "-m", "bench.growth_worker", side]
    arguments += [workload, str(threads), str(steps)]
    done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True)
    return Growth(**json.loads(done.stdout))
