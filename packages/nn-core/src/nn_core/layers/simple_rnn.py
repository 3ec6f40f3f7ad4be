"""The simple recurrent layer: the state is tanh of the input and the previous state."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.layers.base import Cache, State, as_rows
from nn_core.layers.context import Context
from nn_core.layers.recurrent import Recurrent


@dataclass(frozen=True)
class SimpleRNN(Recurrent):
    """Each state is tanh of a linear function of the input and the previous state.

    z[t] = x[t] @ W_x + b + h[t-1] @ W_h
    h[t] = tanh(z[t]),   y[t] = h[t]

    x[t] (N, D), h[t] and z[t] (N, units), W_x (D, units), W_h (units, units), b (units,).

    h[t] affects the loss through y[t], and through z[t+1], on which all later steps depend:

    d_h[t]   = d_y[t] + d_z[t+1] @ W_h^T        at the last step d_y[T] + d_state
    d_z[t]   = d_h[t] (1 - h[t]^2)              since tanh' = 1 - tanh^2
    dL/dW_x  = sum_t x[t]^T @ d_z[t]
    dL/dW_h  = sum_t h[t-1]^T @ d_z[t]
    dL/db    = sum_t sum_n d_z[t, n]
    d_x[t]   = d_z[t] @ W_x^T
    d_h[0]   = d_z[1] @ W_h^T                   the gradient of the initial state

    Over k steps, the gradient is multiplied k times by W_h^T and by slopes of at most 1: it
    vanishes if the slopes are small and explodes if W_h stretches, which is why gradients are
    clipped, and motivates GRU and LSTM.

    The state is (h,). Arguments: see `Recurrent`.
    Source: Elman, Finding structure in time (1990); Pascanu, Mikolov, Bengio, On the
    difficulty of training recurrent neural networks (2013), sec. 2.
    """

    gates: ClassVar[int] = 1

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        self.check_state(state, len(x))
        x_terms = x @ params["W_x"] + params["b"]  # (N, T, units)
        h = [state[0]]
        for t in range(x.shape[1]):
            z = x_terms[:, t] + h[t] @ params["W_h"]
            h.append(np.tanh(z))
        return np.stack(h[1:], axis=1), (h[-1],), (x, h)

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        x, h = cache
        (d_h,) = self.gradient_of_state(d_state, d_y)
        d_zs = []
        for t in reversed(range(x.shape[1])):
            d_h = d_y[:, t] + d_h
            d_z = d_h * (1.0 - h[t + 1] ** 2)  # h[t] is the state before x[:, t]
            d_h = d_z @ params["W_h"].T
            d_zs.append(d_z)
        d_z = np.stack(d_zs[::-1], axis=1)  # (N, T, units)
        h_before = np.stack(h[:-1], axis=1)
        grads["W_h"][...] = as_rows(h_before).T @ as_rows(d_z)
        return self.backward_input(x, d_z, params, grads, context), (d_h,)
