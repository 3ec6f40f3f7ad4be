"""What the structure of nn-core costs: one training step, against bare NumPy.

The same arithmetic twice: `Trainer.step()`, and the loop below that knows its layers by
heart and writes into arrays made beforehand. Both begin with the same weights and see the
same batches; before anything is timed they must agree about the weights after ten steps.
The two take turns, a block of steps each, and what counts is the median over many blocks.
"""

import argparse
import gc
import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from threadpoolctl import threadpool_info

from nn_core import Dense, Network, Recipe, ReLU, Trainer
from nn_core.arrays import Array, Labels
from nn_core.engine.engine import Engine
from nn_core.losses import binary_cross_entropy
from nn_core.optim.optimizers import Adam

SEED = 1
LEARNING_RATE = 0.001


@dataclass(frozen=True)
class Case:
    """A network, the batches it is given, and how much slower than bare it may be.

    sizes   inputs, hidden units of each layer, outputs
    blocks  of `steps` steps, each side's in turn
    """

    sizes: tuple[int, ...]
    batch_size: int
    examples: int
    goal: float
    steps: int
    blocks: int

    @property
    def name(self) -> str:
        return "-".join(map(str, self.sizes))


CASES = [
    Case((12288, 20, 7, 5, 1), batch_size=64, examples=256, goal=1.25, steps=4, blocks=400),
    Case((2, 10, 5, 1), batch_size=32, examples=512, goal=2.0, steps=64, blocks=400),
]


@dataclass(frozen=True)
class Timing:
    """Seconds a step, each the median over the blocks, and the quartiles of their ratio."""

    network: str
    batch_size: int
    nn_core: float
    bare: float
    lower: float
    ratio: float
    upper: float
    goal: float


class BareNumPy:
    """Dense and ReLU layers, binary cross-entropy and Adam, with nothing between them.

    All weights lie in one vector, as in nn-core: with eight arrays instead, Adam alone takes
    ten times as many calls.
    """

    def __init__(self, case: Case, x: Array, labels: Labels, w: Array) -> None:
        self.x, self.targets = x, labels.astype(np.float32)
        self.batch_size = case.batch_size
        self.order_rng = np.random.default_rng(np.random.SeedSequence(SEED))
        self.order = np.arange(0)
        self.position = self.examples = len(x)

        self.w, self.g = w.copy(), np.empty_like(w)
        self.m, self.v, self.scratch = np.zeros_like(w), np.zeros_like(w), np.empty_like(w)
        self.steps = 0
        self.W: list[Array] = []
        self.d_W: list[Array] = []
        self.b: list[Array] = []
        self.d_b: list[Array] = []
        start = 0
        for fan_in, units in zip(case.sizes, case.sizes[1:], strict=False):
            part = slice(start, start + fan_in * units)
            self.W.append(self.w[part].reshape(fan_in, units))
            self.d_W.append(self.g[part].reshape(fan_in, units))
            start = part.stop
        for units in case.sizes[1:]:
            part = slice(start, start + units)
            self.b.append(self.w[part])
            self.d_b.append(self.g[part])
            start = part.stop

        # activation[0] is the batch, activation[-1] the logits.
        self.activation = [np.empty((case.batch_size, size), x.dtype) for size in case.sizes]
        self.d = [np.empty_like(a) for a in self.activation]
        self.positive = [np.empty(a.shape, bool) for a in self.activation]
        self.y = np.empty(case.batch_size, x.dtype)
        self.terms, self.term = np.empty_like(self.y), np.empty_like(self.y)

    def step(self) -> float:
        activation, d, last = self.activation, self.d, len(self.W) - 1

        if self.position == self.examples:
            self.order = self.order_rng.permutation(self.examples)
            self.position = 0
        rows = self.order[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        np.take(self.x, rows, axis=0, out=activation[0], mode="clip")
        np.take(self.targets, rows, out=self.y, mode="clip")

        for i in range(last + 1):
            a = activation[i + 1]
            np.dot(activation[i], self.W[i], out=a)
            a += self.b[i]
            if i < last:
                np.maximum(a, 0.0, out=a)

        # log(1 + exp(z)) - y z = max(z, 0) + log(1 + exp(-|z|)) - y z
        z, y, terms, term = activation[-1].reshape(-1), self.y, self.terms, self.term
        np.abs(z, out=terms)
        np.negative(terms, out=terms)
        np.exp(terms, out=terms)
        np.log1p(terms, out=terms)
        terms += np.maximum(z, 0.0, out=term)
        terms -= np.multiply(y, z, out=term)
        loss = float(np.add.reduce(terms)) / len(y)
        # (1 / (1 + exp(-z)) - y) / N
        d_z = d[-1].reshape(-1)
        np.maximum(z, -87.0, out=d_z)
        np.negative(d_z, out=d_z)
        np.exp(d_z, out=d_z)
        d_z += 1.0
        np.reciprocal(d_z, out=d_z)
        d_z -= y
        d_z /= len(y)

        for i in range(last, -1, -1):
            if i < last:
                d[i + 1] *= np.greater(activation[i + 1], 0.0, out=self.positive[i + 1])
            np.dot(activation[i].T, d[i + 1], out=self.d_W[i])
            np.add.reduce(d[i + 1], axis=0, out=self.d_b[i])
            if i > 0:
                np.dot(d[i + 1], self.W[i].T, out=d[i])

        self.steps += 1
        g, m, v, scratch = self.g, self.m, self.v, self.scratch
        np.subtract(g, m, out=scratch)
        scratch *= 1.0 - 0.9
        m += scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1.0 - 0.999
        v *= 0.999
        v += scratch
        c = math.sqrt(1.0 - 0.999**self.steps)
        np.sqrt(v, out=scratch)
        scratch += c * 1e-8
        np.divide(m, scratch, out=scratch)
        scratch *= LEARNING_RATE * c / (1.0 - 0.9**self.steps)
        self.w -= scratch
        return loss


def contestants(case: Case) -> tuple[Trainer, BareNumPy]:
    """Both sides at the start of the same run."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(case.examples, case.sizes[0])).astype(np.float32)
    labels = rng.integers(0, 2, case.examples)
    *hidden, outputs = case.sizes[1:]
    layers = [layer for units in hidden for layer in (Dense(units), ReLU())]
    network = Network([*layers, Dense(outputs)], input_shape=case.sizes[:1], rng=rng)
    bare = BareNumPy(case, x, labels, network.vector)
    recipe = Recipe(binary_cross_entropy, Adam(), learning_rate=LEARNING_RATE, batch_size=case.batch_size)
    trainer = Trainer(Engine(network), x, labels, recipe, epochs=1_000_000, seed=SEED)
    return trainer, bare


def check_agreement(case: Case) -> None:
    """Exit unless both sides have the same losses and weights, to 1e-5, over ten steps."""
    trainer, bare = contestants(case)
    ours, theirs = zip(*[(trainer.step(), bare.step()) for _ in range(10)], strict=True)
    apart = np.abs(trainer.network.vector - bare.w).max()
    moved = np.abs(contestants(case)[1].w - bare.w).max()
    if apart > 1e-5 or moved < 1e-3 or not np.allclose(ours, theirs, rtol=1e-5):
        raise SystemExit(f"{case.name}: the two sides differ by {apart:.1e} after 10 steps")


def seconds_per_step(step: Callable[[], float], steps: int) -> float:
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def measure(case: Case) -> Timing:
    trainer, bare = contestants(case)
    sides = [trainer.step, bare.step]
    times: list[list[float]] = [[], []]
    gc.disable()
    for block in range(-20, case.blocks):  # the first few warm up
        for side in (0, 1) if block % 2 else (1, 0):
            seconds = seconds_per_step(sides[side], case.steps)
            if block >= 0:
                times[side].append(seconds)
    gc.enable()
    ratios = [ours / theirs for ours, theirs in zip(*times, strict=True)]
    lower, ratio, upper = statistics.quantiles(ratios, n=4)
    ours, theirs = map(statistics.median, times)
    return Timing(case.name, case.batch_size, ours, theirs, lower, ratio, upper, case.goal)


def print_table(timings: Sequence[Timing]) -> None:
    print(f"{'network':<16} {'batch':>5} {'nn-core':>10} {'bare NumPy':>11} {'ratio':>6} {'quartiles':>13} {'goal':>5}")
    for t in timings:
        print(
            f"{t.network:<16} {t.batch_size:>5} {t.nn_core * 1e6:>7.1f} us "
            f"{t.bare * 1e6:>8.1f} us {t.ratio:>6.3f} {t.lower:>6.3f}-{t.upper:.3f} {t.goal:>6.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    wanted = parser.parse_args()
    for case in CASES:
        check_agreement(case)
    timings = [measure(case) for case in CASES]
    threads = max((pool["num_threads"] for pool in threadpool_info()), default=1)
    if wanted.json:
        rows = [asdict(timing) for timing in timings]
        print(json.dumps({"numpy": np.__version__, "blas_threads": threads, "steps": rows}))
    else:
        print(f"NumPy {np.__version__}, BLAS threads: {threads}\n")
        print_table(timings)


if __name__ == "__main__":
    main()
