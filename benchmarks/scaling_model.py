"""When does sharing out a batch pay? A model on paper of a data-parallel step, and a simulation that checks it.

    python benchmarks/scaling_model.py --measure costs.json     # seconds of a step by examples, on this machine
    python benchmarks/scaling_model.py --costs costs.json --figure out/scaling.png

A batch of B examples in S shards on R ranks, S a multiple of R, takes

    T(R) = (S / R) t(B / S) + u + A(R) + G(R) + (1 + 2 L) a ceil(log2 R)
    A(R) = (R - 1) (a + k V / (R b)) + (S / R) c V      partial sums to their ranks, and their addition
    G(R) = (R - 1) (a + V / (R b))                      finished segments to all

with t(n), the seconds for the gradients of n examples; u, the update; V, the bytes of a gradient; k, the subtrees
that a rank holds: 1 if S / R is a power of two, up to 2 log2 S otherwise; a, the latency and b, the bandwidth of a
message; c, seconds per byte of an addition; L, the batch-normalization layers, each with an exchange forward and one
backward; and one exchange of the losses. Messages cost as in the model of Hockney (1994); Alltoall and Allgather are
R - 1 exchanges in pairs.

The simulation sends every message, and lets every rank wait for those that it needs. Its noise is that of the ranks:
each computes for t (1 + 5% |z|), z normal, and all wait for the slowest.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BATCH = 256
RANKS = (1, 2, 4, 8, 16, 32, 64)
ADDITION = 1 / 6e9
"""Seconds per byte of an addition in place."""
LINKS = {
    "shared memory": (5e-6, 4e9),
    "1 Gb Ethernet": (50e-6, 0.117e9),
    "10 Gb Ethernet": (20e-6, 1.17e9),
    "100 Gb InfiniBand": (2e-6, 12e9),
}
"""Latency in seconds, and bytes per second."""
SIZES = (4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Costs:
    """What a step of a network costs on one rank.

    gradients  seconds for a number of examples
    update     seconds
    size       bytes of a gradient
    norms      batch-normalization layers
    """

    gradients: dict[int, float]
    update: float
    size: int
    norms: int

    def seconds(self, examples: float) -> float:
        """The gradients of a number of examples: a line fitted to what was measured, from the fewest on."""
        n = np.array(sorted(self.gradients))
        t = np.array([self.gradients[each] for each in n])
        slope, fixed = np.polyfit(n, t, 1, w=1 / t)
        return float(max(fixed, 0.0) + slope * examples)

    def times(self, factor: int) -> Costs:
        """A network with as many times the parameters and the work."""
        scaled = {n: factor * t for n, t in self.gradients.items()}
        return Costs(scaled, factor * self.update, factor * self.size, self.norms)


def modeled(costs: Costs, ranks: int, link: tuple[float, float]) -> float:
    """T(R) with a shard for each rank."""
    a, b = link
    work = costs.seconds(BATCH / ranks) + costs.update
    if ranks == 1:
        return work
    segment = costs.size / ranks
    alltoall = (ranks - 1) * (a + segment / b) + (ranks - 1) * segment * ADDITION
    allgather = (ranks - 1) * (a + segment / b)
    return work + alltoall + allgather + (1 + 2 * costs.norms) * a * math.ceil(math.log2(ranks))


def simulated(costs: Costs, ranks: int, link: tuple[float, float], rng: np.random.Generator | None) -> float:
    """The same step, message by message; with noise if there is a generator."""
    a, b = link
    clock = np.zeros(ranks)
    parts = 1 + 2 * costs.norms  # computing is divided by the exchanges of the statistics
    share = costs.seconds(BATCH / ranks) / parts
    for part in range(parts):
        slow = 1.0 if rng is None else 1.0 + 0.05 * np.abs(rng.normal(size=ranks))
        clock = clock + share * slow
        if part < parts - 1:
            clock = _exchange(clock, a)
    segment = costs.size / ranks
    for _ in range(ranks - 1):  # Alltoall: in round j, rank r sends to r + j and hears from r - j
        clock = np.maximum(clock, np.roll(clock, 1)) + a + segment / b
    clock = clock + (ranks - 1) * segment * ADDITION
    for _ in range(ranks - 1):  # Allgather: a ring
        clock = np.maximum(clock, np.roll(clock, 1)) + a + segment / b
    clock = _exchange(clock, a)
    clock = _exchange(clock, a) if costs.norms else clock
    return float(clock.max()) + costs.update


def _exchange(clock: Any, a: float) -> Any:
    """A small value of all ranks to all, by doubling distances."""
    distance = 1
    while distance < len(clock):
        clock = np.maximum(clock, np.roll(clock, distance)) + a
        distance *= 2
    return clock


def measure() -> dict[str, Costs]:
    """Costs on this machine, with one thread."""
    from threadpoolctl import threadpool_limits

    from nn_core.engine.engine import Engine
    from nn_core.losses import softmax_cross_entropy
    from nn_core.optim.optimizers import Adam
    from ranks import network_and_batch

    found = {}
    for name in ("classic", "accurate", "GRU", "dense"):
        gradients = {}
        for n in SIZES:
            network, x, y = network_and_batch(name, n)
            adam = Adam()
            state = adam.init(network.trained)
            times, updates = [], []
            with threadpool_limits(1), Engine(network, threads=1, shards=1) as engine:
                begin = time.perf_counter()
                while len(times) < 5 or time.perf_counter() - begin < 1.0:
                    start = time.perf_counter()
                    result = engine.loss_and_gradients(x, y, softmax_cross_entropy, seed=(0, len(times)))
                    middle = time.perf_counter()
                    engine.update(adam, result.gradients, state, learning_rate=1e-4, step=len(times) + 1)
                    times.append(middle - start)
                    updates.append(time.perf_counter() - middle)
            gradients[n] = float(np.median(times[2:]))
        norms = sum(type(layer).__name__ == "BatchNorm" for layer in network.layers)
        found[name] = Costs(gradients, float(np.median(updates[2:])), network.trained.nbytes, norms)
        print(
            name, {n: f"{1000 * t:.2f} ms" for n, t in gradients.items()}, f"update {1000 * found[name].update:.2f} ms"
        )
    return found


def draw(every: dict[str, Costs], file: Path) -> None:
    """Speed-up against ranks, a panel for each interconnect."""
    from nn_core.plots import add_legend, drawing, log_scale, series, tidy

    with drawing(
        file, 13, 4.2, title=f"Speed-up of a step with {BATCH} examples, by the model", note="dotted: ideal"
    ) as figure:
        panels = figure.subplots(1, len(LINKS), sharey=True)
        for axes, (link, values) in zip(panels, LINKS.items(), strict=True):
            for i, (name, costs) in enumerate(every.items()):
                speed = [modeled(costs, 1, values) / modeled(costs, ranks, values) for ranks in RANKS]
                axes.plot(RANKS, speed, label=name, **(series(i) | {"markevery": 1}))
            axes.plot(RANKS, RANKS, color="0.5", linestyle=":")
            axes.set_ylim(0.2, 64)
            log_scale(axes, which="x")
            log_scale(axes)
            axes.set_xticks(RANKS, [str(ranks) for ranks in RANKS])
            axes.set_yticks((0.25, 0.5, *RANKS), ["1/4", "1/2", *map(str, RANKS)])
            tidy(axes, x="ranks", y="speed-up" if axes is panels[0] else "", title=link)
        add_legend(figure, *panels[0].get_legend_handles_labels(), title="network")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", type=Path, metavar="FILE")
    parser.add_argument("--costs", type=Path, metavar="FILE")
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    if given.measure:
        found = measure()
        given.measure.write_text(json.dumps({name: vars(costs) for name, costs in found.items()}))
        return
    loaded = json.loads(given.costs.read_text())
    every = {
        name: Costs({int(n): t for n, t in each["gradients"].items()}, each["update"], each["size"], each["norms"])
        for name, each in loaded.items()
    }
    every["10 x dense"] = every["dense"].times(10)
    rng = np.random.default_rng(0)
    print(f"{'network':11} {'link':18} " + " ".join(f"{ranks:>7}" for ranks in RANKS) + "   best  half  model  noise")
    for name, costs in every.items():
        for link, values in LINKS.items():
            times = [modeled(costs, ranks, values) for ranks in RANKS]
            speed = [times[0] / each for each in times]
            best = RANKS[int(np.argmin(times))]
            half = max(ranks for ranks, each in zip(RANKS, speed, strict=True) if each >= ranks / 2)
            ratios = [simulated(costs, ranks, values, None) / each for ranks, each in zip(RANKS, times, strict=True)]
            noisy = np.mean([simulated(costs, 8, values, rng) for _ in range(50)]) / modeled(costs, 8, values)
            worst = max(ratios, key=lambda ratio: abs(ratio - 1)) - 1
            columns = " ".join(f"{each:7.2f}" for each in speed)
            print(f"{name:11} {link:18} {columns}  {best:5} {half:5} {worst:+6.1%} {noisy - 1:+6.1%}")
    if given.figure:
        draw(every, given.figure)


if __name__ == "__main__":
    main()
