"""Sizes of micro-batches: the examples that pass through a network together.

Small micro-batches stay in cache and need less memory; large ones need fewer calls, for which
threads wait for one another. Sizes depend only on shapes, never on the number of threads, so that
results are reproducible bit for bit.
"""

import math

from nn_core.engine.plan import Plan
from nn_core.network import Network

TRAIN_BYTES = 8 * 1024 * 1024
"""Memory for the outputs of all layers for one micro-batch in training.

It exceeds the cache, but smaller micro-batches would need more calls.
"""

PREDICT_BYTES = 64 * 1024 * 1024
"""The same for prediction, which caches nothing for a backward pass."""

SHARDS = 4
"""Default number of shards of a large batch."""

PREDICT_ROWS = 256
"""Maximum number of examples predicted together."""


def micro_batch_size(network: Network, plan: Plan) -> int:
    """The number of examples whose layer outputs and caches take TRAIN_BYTES.

    More if the parameters are large, so that adding the gradients of the micro-batches remains a
    small part of the work.
    """
    each = plan.numbers_per_example(network) * network.dtype.itemsize
    return max(1, max(TRAIN_BYTES, 8 * network.vector.nbytes) // max(1, each))


def training_cut(network: Network, size: int, shards: int | None, N: int) -> tuple[int, int]:
    """(shards of a batch of N examples, micro-batches per shard).

    By default, a batch that is processed as a whole is one shard. Sequences are processed as a
    whole; so is each shard if layers are batch-dependent. Otherwise there are two shards, or SHARDS
    shards divided into micro-batches.
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


def predict_parts(network: Network, plan: Plan, N: int, steps: int, *, continued: bool = False) -> int:
    """The number of parts in which to predict N examples with this many steps.

    Up to SHARDS if each part has TRAIN_BYTES, and more if parts would exceed PREDICT_BYTES or
    PREDICT_ROWS examples. Sequences that are continued, step after step, pass whole if they fit
    into PREDICT_BYTES: cutting their states would take longer than a step.
    """
    each = plan.numbers_per_example(network) * network.dtype.itemsize
    together = max(1, PREDICT_BYTES // max(1, each)) // max(1, steps)
    if continued:
        return math.ceil(N / max(1, together))
    enough = together * TRAIN_BYTES // PREDICT_BYTES
    return max(math.ceil(N / max(1, min(PREDICT_ROWS, together))), min(SHARDS, math.ceil(N / max(1, enough))))
