"""How many examples pass through a network together.

Fewer stay in the cache and need less memory; more are fewer calls, for which threads wait for one
another. It is a matter of shapes alone, and never of how many threads there are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nn_core import lanes
from nn_core.layers.coupled import Coupled

if TYPE_CHECKING:
    from nn_core.network import Network

SLICE_BYTES = 8 * 1024 * 1024
"""What the layers put out for the examples that pass through the network together.

Much of it has left the cache when it is needed again; but less at a time is more calls.
"""

PREDICT_BYTES = 64 * 1024 * 1024
"""The same for those that are predicted together, of which nothing is kept for a way back."""


def slice_size(network: Network) -> int:
    """How many examples make SLICE_BYTES of what the stages put out and keep.

    More if the parameters are large, so that adding up the gradients of the slices stays a small
    part of the work.
    """
    numbers = sum(
        math.prod(network.shapes[stage.stop]) + stage.layer.kept(network.shapes[stage.first])
        for stage in network.stages
    )
    each = numbers * network.dtype.itemsize
    return max(1, max(SLICE_BYTES, 8 * network.parameters.nbytes) // max(1, each))


def slice_count(network: Network, N: int) -> int:
    """How many slices a batch passes in: one, two, or a multiple of the lanes.

    Lanes that wait for one another have two slices each, save that there are two lanes if the
    batch has two slices: they are there for threads, and each costs a little. Over time, or where
    a layer looks at all of the batch and is not `Coupled`, the batch is one slice.
    """
    coupling = [stage.layer for stage in network.stages if stage.layer.couples_examples]
    divisible = all(isinstance(layer, Coupled) for layer in coupling)
    if network.over_time or not divisible or network.slice_size >= N:
        return 1
    if coupling:
        whole = N // network.slice_size
        return max(1, min(lanes.LANES, max(min(2, whole), whole // 2)))
    least = math.ceil(N / network.slice_size)
    return least if least <= 2 else min(N, math.ceil(least / lanes.LANES) * lanes.LANES)


def predict_size(network: Network) -> int:
    """How many examples make PREDICT_BYTES of what the stages of predicting put out."""
    shape, numbers = network.input_shape, 0
    for use in network.uses:
        shape = use.layer.output_shape(shape)
        numbers += math.prod(shape)
    return max(1, PREDICT_BYTES // max(1, numbers * network.dtype.itemsize))


def predict_count(network: Network, N: int, steps: int, most: int) -> int:
    """How many slices N examples of so many steps are predicted in.

    Up to `lanes.LANES` if each has SLICE_BYTES then, and more if they would be larger than
    PREDICT_BYTES or than `most` examples.
    """
    together = network.predict_size // max(1, steps)
    enough = together * SLICE_BYTES // PREDICT_BYTES
    return max(
        math.ceil(N / max(1, min(most, together))),
        min(lanes.LANES, math.ceil(N / max(1, enough))),
    )
