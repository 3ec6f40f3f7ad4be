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
    """A preset without dropout, and photos of noise, 0 to 255.

    With other photos rounding may decide which of two pixels wins a pool, or on which side of zero
    a ReLU is; then two sides that are both right differ by more than they may.
    """
    rng = np.random.default_rng(1)
    x = np.empty((batch_size, SIZE, SIZE, 3), np.float32)
    for photo in x:  # one at a time, for the memory of all is measured
        photo[...] = rng.uniform(0, 255, size=photo.shape)
    return Task(
        f"{preset} x{batch_size}",
        tuple(PRESETS[preset].build(CLASSES, ReLU(), "he", 0.0)),
        (SIZE, SIZE, 3),
        "softmax-cross-entropy",
        x,
        rng.integers(CLASSES, size=batch_size),
    )


def _case(preset: str) -> Case:
    goals = {TORCH: GOALS[preset]}
    return training_case("b", f"{preset} x64", goals, lambda: convolutional(preset, 64))


CASES = [_case(preset) for preset in GOALS]
