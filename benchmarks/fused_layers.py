"""What each fused layer earns: a step without it over a step with it, in turns.

    python benchmarks/fused_layers.py [--only WHAT ...] [--threads 1 2] [--repeats 10]

For every workload of the bench and every fused layer in its plan, the same step is made by an
engine that may not use that layer. Layers that it stands for are then computed by shorter fused
layers, or as they are written. Below 1.03 a fused layer does not earn its place; the last row of
a workload leaves out all of them.
"""

import argparse
import statistics
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_limits

from bench import convolutions, mlps, ours, recurrences, timer
from bench.answers import SIZE
from bench.sides import Side
from cnn_sign_digits.model import load_model
from nn_core.engine import fused
from nn_core.engine.engine import Engine
from nn_core.engine.plan import Plan
from nn_core.network import Network

Make = Callable[[int], tuple[Network, Side]]


@contextmanager
def without(names: Collection[str]) -> Iterator[None]:
    """Meanwhile no plan uses these fused layers."""
    before = fused.MODULES
    fused.MODULES = tuple(row for row in before if row[2] not in names)
    try:
        yield
    finally:
        fused.MODULES = before


def training(task: ours.Task) -> Make:
    """A training step."""

    def make(threads: int) -> tuple[Network, Side]:
        network = ours.network_of(task)
        side = ours.training_side(task, network, "", threads)
        side.step()  # makes the plan
        return network, side

    return make


def answering(count: int) -> Make:
    """The answers to so many photos."""
    photos = np.random.default_rng(1).uniform(0, 255, (count, SIZE, SIZE, 3)).astype(np.float32)

    def make(threads: int) -> tuple[Network, Side]:
        network = load_model(None).network
        engine = Engine(network, threads=threads)
        predictor = engine.frozen()
        return network, Side("", "", lambda: predictor.predict(photos), engine)

    return make


def workloads() -> dict[str, tuple[str, Make]]:
    """Mode and how to make it, by name."""
    tasks = [mlps.mlp(sizes, batch) for sizes, batch, _ in mlps.SIZES]
    tasks += [convolutions.convolutional(preset, 64) for preset in convolutions.GOALS]
    tasks += [recurrences.recurrent(cell, size) for size, cells in recurrences.GOALS.items() for cell in cells]
    found = {task.name: ("training", training(task)) for task in tasks}
    return found | {"one photo": ("inference", answering(1)), "1,000 photos": ("inference", answering(1000))}


def earned(make: Make, names: Collection[str], threads: int, repeats: int) -> tuple[float, float]:
    """Median and upper quartile of time without over time with."""
    _, with_it = make(threads)
    with without(names):
        _, without_it = make(threads)
    first, second = timer.alternate([with_it, without_it], repeats)
    pairs = [b / a for a, b in zip(first.seconds, second.seconds, strict=True)]
    _, middle, upper = statistics.quantiles(pairs, n=4, method="inclusive")
    return middle, upper


def main() -> None:
    """Print a line for each fused layer of each workload."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", nargs="+", default=[""], metavar="WHAT", help="parts of names")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--repeats", type=int, default=10)
    asked = parser.parse_args()
    heads = "".join(f"{f'{threads} thr.':>16}" for threads in asked.threads)
    print(f"{'workload':28} {'without':24}{heads}")
    for name, (mode, make) in workloads().items():
        if not any(word in name for word in asked.only):
            continue
        network, _ = make(1)
        plan = Plan.of(network, "training" if mode == "training" else "inference")
        used = dict.fromkeys(type(node.fused).__name__ for node in plan.nodes if node.fused)
        for names in [*([each] for each in used), list(used)]:
            cells = []
            for threads in asked.threads:
                with threadpool_limits(threads, "blas"):
                    middle, upper = earned(make, names, threads, asked.repeats)
                cells.append(f"{middle:.3f} ({upper:.3f})".rjust(16))
            label = names[0] if len(names) == 1 else "all of them"
            print(f"{name:28} {label:24}{''.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
