"""The gated recurrent unit: gates control how the state is kept and updated."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from nn_core.activations import sigmoid
from nn_core.arrays import Array, Arrays, Shape
from nn_core.layers.base import Cache, Parameter, State, as_rows
from nn_core.layers.context import Context
from nn_core.layers.recurrent import Recurrent


@dataclass(frozen=True)
class GRU(Recurrent):
    """The update gate u controls how much of the state is kept, the reset gate r how it affects n.

    r = sigmoid(x[t] @ W_xr + b_r + h[t-1] @ W_hr)
    u = sigmoid(x[t] @ W_xu + b_u + h[t-1] @ W_hu)
    n = tanh(z_n)
    h[t] = (1 - u) n + u h[t-1],   y[t] = h[t]

    x[t] (N, D), h[t] and each gate (N, units); W_x = [W_xr W_xu W_xn] (D, 3 units), W_h
    likewise (units, 3 units), b (3 units,); states and gates are multiplied elementwise.

    There are two variants, since the reset gate may act after the product with W_hn or before it:

    reset_after=True    a = h[t-1] @ W_hn + b_h,   z_n = x[t] @ W_xn + b_n + r a
    reset_after=False   s = r h[t-1],              z_n = x[t] @ W_xn + b_n + s @ W_hn

    The second is the original one. The first, used by PyTorch, Keras and cuDNN, has an additional
    bias b_h (units,) and needs only one product per step for all gates.

    With z_r and z_u the arguments of the sigmoids, both have

    d_h[t] = d_y[t] + (from step t + 1)           at the last step d_state
    d_z_n  = d_h[t] (1 - u) (1 - n^2)             since tanh' = 1 - tanh^2
    d_z_u  = d_h[t] (h[t-1] - n) u (1 - u)        since sigmoid' = sigmoid (1 - sigmoid)

    and then, for reset_after=True,               for reset_after=False,

    d_a     = d_z_n r                             d_s     = d_z_n @ W_hn^T
    d_z_r   = d_z_n a r (1 - r)                   d_z_r   = d_s h[t-1] r (1 - r)
    dL/dW_hn = sum_t h[t-1]^T @ d_a               dL/dW_hn = sum_t s^T @ d_z_n
    dL/db_h  = sum_t sum_n d_a                    (there is no b_h)

    h[t-1] reaches h[t] in three ways: it is kept, it enters the gates, and it enters n:

    d_h[t-1] = d_h[t] u + [d_z_r d_z_u] @ [W_hr W_hu]^T + (d_a @ W_hn^T, or d_s r)

    dL/dW_hr and dL/dW_hu are sum_t h[t-1]^T @ d_z_r, and likewise of d_z_u. The gradients of W_x
    and b, and d_x, follow from [d_z_r d_z_u d_z_n] as in every recurrent layer.

    The state is (h,). Other arguments: see `Recurrent`.
    Source: Cho et al., Learning phrase representations using RNN encoder-decoder (2014),
    sec. 2.3; reset_after: Chung et al., Empirical evaluation of gated recurrent neural
    networks (2014), and the documentation of cuDNN.
    """

    _: KW_ONLY
    reset_after: bool = True

    gates: ClassVar[int] = 3

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        declared = dict(super().parameters(input_shape))
        if self.reset_after:
            declared["b_h"] = Parameter((self.units,), "zeros", weight_decay=False)
        return declared

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        self.check_state(state, len(x))
        W_hr, W_hu, W_hn = np.split(params["W_h"], 3, axis=1)
        x_terms = x @ params["W_x"] + params["b"]  # (N, T, 3 units)
        h, gates, inner = [state[0]], [], []  # inner: a, or s
        for t in range(x.shape[1]):
            x_r, x_u, x_n = np.split(x_terms[:, t], 3, axis=1)
            r = sigmoid(x_r + h[t] @ W_hr)
            u = sigmoid(x_u + h[t] @ W_hu)
            if self.reset_after:
                a = h[t] @ W_hn + params["b_h"]
                n = np.tanh(x_n + r * a)
                inner.append(a)
            else:
                s = r * h[t]
                n = np.tanh(x_n + s @ W_hn)
                inner.append(s)
            h.append((1.0 - u) * n + u * h[t])
            gates.append((r, u, n))
        return np.stack(h[1:], axis=1), (h[-1],), (x, h, gates, inner)

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        x, h, gates, inner = cache
        W_hr, W_hu, W_hn = np.split(params["W_h"], 3, axis=1)
        (d_h,) = self.gradient_of_state(d_state, d_y)
        d_zs, d_as = [], []
        for t in reversed(range(x.shape[1])):
            r, u, n = gates[t]
            d_h = d_y[:, t] + d_h
            d_z_n = d_h * (1.0 - u) * (1.0 - n**2)
            d_z_u = d_h * (h[t] - n) * u * (1.0 - u)  # h[t] is the state before x[:, t]
            if self.reset_after:
                a = inner[t]
                d_a = d_z_n * r
                d_z_r = d_z_n * a * r * (1.0 - r)
                through_n = d_a @ W_hn.T
                d_as.append(d_a)
            else:
                d_s = d_z_n @ W_hn.T
                d_z_r = d_s * h[t] * r * (1.0 - r)
                through_n = d_s * r
            d_h = d_h * u + d_z_r @ W_hr.T + d_z_u @ W_hu.T + through_n
            d_zs.append(np.concatenate([d_z_r, d_z_u, d_z_n], axis=1))

        d_z = np.stack(d_zs[::-1], axis=1)  # (N, T, 3 units)
        d_z_r, d_z_u, d_z_n = np.split(as_rows(d_z), 3, axis=1)
        h_before = as_rows(np.stack(h[:-1], axis=1))
        if self.reset_after:
            d_a = as_rows(np.stack(d_as[::-1], axis=1))
            d_W_hn = h_before.T @ d_a
            grads["b_h"][...] = d_a.sum(axis=0)
        else:
            s = as_rows(np.stack(inner, axis=1))
            d_W_hn = s.T @ d_z_n
        d_W_hr, d_W_hu = h_before.T @ d_z_r, h_before.T @ d_z_u
        grads["W_h"][...] = np.concatenate([d_W_hr, d_W_hu, d_W_hn], axis=1)
        return self.backward_input(x, d_z, params, grads, context), (d_h,)
