"""Training steps of fully connected networks."""

import numpy as np

from bench.ours import Task
from bench.sides import SCIKIT, TORCH, Case
from bench.training import training_case
from nn_core.layers import Dense, Layer, ReLU

SIZES = (
    ((2, 10, 5, 1), 32, 5.0),
    ((12288, 20, 7, 5, 1), 64, 1.5),
    ((784, 256, 128, 10), 128, 1.2),
    ((784, 1024, 1024, 10), 128, 1.05),
)
"""Units of each layer, examples in a batch, and the goal against PyTorch."""


def mlp(sizes: tuple[int, ...], batch_size: int) -> Task:
    """Dense layers with ReLU between them, and a batch of normal numbers with random labels."""
    rng = np.random.default_rng(1)
    *hidden, outputs = sizes[1:]
    layers: list[Layer] = [layer for units in hidden for layer in (Dense(units), ReLU())]
    return Task(
        name_of(sizes, batch_size),
        (*layers, Dense(outputs)),
        sizes[:1],
        "binary-cross-entropy" if outputs == 1 else "softmax-cross-entropy",
        rng.normal(size=(batch_size, sizes[0])).astype(np.float32),
        rng.integers(max(2, outputs), size=batch_size),
    )


def name_of(sizes: tuple[int, ...], batch_size: int) -> str:
    """As in "2-10-5-1 x32"."""
    return f"{'-'.join(map(str, sizes))} x{batch_size}"


def _case(sizes: tuple[int, ...], batch_size: int, goal: float) -> Case:
    goals = {TORCH: goal, SCIKIT: 1.5}
    return training_case("a", name_of(sizes, batch_size), goals, lambda: mlp(sizes, batch_size))


CASES = [_case(*row) for row in SIZES]
