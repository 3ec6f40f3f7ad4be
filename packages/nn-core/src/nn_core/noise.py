"""Counted noise: random numbers that belong to an example, however a batch is cut.

The generator of a layer's noise is found from (seed of the run, step, path of the layer) and
advanced by the number of the example's row, so the same numbers are drawn in one piece or in
many, by any thread or process, and a resumed run needs nothing but its seed and its step.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array


def uniform(
    seed: tuple[int, int],
    path: tuple[int, ...],
    first_row: int,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Uniform numbers in [0, 1) of shape (N, ...), for the rows first_row, first_row + 1, ...

    A row takes whole 64-bit words of the generator, each for one float64 or two float32, so
    that row n begins at word n * words.

    seed  of the run, and number of the step
    path  of the layer in its network
    """
    run, step = seed
    kind: Any = np.dtype(dtype)
    row, per_word = math.prod(shape[1:]), 8 // kind.itemsize
    words = -(-row // per_word)
    bits = np.random.PCG64(np.random.SeedSequence(run, spawn_key=(step, *path)))
    bits.advance(first_row * words)
    drawn = np.random.Generator(bits).random((shape[0], words * per_word), kind)
    return drawn[:, :row].reshape(shape)
