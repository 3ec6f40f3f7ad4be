"""Training steps of the convolutional networks of cnn-sign."""

import numpy as np

from bench.ours import Task
from bench.sides import TORCH, Case
from bench.training import training_case
from cnn_sign_digits.presets import PRESETS
from nn_core.layers import ReLU

CLASSES, SIZE = 10, 64
GOALS = {"classic": 1.3, "accurate": 1.0}


def convolutional(preset: str, batch_size: int) -> Task:
    """A preset without dropout, and photos of noise, 0 to 255."""
    rng = np.random.default_rng(1)
    x = rng.random((batch_size, SIZE, SIZE, 3), np.float32)  # and no more: memory is measured
    x *= 255.0
    return Task(
        f"{preset} x{batch_size}",
        tuple(PRESETS[preset].build(CLASSES, ReLU(), "he", 1.0)),
        (SIZE, SIZE, 3),
        "softmax-cross-entropy",
        x,
        rng.integers(CLASSES, size=batch_size),
    )


def _case(preset: str) -> Case:
    goals = {TORCH: GOALS[preset]}
    return training_case("b", f"{preset} x64", goals, lambda: convolutional(preset, 64))


CASES = [_case(preset) for preset in GOALS]
