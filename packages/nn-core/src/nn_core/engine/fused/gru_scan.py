"""Fused gated recurrent unit."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.recurrent_scan import RecurrentScan, apply_gates, gradient_of_W_h
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer, State
from nn_core.layers.gru import GRU


class GRUScan(RecurrentScan):
    """A GRU with reset_after=True, whose gates need one product per step.

    The formulas are the layer's, with h[t] = n + u (h[t-1] - n).
    """

    sigmoids: ClassVar[int] = 2
    saved_per_unit: ClassVar[int] = 4  # a and the gates

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return isinstance(layers[0], GRU) and layers[0].reset_after

    @np.errstate(over="ignore")  # of exp: see apply_gates
    def scan(self, sums: Array, state: State, params: Arrays, workspace: Workspace) -> tuple[Array, State, Cache]:
        _, T, N, units = sums.shape
        (h,) = self.states(state, T, N, sums.dtype, workspace)
        a = workspace.array("a", (T, N, units), sums.dtype)
        W_h = self.by_gate("W_h", params, workspace)
        h_term = workspace.array("h_term", (3, N, units), sums.dtype)
        for t in range(T):
            r, u, n = sums[:, t]  # as soon as they are applied
            np.matmul(h[t], W_h, out=h_term)
            r_and_u = sums[:2, t]
            r_and_u += h_term[:2]
            apply_gates(r_and_u, self.sigmoids)
            np.add(h_term[2], params["b_h"], out=a[t])
            n += np.multiply(r, a[t], out=h_term[2])
            np.tanh(n, out=n)
            np.subtract(h[t], n, out=h[t + 1])
            h[t + 1] *= u
            h[t + 1] += n
        return h[1:], (h[T].copy(),), (h, a, sums)

    def scan_backward(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, workspace: Workspace
    ) -> tuple[Array, State]:
        h, a, gates = cache
        N, T, units = d_y.shape
        d_z = workspace.array("d_z", (T, N, 3, units), h.dtype)
        d_h_term = workspace.array("d_h_term", (T, N, 3, units), h.dtype)  # d_a, not d_z_n
        (d_h,) = self.gradient_of_state(d_state, N, h.dtype)
        slope = workspace.array("slope", (2, N, units), h.dtype)
        factors = workspace.array("factors", (2, N, units), h.dtype)
        d_n, part = factors
        through_gates = workspace.array("through_gates", (N, units), h.dtype)
        W_h_transposed = params["W_h"].T
        for t in range(T - 1, -1, -1):
            r, u, n = gates[:, t]
            d_h += d_y[:, t]

            np.multiply(n, n, out=d_n)
            np.subtract(1.0, d_n, out=d_n)
            d_n *= d_h
            d_n -= np.multiply(u, d_n, out=part)

            r_and_u = gates[:2, t]
            np.multiply(r_and_u, r_and_u, out=slope)
            np.subtract(r_and_u, slope, out=slope)
            slope[0] *= a[t]
            slope[1] *= d_h
            np.subtract(h[t], n, out=part)

            np.multiply(slope, factors, out=d_h_term[t, :, :2].swapaxes(0, 1))
            np.multiply(d_n, r, out=d_h_term[t, :, 2])
            d_z[t, :, :2] = d_h_term[t, :, :2]
            d_z[t, :, 2] = d_n

            d_h *= u
            d_h += np.dot(d_h_term[t].reshape(N, 3 * units), W_h_transposed, out=through_gates)
        gradient_of_W_h(h, d_h_term, grads["W_h"], workspace)
        np.add.reduce(d_h_term[:, :, 2].reshape(T * N, units), axis=0, out=grads["b_h"])
        return d_z.reshape(T * N, 3 * units), (d_h,)
