"""The context of a layer's call: mode, position in the network, and the whole batch."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core import noise
from nn_core.arrays import Array


class Collective:
    """Exchange of small values among the shards of a batch; this one is for a single shard."""

    def gather(self, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Copies of the values of all shards, in order.

        Must be called by all shards, including empty ones.
        """
        return [values]


@dataclass
class BatchPart:
    """The part of a batch that passes through the layers together.

    seed        seed of the run and step number: the keys of noise
    first_row   index of its first example in the whole batch
    collective  communicates with the other shards of the batch
    lengths     number of steps of each sequence (N,); None without padding
    """

    seed: tuple[int, int] = (0, 0)
    first_row: int = 0
    collective: Collective = field(default_factory=Collective)
    lengths: npt.NDArray[np.intp] | None = None


@dataclass(frozen=True)
class Context:
    """The context of a layer's call.

    training   whether the layer is being trained; False for a frozen layer
    part       the part of the batch being processed
    path       position of the layer in the network, and in nested chains
    needs_d_x  whether `backward` must return d_x
    """

    training: bool = True
    part: BatchPart = field(default_factory=BatchPart)
    path: tuple[int, ...] = ()
    needs_d_x: bool = True

    def child(self, index: int, *, trainable: bool = True, needs_d_x: bool = True) -> "Context":
        """The context of layer `index` of a chain. A frozen layer is not in training mode."""
        return Context(self.training and trainable, self.part, (*self.path, index), needs_d_x)

    def sum_over_batch(self, *local: Array) -> list[Array]:
        """total = sum_s local_s over the shards s of the batch, added in their order."""
        first, *others = self.part.collective.gather(local)
        totals = [np.array(value) for value in first]
        for values in others:
            for total, value in zip(totals, values, strict=True):
                np.add(total, value, out=total)
        return totals

    def uniform(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Uniform numbers in [0, 1) of shape (N, ...), independent of how the batch is split.

        A layer that needs two arrays per pass uses `child(0)` and `child(1)`.
        """
        return noise.uniform(self.part.seed, self.path, self.part.first_row, shape, dtype)

    def normal(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Standard normal numbers, like `uniform`: sqrt(-2 log(1 - u)) cos(2 pi v).

        Source: Box, Muller, A note on the generation of random normal deviates (1958).
        """
        u, v = (self.child(i).uniform(shape, dtype) for i in (0, 1))
        z: Array = np.sqrt(-2.0 * np.log1p(-u)) * np.cos(2.0 * np.pi * v)
        return z
