"""Locate the first non-finite values when training diverges."""

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Examples
from nn_core.network import Network

ROWS = 256
"""Examples per batch, to bound memory."""


def locate_non_finite(network: Network, x: Examples) -> str:
    """The first of: the examples, a layer with non-finite parameters or output, or the loss."""
    for start in range(0, len(x), ROWS):
        found = _locate(network, x[start : start + ROWS])
        if found is not None:
            return found
    return "the loss itself"


def _locate(network: Network, x: npt.NDArray[np.generic]) -> str | None:
    if not np.isfinite(x).all():
        return "the examples"
    for index, (layer, output) in enumerate(zip(network, network.activations(x), strict=True)):
        if not all(np.isfinite(values).all() for values in (*layer.params.values(), output)):
            return f"layer {index}, {layer.layer!r}"
    return None
