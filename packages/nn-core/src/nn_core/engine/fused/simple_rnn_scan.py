"""Fused simple recurrent layer."""

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.engine.fused.recurrent_scan import RecurrentScan, gradient_of_W_h
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, State


class SimpleRNNScan(RecurrentScan):
    """A SimpleRNN, with the formulas of the layer."""

    def scan(self, sums: Array, state: State, params: Arrays, workspace: Workspace) -> tuple[Array, State, Cache]:
        _, T, N, _ = sums.shape
        (h,), W_h = self.states(state, T, N, sums.dtype, workspace), params["W_h"]
        for t in range(T):
            z = np.dot(h[t], W_h, out=h[t + 1])
            z += sums[0, t]
            np.tanh(z, out=z)
        return h[1:], (h[T].copy(),), h

    def scan_backward(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, workspace: Workspace
    ) -> tuple[Array, State]:
        h: Array = cache
        N, T, units = d_y.shape
        d_z = workspace.array("d_z", (T, N, units), h.dtype)
        (d_h,) = self.gradient_of_state(d_state, N, h.dtype)
        W_h_transposed = params["W_h"].T
        for t in range(T - 1, -1, -1):
            d_h += d_y[:, t]
            slope = np.multiply(h[t + 1], h[t + 1], out=d_z[t])
            np.subtract(1.0, slope, out=slope)
            slope *= d_h
            np.dot(d_z[t], W_h_transposed, out=d_h)
        gradient_of_W_h(h, d_z, grads["W_h"], workspace)
        return d_z.reshape(T * N, units), (d_h,)
