"""Sequences side by side: a batch of them in two halves, which two threads can work on.

Sequences of a batch know nothing of one another, so each half is read by itself, with its rows of
the states. The loss is a mean over the M targets that count:

L = M_1/M L_1 + M_2/M L_2,   dL/dw likewise

Smaller products are a little slower, so that only large batches are halved; whether one is, is
a matter of the batch alone, and the sums are taken in the halves' order: the bits are the same for
any number of threads.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.layers.layer import Context, State
from nn_core.losses import NO_TARGET, Loss
from nn_core.threads import Crew

if TYPE_CHECKING:
    from nn_core.network import Network

EXAMPLES = 32
"""Sequences from which on it is worth halving a batch, and"""
MULTIPLY_ADDS = 100_000_000
"""the work that it must be, too."""


def halves_of(
    network: "Network", x: npt.NDArray[Any], targets: npt.NDArray[Any]
) -> tuple[slice, slice] | None:
    """The halves of a batch (N, T, ...), or None if it is to stay whole."""
    if any(layer.couples_examples for layer in network.layers):
        return None
    N, T = x.shape[:2]
    work = (
        N
        * T
        * sum(
            layer.multiply_adds(shape)
            for layer, shape in zip(network.layers, network.shapes, strict=False)
        )
    )
    if N < EXAMPLES or work < MULTIPLY_ADDS or targets.shape[:2] != (N, T):
        return None
    parts = slice(0, N // 2), slice(N // 2, N)
    return parts if all((targets[part] != NO_TARGET).any() for part in parts) else None


def loss_and_gradients(
    network: "Network",
    x: npt.NDArray[Any],
    targets: npt.NDArray[Any],
    loss: Loss,
    contexts: Sequence[Context],
    parts: tuple[slice, slice],
    crew: Crew,
) -> tuple[float, Array]:
    """`Network.loss_and_gradients` of a batch in halves; states go in and come out whole."""
    N, T = x.shape[:2]
    logits = np.empty((N, T, *network.output_shape), network.dtype)
    there = [int(np.count_nonzero(targets[part] != NO_TARGET)) for part in parts]
    grads = [np.zeros_like(network.gradients), network.gradients]
    values = [0.0, 0.0]
    noises = network.noises(len(parts), contexts[0])
    lanes = [[context.twin(i) for context in contexts] for i in range(len(parts))]
    before = [(context.rng, context.initial_state) for context in contexts]
    for part, lane, i in zip(parts, lanes, range(len(parts)), strict=True):
        for context, (_, state) in zip(lane, before, strict=True):
            context.initial_state = rows_of(state, part)
            if noises is not None:
                context.rng = noises[i]

    def work(thread: int, i: int) -> None:
        part, share = parts[i], there[i] / sum(there)
        logits[part], caches = network.forward(x[part], lanes[i])
        value, d_logits = loss(logits[part], targets[part])
        values[i] = share * value
        network.backward(share * d_logits, caches, lanes[i], network.views_of(grads[i]))

    try:
        crew.map(work, len(parts))
    finally:
        for i, (context, (rng, state)) in enumerate(zip(contexts, before, strict=True)):
            context.rng, context.initial_state = rng, state
            ends = [lane[i].final_state for lane in lanes]
            context.final_state = joined(ends)
    network.gradients += grads[0]
    return sum(values), logits


def rows_of(state: State | None, part: slice) -> State | None:
    """The rows of some sequences."""
    return None if state is None else tuple(array[part] for array in state)


def joined(states: Sequence[State | None]) -> State | None:
    """The rows of all sequences, in their order; None where a layer has no state."""
    there = [state for state in states if state is not None]
    if len(there) < len(states):
        return None
    return tuple(np.concatenate(arrays) for arrays in zip(*there, strict=True))
