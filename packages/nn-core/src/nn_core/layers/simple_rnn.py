"""The plain recurrent layer: a state that is bent by tanh at every step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array
from nn_core.layers.layer import Cache, Context, State
from nn_core.layers.recurrent import Recurrent, gradients_of_sums, steps_in_order


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

    def unroll(
        self, x: Array, state: State | None, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, State, Cache]:
        steps = steps_in_order(x, context)
        T, N, D = steps.shape
        h = context.scratch("h", (T + 1, N, self.units))
        self.begin(state, h[0])
        np.dot(steps.reshape(T * N, D), params["W_x"], out=h[1:].reshape(T * N, self.units))
        h[1:] += params["b"]
        W_h, product = params["W_h"], context.scratch("product", (N, self.units))
        for t in range(T):
            now = h[t + 1]
            now += np.dot(h[t], W_h, out=product)
            np.tanh(now, out=now)
        return h[1:].swapaxes(0, 1), (h[T].copy(),), (steps, h)

    def backward_through_time(
        self,
        d_y: Array,
        d_final_state: State | None,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> tuple[Array | None, State]:
        steps, h = cache
        T, N, _ = steps.shape
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
        return gradients_of_sums(steps, h, d_z, params, grads, context), (d_h,)
