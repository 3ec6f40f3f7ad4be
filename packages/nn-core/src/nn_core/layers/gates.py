"""How the gates of GRU and LSTM are laid out and opened.

The weights hold the gates side by side, (D, gates * units), so that a gradient is one product.
What is computed in the loop lies gate by gate, (gates, ..., units), so that each gate is one
piece of memory: what is done number by number to a piece is twice as fast as along the parts
of longer rows.
"""

from collections.abc import Mapping

import numpy as np

from nn_core.arrays import Array
from nn_core.layers.layer import Context


def per_gate(
    name: str, params: Mapping[str, Array], sigmoids: int, units: int, context: Context
) -> Array:
    """A parameter (D, gates * units) as (gates, D, units), and b as (gates, 1, units).

    The first `sigmoids` of them are halved, for `open_gates`.
    """
    by_gate = params[name].reshape(-1, params[name].shape[-1] // units, units).swapaxes(0, 1)
    made = context.frozen and context.has(name)
    copied = context.scratch(name, by_gate.shape)
    if made:
        return copied
    np.copyto(copied, by_gate)
    copied[:sigmoids] *= 0.5
    return copied


def open_gates(z: Array, sigmoids: int) -> None:
    """sigmoid of the first gates, tanh of the others, in place; z (gates, N, units).

    sigmoid(z) = 1/2 tanh(z/2) + 1/2, so that one pass of tanh, which cannot overflow, does for
    all of them; z/2 is what stands there already, from weights that were halved.
    """
    np.tanh(z, out=z)
    first = z[:sigmoids]
    first *= 0.5
    first += 0.5
