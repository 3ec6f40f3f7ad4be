"""How many examples pass through a network together.

Fewer stay in the cache and need less memory; more are fewer calls, for which threads wait for
one another. It is a matter of shapes alone, never of the number of threads, for the sake of the
bits.
"""

import math

from nn_core.engine.plan import Plan
from nn_core.network import Network

TRAIN_BYTES = 8 * 1024 * 1024
"""Outputs of all layers for the examples that pass through the network together.

Much of it has left the cache when it is needed again; but less at a time is more calls.
"""

PREDICT_BYTES = 64 * 1024 * 1024
"""The same in prediction, where nothing is kept for a backward pass."""

SHARDS = 4
"""Shards of a batch that is large enough, unless the run says how many."""

PREDICT_ROWS = 256
"""Examples that are predicted together at most."""


def micro_batch_size(network: Network, plan: Plan) -> int:
    """How many examples make TRAIN_BYTES of what the layers put out and keep.

    More if the parameters are large, so that adding up the gradients of the micro-batches stays
    a small part of the work.
    """
    each = plan.numbers_per_example(network) * network.dtype.itemsize
    return max(1, max(TRAIN_BYTES, 8 * network.vector.nbytes) // max(1, each))


def training_cut(network: Network, size: int, shards: int | None, N: int) -> tuple[int, int]:
    """(shards of a batch of N examples, micro-batches of each shard).

    By default a batch that passes whole is one shard. Sequences pass whole; so does each shard
    where layers look at all of the batch. Otherwise there are two shards, or SHARDS of them in
    micro-batches.
    """
    over_time = None in network.input_shape
    whole_shards = over_time or network.batch_dependent
    if shards is not None:
        return shards, 1 if whole_shards else max(1, math.ceil(math.ceil(N / shards) / size))
    if over_time or size >= N:
        return 1, 1
    if whole_shards:
        filled = N // size
        return max(1, min(SHARDS, max(min(2, filled), filled // 2))), 1
    least = math.ceil(N / size)
    return (least, 1) if least <= 2 else (min(N, SHARDS), math.ceil(least / SHARDS))


def predict_parts(network: Network, plan: Plan, N: int, steps: int) -> int:
    """How many parts N examples of so many steps are predicted in.

    Up to SHARDS if each has TRAIN_BYTES then, and more if they would be larger than
    PREDICT_BYTES or than PREDICT_ROWS examples.
    """
    each = plan.numbers_per_example(network) * network.dtype.itemsize
    together = max(1, PREDICT_BYTES // max(1, each)) // max(1, steps)
    enough = together * TRAIN_BYTES // PREDICT_BYTES
    return max(math.ceil(N / max(1, min(PREDICT_ROWS, together))), min(SHARDS, math.ceil(N / max(1, enough))))
