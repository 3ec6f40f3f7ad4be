"""Long short-term memory: a cell that is written, kept and read through gates."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.layers.gates import open_gates
from nn_core.layers.layer import Cache, Context, Parameter, State
from nn_core.layers.recurrent import Recurrent, gradient_of_W_h


@dataclass(frozen=True)
class LSTM(Recurrent):
    """Beside h there is a cell c, which changes by addition and so keeps its gradient.

    z = x[t] @ W_x + h[t-1] @ W_h + b       four blocks of `units` columns: o, i, f, g
    o = sigmoid(z_o)   what of the cell is read
    i = sigmoid(z_i)   how much is written
    f = sigmoid(z_f)   how much is kept
    g = tanh(z_g)      what is written
    c[t] = f c[t-1] + i g
    h[t] = o tanh(c[t]),   y[t] = h[t]

    x[t] (N, D), h[t], c[t] and each gate (N, units), W_x (D, 4 units), W_h (units, 4 units),
    b (4 units,); products of two states are number by number.

    h[t] moves the loss through y[t] and through z[t+1]; c[t] through h[t] and through c[t+1]:

    d_h[t] = d_y[t] + d_z[t+1] @ W_h^T
    d_c[t] = d_h[t] o (1 - tanh(c[t])^2) + d_c[t+1] f[t+1]
    d_z_o  = d_h[t] tanh(c[t]) o (1 - o)          since sigmoid' = sigmoid (1 - sigmoid)
    d_z_i  = d_c[t] g i (1 - i)
    d_z_f  = d_c[t] c[t-1] f (1 - f)
    d_z_g  = d_c[t] i (1 - g^2)

    and at the last step d_final_state stands in place of what would come from t + 1. From
    step to step d_c is multiplied by f alone: where f is 1 a gradient reaches back unshrunk.
    So b_f begins at 1, and the cell remembers until it learns to forget. The gradients of
    W_x, W_h and b, and d_x, follow from d_z as in every recurrent layer.

    The state is (h, c). Arguments: see `Recurrent`.
    Source: Hochreiter, Schmidhuber, Long short-term memory (1997); Gers, Schmidhuber, Cummins,
    Learning to forget (2000); b_f = 1: Jozefowicz, Zaremba, Sutskever, An empirical
    exploration of recurrent network architectures (2015).
    """

    gates: ClassVar[int] = 4
    sigmoids: ClassVar[int] = 3
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        declared = dict(super().parameters(input_shape))
        declared["b"] = replace(declared["b"], initializer=("zeros", "zeros", "ones", "zeros"))
        return declared

    @np.errstate(over="ignore")  # of exp: see open_gates
    def loop(
        self, sums: Array, state: State | None, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, State, Cache]:
        _, T, N, _ = sums.shape
        h, c = (context.scratch(name, (T + 1, N, self.units)) for name in self.state_names)
        self.begin(state, h[0], c[0])
        tanh_c = context.scratch("tanh_c", (T, N, self.units))
        W_h = self.by_gate("W_h", params, context)
        product = context.scratch("product", (4, N, self.units))
        written = context.scratch("written", (N, self.units))
        for t in range(T):
            now = sums[:, t]  # from here on, the gates
            now += np.matmul(h[t], W_h, out=product)
            open_gates(now, self.sigmoids)
            o, i, f, g = now
            np.multiply(f, c[t], out=c[t + 1])
            c[t + 1] += np.multiply(i, g, out=written)
            np.tanh(c[t + 1], out=tanh_c[t])
            np.multiply(o, tanh_c[t], out=h[t + 1])
        final_state = h[T].copy(), c[T].copy()
        return h[1:].swapaxes(0, 1), final_state, (h, c, tanh_c, sums)

    def loop_back(
        self,
        d_y: Array,
        d_final_state: State | None,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> tuple[Array, State]:
        h, c, tanh_c, gates = cache
        _, T, N, _ = gates.shape
        d_z = context.scratch("d_z", (T, N, 4, self.units))
        d_h, d_c = np.empty((2, N, self.units), context.dtype)
        self.begin(d_final_state, d_h, d_c)
        slope, part = (
            context.scratch("slope", gates[:, 0].shape),
            context.scratch("part", d_h.shape),
        )
        W_h_transposed = params["W_h"].T
        for t in range(T - 1, -1, -1):
            now = gates[:, t]
            o, i, f, g = now
            d_h += d_y[:, t]

            np.multiply(tanh_c[t], tanh_c[t], out=part)
            np.subtract(1.0, part, out=part)
            part *= o
            part *= d_h
            d_c += part

            np.multiply(now, now, out=slope)
            np.subtract(now[:3], slope[:3], out=slope[:3])
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
            np.dot(d_z[t].reshape(N, -1), W_h_transposed, out=d_h)
        gradient_of_W_h(h, d_z, grads["W_h"], context)
        return d_z, (d_h, d_c)
