"""Fused long short-term memory."""

from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.engine.fused.recurrent_scan import RecurrentScan, apply_gates, gradient_of_W_h
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, State


class LSTMScan(RecurrentScan):
    """An LSTM, whose first three gates o, i, f are one block of sigmoids.

    The formulas are those of the layer; in the backward pass,
    slope = [o (1 - o), i (1 - i), f (1 - f), 1 - g^2] is multiplied by the factor of each gate.
    """

    sigmoids: ClassVar[int] = 3
    saved_per_unit: ClassVar[int] = 6  # c, tanh(c) and the gates

    @np.errstate(over="ignore")  # of exp: see apply_gates
    def scan(self, sums: Array, state: State, params: Arrays, workspace: Workspace) -> tuple[Array, State, Cache]:
        _, T, N, units = sums.shape
        h, c = self.states(state, T, N, sums.dtype, workspace)
        tanh_c = workspace.array("tanh_c", (T, N, units), sums.dtype)
        W_h = self.by_gate("W_h", params, workspace)
        h_term = workspace.array("h_term", (4, N, units), sums.dtype)
        written = workspace.array("written", (N, units), sums.dtype)
        for t in range(T):
            gates = sums[:, t]  # as soon as they are applied
            gates += np.matmul(h[t], W_h, out=h_term)
            apply_gates(gates, self.sigmoids)
            o, i, f, g = gates
            np.multiply(f, c[t], out=c[t + 1])
            c[t + 1] += np.multiply(i, g, out=written)
            np.tanh(c[t + 1], out=tanh_c[t])
            np.multiply(o, tanh_c[t], out=h[t + 1])
        return h[1:], (h[T].copy(), c[T].copy()), (h, c, tanh_c, sums)

    def scan_backward(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, workspace: Workspace
    ) -> tuple[Array, State]:
        h, c, tanh_c, all_gates = cache
        N, T, units = d_y.shape
        d_z = workspace.array("d_z", (T, N, 4, units), h.dtype)
        d_h, d_c = self.gradient_of_state(d_state, N, h.dtype)
        slope = workspace.array("slope", (4, N, units), h.dtype)
        part = workspace.array("part", (N, units), h.dtype)
        W_h_transposed = params["W_h"].T
        for t in range(T - 1, -1, -1):
            gates = all_gates[:, t]
            o, i, f, g = gates
            d_h += d_y[:, t]

            np.multiply(tanh_c[t], tanh_c[t], out=part)
            np.subtract(1.0, part, out=part)
            part *= o
            part *= d_h
            d_c += part

            np.multiply(gates, gates, out=slope)
            np.subtract(gates[:3], slope[:3], out=slope[:3])
            np.subtract(1.0, slope[3], out=slope[3])
            slope_o, slope_i, slope_f, slope_g = slope
            slope_o *= tanh_c[t]
            slope_i *= g
            slope_f *= c[t]
            slope_g *= i
            by_gate = d_z[t].swapaxes(0, 1)
            np.multiply(slope_o, d_h, out=by_gate[0])
            np.multiply(slope[1:], d_c, out=by_gate[1:])

            d_c *= f
            np.dot(d_z[t].reshape(N, 4 * units), W_h_transposed, out=d_h)
        gradient_of_W_h(h, d_z, grads["W_h"], workspace)
        return d_z.reshape(T * N, 4 * units), (d_h, d_c)
