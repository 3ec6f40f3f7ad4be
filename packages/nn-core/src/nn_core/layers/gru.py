"""The gated recurrent unit: a state that is partly kept and partly made anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.layers.gates import open_gates
from nn_core.layers.layer import Cache, Context, Parameter, State
from nn_core.layers.recurrent import Recurrent, gradient_of_W_h


@dataclass(frozen=True)
class GRU(Recurrent):
    """A gate u says how much of the state stays; a gate r, what of it the new part sees.

    r = sigmoid(x[t] @ W_xr + h[t-1] @ W_hr + b_r)
    u = sigmoid(x[t] @ W_xu + h[t-1] @ W_hu + b_u)
    a = h[t-1] @ W_hn + b_h
    n = tanh(x[t] @ W_xn + r a + b_n)
    h[t] = (1 - u) n + u h[t-1],   y[t] = h[t]

    x[t] (N, D), h[t] and each gate (N, units); W_x = [W_xr W_xu W_xn] (D, 3 units), W_h
    likewise (units, 3 units), b (3 units,), b_h (units,); products of two states are number by
    number. Here r acts on the product with W_h (the variant of PyTorch and cuDNN), so that one
    product a step does for all gates; in the paper it acts on h[t-1] before the product.

    With z_r, z_u and z_n what stands inside sigmoid and tanh:

    d_h[t] = d_y[t] + (from step t + 1)           at the last step d_final_state
    d_z_n  = d_h[t] (1 - u) (1 - n^2)
    d_z_u  = d_h[t] (h[t-1] - n) u (1 - u)
    d_z_r  = d_z_n a r (1 - r)
    d_a    = d_z_n r

    h[t-1] has three ways to h[t]: being kept, through the gates, and through a:

    d_h[t-1] += d_h[t] u + [d_z_r d_z_u d_a] @ W_h^T

    dL/dW_h is made of [d_z_r d_z_u d_a] as well, and dL/db_h is the sum of d_a; dL/dW_x, dL/db
    and d_x are made of [d_z_r d_z_u d_z_n].

    The state is (h,). Arguments: see `Recurrent`.
    Source: Cho et al., Learning phrase representations using RNN encoder-decoder (2014),
    sec. 2.3; the variant: Chung et al., Empirical evaluation of gated recurrent neural
    networks (2014), and the documentation of cuDNN.
    """

    gates: ClassVar[int] = 3
    sigmoids: ClassVar[int] = 2

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        recurrent_bias = Parameter((self.units,), "zeros", decays=False)
        return {**super().parameters(input_shape), "b_h": recurrent_bias}

    @np.errstate(over="ignore")  # of exp: see open_gates
    def loop(
        self, sums: Array, state: State | None, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, State, Cache]:
        _, T, N, _ = sums.shape
        h = context.scratch("h", (T + 1, N, self.units))
        self.begin(state, h[0])
        a = context.scratch("a", (T, N, self.units))
        W_h = self.by_gate("W_h", params, context)
        product = context.scratch("product", (3, N, self.units))
        for t in range(T):
            r, u, n = sums[:, t]  # from here on, the gates
            np.matmul(h[t], W_h, out=product)
            r_and_u = sums[:2, t]
            r_and_u += product[:2]
            open_gates(r_and_u, self.sigmoids)
            np.add(product[2], params["b_h"], out=a[t])
            n += np.multiply(r, a[t], out=product[2])
            np.tanh(n, out=n)
            np.subtract(h[t], n, out=h[t + 1])  # h = n + u (h_before - n)
            h[t + 1] *= u
            h[t + 1] += n
        return h[1:].swapaxes(0, 1), (h[T].copy(),), (h, a, sums)

    def loop_back(
        self,
        d_y: Array,
        d_final_state: State | None,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> tuple[Array, State]:
        h, a, gates = cache
        _, T, N, _ = gates.shape
        d_z = context.scratch("d_z", (T, N, 3, self.units))
        d_product = context.scratch("d_product", (T, N, 3, self.units))  # d_a, not d_z_n
        d_h = np.empty((N, self.units), context.dtype)
        self.begin(d_final_state, d_h)
        slope = context.scratch("slope", (2, N, self.units))
        factors = context.scratch("factors", slope.shape)
        d_n, part = factors
        back = context.scratch("back", d_h.shape)
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

            np.multiply(slope, factors, out=d_product[t, :, :2].swapaxes(0, 1))
            np.multiply(d_n, r, out=d_product[t, :, 2])
            d_z[t, :, :2] = d_product[t, :, :2]
            d_z[t, :, 2] = d_n

            d_h *= u
            d_h += np.dot(d_product[t].reshape(N, -1), W_h_transposed, out=back)
        gradient_of_W_h(h, d_product, grads["W_h"], context)
        np.add.reduce(d_product[:, :, 2].reshape(T * N, -1), axis=0, out=grads["b_h"])
        return d_z, (d_h,)
