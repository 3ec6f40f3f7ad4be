"""Time and memory of `classic` against the batch, each size and side in its own process."""

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


def measure(
    threads: Sequence[int], steps: int, progress: Callable[[str], None]
) -> Iterator[Growth]:
    """All batches and sides; of PyTorch's formats the one that is faster at each batch."""
    for count in threads:
        for batch in BATCHES:
            progress(f"e  classic x{batch}, threads: {count}")
            yield _run(OURS, batch, count, steps)
            if machine.HAS_TORCH:
                sides = [_run(side, batch, count, steps) for side in FORMATS]
                yield min(sides, key=lambda growth: growth.seconds)


def _run(side: str, batch: int, threads: int, steps: int) -> Growth:
    arguments = [sys.executable, "-m", "bench.growth_worker", side]
    numbers = [str(number) for number in (batch, threads, steps)]
    done = subprocess.run([*arguments, *numbers], check=True, stdout=subprocess.PIPE, text=True)
    return Growth(**json.loads(done.stdout))
