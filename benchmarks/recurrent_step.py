"""One training step of each recurrent layer, beside PyTorch where it is installed.

Embedding, one recurrent layer and a dense layer over all steps; forward, loss, backward and
Adam. Both sides use one thread and take turns, step by step, and what counts is the median.
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nn_core import Dense, Embedding, Network
from nn_core.layers import CELLS
from nn_core.losses import sequence_cross_entropy
from nn_core.optimizers import Adam


@dataclass(frozen=True)
class Case:
    """The sizes of a batch and a network."""

    batch_size: int
    steps: int
    hidden: int
    vocabulary: int
    embedding: int


CASES = [Case(64, 12, 64, 27, 32), Case(50, 50, 256, 65, 64)]


@dataclass(frozen=True)
class Timing:
    """Seconds a step, each the median; torch is None where there is no PyTorch."""

    cell: str
    batch_size: int
    steps: int
    hidden: int
    nn_core: float
    torch: float | None


def ours(case: Case, cell: str) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    layers = [
        Embedding(case.embedding, case.vocabulary),
        CELLS[cell](case.hidden),
        Dense(case.vocabulary),
    ]
    network = Network(layers, input_shape=(), over_time=True, rng=rng)
    contexts = network.contexts(training=True, rng=rng)
    adam = Adam()
    adam.start(network.parameters, network.weight_count)
    x, y = rng.integers(case.vocabulary, size=(2, case.batch_size, case.steps))

    def step() -> None:
        network.loss_and_gradients(x, y, sequence_cross_entropy, contexts)
        adam.step(network.parameters, network.gradients, 0.001)

    return step


def theirs(case: Case, cell: str) -> Callable[[], object] | None:
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    embedding = torch.nn.Embedding(case.vocabulary, case.embedding)
    recurrent: Any = getattr(torch.nn, cell.upper())(case.embedding, case.hidden, batch_first=True)
    dense = torch.nn.Linear(case.hidden, case.vocabulary)
    parameters = [*embedding.parameters(), *recurrent.parameters(), *dense.parameters()]
    adam = torch.optim.Adam(parameters)
    x, y = torch.randint(case.vocabulary, (2, case.batch_size, case.steps))

    def step() -> None:
        adam.zero_grad()
        logits = dense(recurrent(embedding(x))[0])
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten()).backward()
        adam.step()

    return step


def measure(case: Case, cell: str, count: int) -> Timing:
    sides = [ours(case, cell), theirs(case, cell)]
    times: list[list[float]] = [[], []]
    gc.disable()
    for turn in range(-10, count):  # the first few warm up
        for side, step in enumerate(sides):
            if step is not None:
                start = time.perf_counter()
                step()
                if turn >= 0:
                    times[side].append(time.perf_counter() - start)
    gc.enable()
    medians = [statistics.median(seconds) if seconds else None for seconds in times]
    return Timing(cell, case.batch_size, case.steps, case.hidden, medians[0] or 0.0, medians[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--count", type=int, default=20, help="steps that are timed (20)")
    wanted = parser.parse_args()
    timings = [measure(case, cell, wanted.count) for case in CASES for cell in CELLS]
    if wanted.json:
        print(json.dumps({"numpy": np.__version__, "steps": [asdict(t) for t in timings]}))
        return
    print(f"{'cell':<5} {'batch':>5} {'steps':>5} {'hidden':>6} {'nn-core':>10} {'PyTorch':>10}")
    for t in timings:
        beside = "" if t.torch is None else f"{t.torch * 1e3:>7.2f} ms  {t.torch / t.nn_core:.2f}x"
        print(
            f"{t.cell:<5} {t.batch_size:>5} {t.steps:>5} {t.hidden:>6} "
            f"{t.nn_core * 1e3:>7.2f} ms {beside}"
        )


if __name__ == "__main__":
    main()
