"""Long short-term memory: a cell with input, forget and output gates."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nn_core.activations import sigmoid
from nn_core.arrays import Array, Arrays, Shape
from nn_core.layers.base import Cache, Parameter, State, as_rows
from nn_core.layers.context import Context
from nn_core.layers.recurrent import Recurrent


@dataclass(frozen=True)
class LSTM(Recurrent):
    """In addition to h, it has a cell c, whose additive updates preserve its gradient.

    z = x[t] @ W_x + b + h[t-1] @ W_h       four blocks of `units` columns: o, i, f, g
    o = sigmoid(z_o)   output gate: how much of the cell is read
    i = sigmoid(z_i)   input gate: how much is written
    f = sigmoid(z_f)   forget gate: how much is kept
    g = tanh(z_g)      candidate: what is written
    c[t] = f c[t-1] + i g
    h[t] = o tanh(c[t]),   y[t] = h[t]

    x[t] (N, D), h[t], c[t] and each gate (N, units), W_x (D, 4 units), W_h (units, 4 units),
    b (4 units,); states and gates are multiplied elementwise.

    h[t] affects the loss through y[t] and z[t+1], and c[t] through h[t] and c[t+1]:

    d_h[t] = d_y[t] + d_z[t+1] @ W_h^T
    d_c[t] = d_h[t] o (1 - tanh(c[t])^2) + d_c[t+1] f[t+1]
    d_z_o  = d_h[t] tanh(c[t]) o (1 - o)          since sigmoid' = sigmoid (1 - sigmoid)
    d_z_i  = d_c[t] g i (1 - i)
    d_z_f  = d_c[t] c[t-1] f (1 - f)
    d_z_g  = d_c[t] i (1 - g^2)
    dL/dW_h = sum_t h[t-1]^T @ d_z[t]

    and at the last step, d_state replaces the terms from t + 1. From step to step, d_c is
    multiplied only by f: where f is 1, the gradient does not vanish. So b_f is initialized to 1,
    and the cell remembers until it learns to forget. The gradients of W_x and b, and d_x, follow
    from d_z as in every recurrent layer.

    The state is (h, c). Arguments: see `Recurrent`.
    Source: Hochreiter, Schmidhuber, Long short-term memory (1997); Gers, Schmidhuber, Cummins,
    Learning to forget (2000); b_f = 1: Jozefowicz, Zaremba, Sutskever, An empirical
    exploration of recurrent network architectures (2015).
    """

    gates: ClassVar[int] = 4
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        declared = dict(super().parameters(input_shape))
        declared["b"] = replace(declared["b"], initializer=("zeros", "zeros", "ones", "zeros"))
        return declared

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        self.check_state(state, len(x))
        x_terms = x @ params["W_x"] + params["b"]  # (N, T, 4 units)
        h, c, gates = [state[0]], [state[1]], []
        for t in range(x.shape[1]):
            z = x_terms[:, t] + h[t] @ params["W_h"]
            z_o, z_i, z_f, z_g = np.split(z, 4, axis=1)
            o, i, f, g = sigmoid(z_o), sigmoid(z_i), sigmoid(z_f), np.tanh(z_g)
            c.append(f * c[t] + i * g)
            h.append(o * np.tanh(c[t + 1]))
            gates.append((o, i, f, g))
        return np.stack(h[1:], axis=1), (h[-1], c[-1]), (x, h, c, gates)

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        x, h, c, gates = cache
        d_h, d_c = self.gradient_of_state(d_state, d_y)
        d_zs = []
        for t in reversed(range(x.shape[1])):
            o, i, f, g = gates[t]
            tanh_c = np.tanh(c[t + 1])  # c[t] is the cell before x[:, t]
            d_h = d_y[:, t] + d_h
            d_c = d_h * o * (1.0 - tanh_c**2) + d_c
            d_z_o = d_h * tanh_c * o * (1.0 - o)
            d_z_i = d_c * g * i * (1.0 - i)
            d_z_f = d_c * c[t] * f * (1.0 - f)
            d_z_g = d_c * i * (1.0 - g**2)
            d_z = np.concatenate([d_z_o, d_z_i, d_z_f, d_z_g], axis=1)
            d_h = d_z @ params["W_h"].T
            d_c = d_c * f
            d_zs.append(d_z)
        d_z = np.stack(d_zs[::-1], axis=1)  # (N, T, 4 units)
        h_before = np.stack(h[:-1], axis=1)
        grads["W_h"][...] = as_rows(h_before).T @ as_rows(d_z)
        return self.backward_input(x, d_z, params, grads, context), (d_h, d_c)
