"""Where numbers are lost: the first place from which on they are not finite."""

import numpy as np

from nn_core.arrays import Array
from nn_core.network import Network


def locate_non_finite(network: Network, x: Array) -> str:
    """The examples, a layer with its weights and its output, a kernel, or else the loss itself."""
    if not np.isfinite(x).all():
        return "the examples"
    first = x = network.accepted(x)
    contexts = network.contexts()
    for i, layer in enumerate(network.layers):
        x, _ = network.forward_layer(i, x, contexts[i])
        if not all(
            np.isfinite(values).all() for values in (x, *network.parameter_views[i].values())
        ):
            return f"layer {i}, {layer!r}"
    x = first  # the layers are finite; a kernel may go further on its way to the same numbers
    for i, stage in enumerate(network.stages):
        x, _ = network.forward_stage(i, x, contexts)
        if not np.isfinite(x).all():
            return str(stage)
    return "the loss itself"
