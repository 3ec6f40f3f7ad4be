"""How the gates of GRU and LSTM are laid out and opened.

The weights hold the gates side by side, (D, gates * units), so that a gradient is one product.
What is computed in the loop lies gate by gate, (gates, ..., units), so that each gate is one
piece of memory: what is done number by number to a piece is twice as fast as along the parts
of longer rows.
"""

import numpy as np

from nn_core.arrays import Array


def open_gates(z: Array, sigmoids: int) -> None:
    """sigmoid of the first gates, tanh of the others, in place; z (gates, N, units).

    sigmoid(z) = 1 / (1 + exp(-z)), and -z is what stands there already, from weights that were
    turned round: exp takes two thirds of the time of tanh. It may overflow, and 1 / inf is the 0
    that is meant, so that whoever calls this lets NumPy ignore it.
    """
    first, others = z[:sigmoids], z[sigmoids:]
    np.exp(first, out=first)
    first += 1.0
    np.divide(1.0, first, out=first)
    np.tanh(others, out=others)
