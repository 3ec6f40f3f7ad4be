"""Counter-based noise: random numbers per example, independent of how a batch is split.

The generator of a layer's noise is seeded with (seed of the run, step, path of the layer) and
advanced by the row index of the example. So the numbers do not depend on shards, threads or
processes, and resuming a run requires only its seed and step.
"""

from __future__ import annotations  # numpy.random is imported on first use

import math
import operator
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.errors import SettingError
from nn_core.registry import require


def fresh_seed() -> int:
    """A 32-bit seed from the operating system."""
    return int.from_bytes(os.urandom(4), "little")


def uniform(
    seed: tuple[int, int],
    path: tuple[int, ...],
    first_row: int,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    """Uniform numbers in [0, 1) of shape (N, ...), for the rows first_row, first_row + 1, ...

    A row consumes whole 64-bit words of the generator, each for one float64 or two float32, so
    that row n begins at word n * words.

    seed  seed of the run, and the step number
    path  path of the layer in its network
    """
    run, step = seed
    kind: Any = np.dtype(dtype)
    row, per_word = math.prod(shape[1:]), 8 // kind.itemsize
    words = -(-row // per_word)
    bits = np.random.PCG64(np.random.SeedSequence(run, spawn_key=(step, *path)))
    bits.advance(first_row * words)
    drawn = np.random.Generator(bits).random((shape[0], words * per_word), kind)
    return drawn[:, :row].reshape(shape)


def generator_from(seed: int | None, rng: int | np.random.Generator | None) -> tuple[int | None, np.random.Generator]:
    """The seed (None if a generator is given) and the generator for the initial parameters."""
    require(seed is None or rng is None, f"the seed is set twice: seed={seed!r} and rng={rng!r}")
    if isinstance(rng, np.random.Generator):
        return None, rng
    given = fresh_seed() if seed is None and rng is None else rng if seed is None else seed
    try:
        number = operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        example = "rng takes an integer or np.random.default_rng(0)" if seed is None else "seed takes an integer"
        raise SettingError(f"{example}, not {given!r}") from None
    require(number >= 0, f"the seed must be at least 0, not {number}")
    return number, np.random.default_rng(number)
