"""How good a network is on any examples, without noise and without penalties."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.batches.streams import windows
from nn_core.layers import Context
from nn_core.network import Network

Figure = Callable[[Array, Any], float]
"""A number from logits and targets: a mean over the targets."""


def measure(
    network: Network,
    x: Examples,
    y: npt.NDArray[Any],
    figures: Mapping[str, Figure],
    *,
    contexts: Sequence[Context] | None = None,
) -> dict[str, float]:
    """Each figure over all examples.

    contexts  memory to use again, for whoever measures often
    """
    logits = network.predict(x, contexts=contexts)
    return {name: figure(logits, y) for name, figure in figures.items()}


def measure_text(
    network: Network,
    x: npt.NDArray[Any],
    y: npt.NDArray[np.integer[Any]],
    figures: Mapping[str, Figure],
    *,
    streams: int = 64,
    steps: int = 100,
    contexts: Sequence[Context] | None = None,
) -> dict[str, float]:
    """Each figure over a long text x (L,) with its targets y (L,), the state carried along.

    The mean over all targets is put together from those of windows of `steps`, so that memory
    does not grow with the text; see `nn_core.streams.windows`. With one stream the text is
    read as it stands; more read it faster, each after a lead of its own.
    """
    contexts = network.contexts(frozen=True) if contexts is None else contexts
    for context in contexts:
        context.forget()
    totals, count = dict.fromkeys(figures, 0.0), 0
    for window, targets in windows(x, y, streams=streams, steps=steps):
        logits = network.use(window, contexts)
        for context in contexts:
            context.carry()
        here = int(np.count_nonzero(targets >= 0))
        if here:
            count += here
            for name, figure in figures.items():
                totals[name] += here * figure(logits, targets)
    for context in contexts:
        context.forget()
    return {name: total / count for name, total in totals.items()}
