"""The plain recurrent layer: a state that is bent by tanh at every step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array
from nn_core.layers.layer import Cache, Context, State
from nn_core.layers.recurrent import Recurrent, gradient_of_W_h


@dataclass(frozen=True)
class SimpleRNN(Recurrent):
    """Each state is a mixture of the input and of the state before it, through tanh.

    z[t] = x[t] @ W_x + h[t-1] @ W_h + b
    h[t] = tanh(z[t]),   y[t] = h[t]

    x[t] (N, D), h[t] and z[t] (N, units), W_x (D, units), W_h (units, units), b (units,).

    h[t] moves the loss through y[t], and through z[t+1] on which all later steps stand:

    d_h[t]   = d_y[t] + d_z[t+1] @ W_h^T        at the last step d_y[T] + d_final_state
    d_z[t]   = d_h[t] (1 - h[t]^2)              since tanh' = 1 - tanh^2
    dL/dW_x  = sum_t x[t]^T @ d_z[t]
    dL/dW_h  = sum_t h[t-1]^T @ d_z[t]
    dL/db    = sum_t sum_n d_z[t, n]
    d_x[t]   = d_z[t] @ W_x^T
    d_initial_state = d_z[1] @ W_h^T

    Over k steps the gradient is multiplied by W_h^T and by slopes of at most 1 k times: it
    vanishes where the slopes are small and explodes where W_h stretches, which is why it is
    clipped, and why there are GRU and LSTM.

    The state is (h,). Arguments: see `Recurrent`.
    Source: Elman, Finding structure in time (1990); Pascanu, Mikolov, Bengio, On the
    difficulty of training recurrent neural networks (2013), sec. 2.
    """

    gates: ClassVar[int] = 1

    def loop(
        self, sums: Array, state: State | None, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, State, Cache]:
        _, T, N, _ = sums.shape
        h, W_h = context.scratch("h", (T + 1, N, self.units)), params["W_h"]
        self.begin(state, h[0])
        for t in range(T):
            now = np.dot(h[t], W_h, out=h[t + 1])
            now += sums[0, t]
            np.tanh(now, out=now)
        return h[1:].swapaxes(0, 1), (h[T].copy(),), (h,)

    def loop_back(
        self,
        d_y: Array,
        d_final_state: State | None,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> tuple[Array, State]:
        (h,) = cache
        T, N = len(h) - 1, h.shape[1]
        d_z = context.scratch("d_z", (T, N, self.units))
        d_h = np.empty((N, self.units), context.dtype)
        self.begin(d_final_state, d_h)
        W_h_transposed = params["W_h"].T
        for t in range(T - 1, -1, -1):
            d_h += d_y[:, t]
            slope = np.multiply(h[t + 1], h[t + 1], out=d_z[t])
            np.subtract(1.0, slope, out=slope)
            slope *= d_h
            np.dot(d_z[t], W_h_transposed, out=d_h)
        gradient_of_W_h(h, d_z, grads["W_h"], context)
        return d_z, (d_h,)
