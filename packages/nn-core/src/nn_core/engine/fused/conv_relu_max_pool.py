"""Convolution, ReLU and max pooling in one: the maps between them are never all written out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Shape
from nn_core.layers import windows
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.layer import Cache, Context, Layer, Parameter
from nn_core.layers.pooled_runs import pooled_runs, row_and_column
from nn_core.layers.pooling import MaxPool2D
from nn_core.layers.windows import Pair

SPARSE = 16
"""Pixels of a pool's window from which on d_W is made of the winners alone."""


@dataclass(frozen=True)
class ConvReLUMaxPool(Layer):
    """y = max_pool(relu(conv(x))), for windows that do not overlap.

    z[n, i, j, f] = sum_u sum_v sum_c p[n, i s + u, j t + v, c] W[u, v, c, f]     as in Conv2D
    m[n, I, J, f] = max over the window of z
    y[n, I, J, f] = max(m[n, I, J, f] + b[f], 0)

    Adding b keeps the order of numbers, and so does ReLU as far as they are positive:
    max_k max(z_k + b, 0) = max(max_k z_k + b, 0). So b is added, and the sum clipped, on as many
    numbers as there are windows, and z need never exist for more than a slice of the batch.

    Where y > 0, the window's first largest relu(z + b) is its first largest z, the winner, and
    d_z = d_y there alone. Where y = 0, all of the window is silent and d_z = 0: whichever pixel
    MaxPool2D sends d_y to, ReLU stops it. So ties are those of the layers one by one: of equal
    z the first in reading order wins. (Of two z that become equal only when b is added and
    the sum rounded, the larger one wins.)

    dL/db[f] = sum of d_y[n, I, J, f] where y > 0
    dL/dW[u, v, c, f] = sum of d_y[n, I, J, f] p[n, i s + u, j t + v, c] where y > 0,
                        with (i, j) the winner of (n, I, J, f)

    How it is computed: see `PooledRuns`. The largest z of each window, and which it was, are found
    right after the products, while these are in the cache.

    d_W takes the run of each winner, height * run * C numbers in one piece, filter by filter,
    times d_y put in the column of the winner's place within its tile: the products of one window
    in place of h * w, most of them with zeros. For small windows, or if d_x is wanted, d_z is
    written out, and Conv2D goes on.

    conv, pool  the layers that it stands for
    Source: as those; Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 9.1 to 9.3.
    """

    conv: Conv2D
    pool: MaxPool2D

    @classmethod
    def of(cls, layers: tuple[Any, Any, Any], input_shape: Shape) -> "ConvReLUMaxPool | None":
        """What stands for a Conv2D, a ReLU and a MaxPool2D, if anything does."""
        conv, _, pool = layers
        window = cast(Pair, pool.window)
        return cls(conv, pool) if pool.stride == window and math.prod(window) > 1 else None

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.pool.output_shape(self.conv.output_shape(input_shape))

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return self.conv.parameters(input_shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.conv.multiply_adds(input_shape)

    def kept(self, input_shape: Shape) -> int:
        return pooled_runs(self.conv, self.pool, (1, *input_shape)).runs_each

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        y = context.scratch("y", (len(x), *self.output_shape(x.shape[1:])))
        if not context.training:
            self._pass(x, params, y, None, context)
            return y, (x, y)
        return y, (x, y, *self._noting(x, params, y, context))

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        x, y, *noted = cache
        if not noted:  # it was not known that it would be needed
            noted = self._noting(x, params, y, context)
        winners, runs = noted
        d_m = np.greater(y, 0.0, out=context.scratch("d_m", y.shape))
        d_m *= d_y
        if context.needs_d_x or math.prod(cast(Pair, self.pool.window)) < SPARSE:
            d_z = self._d_z(x.shape, d_m, winners, context)
            return self.conv.backward(d_z, (x,), params, grads, context)
        np.add.reduce(d_m.reshape(-1, y.shape[-1]), axis=0, out=grads["b"])
        self._d_W(x, d_m, winners, runs, grads["W"], context)
        return None

    def _noting(
        self, x: Array, params: Mapping[str, Array], y: Array, context: Context
    ) -> list[npt.NDArray[Any]]:
        """The forward pass with what `backward` needs: each window's winner, and the runs."""
        height, width = cast(Pair, self.pool.window)
        winners = context.scratch("winners", y.shape, np.min_scalar_type(height * width - 1))
        return [winners, self._pass(x, params, y, winners, context)]

    def _pass(
        self,
        x: Array,
        params: Mapping[str, Array],
        y: Array,
        winners: npt.NDArray[Any] | None,
        context: Context,
    ) -> Array:
        """Write y, and the number of each window's winner; returns the runs.

        Without `winners` the runs of one slice at a time take the place of those before.
        """
        plan = pooled_runs(self.conv, self.pool, x.shape)
        band = plan.band(params["W"], context)
        runs = plan.memory(len(x) if winners is not None else min(1, len(x)), context)
        for number, part in plan.slices(x):
            here = runs[number if winners is not None else 0]
            plan.lay_out(x[part], here, context)
            m, won = plan.pooled(here, len(x[part]), band, winners is not None, context)
            m += params["b"]
            ordered = plan.in_order(m, "ordered", context)
            np.maximum(ordered, 0.0, out=y[part])
            if winners is not None and won is not None:
                winners[part] = plan.in_order(won, "ordered winners", context)
        return runs

    def _d_z(
        self, x_shape: Shape, d_m: Array, winners: npt.NDArray[Any], context: Context
    ) -> Array:
        """d_m at the winners, zeros elsewhere."""
        (h, w), (N, down, across, F) = cast(Pair, self.pool.window), d_m.shape
        _, H, W = shape = (N, *self.conv.output_shape(x_shape[1:])[:2])
        d_z = context.scratch("d_z", (*shape, F))
        d_z.fill(0.0)
        u, v = row_and_column(winners, (h, w))
        place = u * W
        place += v
        place += (np.arange(down) * (h * W))[:, None, None]
        place += (np.arange(across) * w)[:, None]
        place += (np.arange(N) * (H * W))[:, None, None, None]
        place *= F
        place += np.arange(F)
        d_z.reshape(-1)[place.reshape(-1)] = d_m.reshape(-1)
        return d_z

    def _d_W(
        self,
        x: Array,
        d_m: Array,
        winners: npt.NDArray[Any],
        runs: Array,
        d_W: Array,
        context: Context,
    ) -> None:
        plan = pooled_runs(self.conv, self.pool, x.shape)
        kernel_rows, places = np.arange(plan.kernel[0]), np.arange(plan.tile)
        filters = plan.filters
        d_band = context.scratch("d_band", (filters, plan.depth, plan.tile))
        d_part = context.scratch("d_part", d_band.shape)
        d_band.fill(0.0)
        for number, part in plan.slices(x):
            rows, within = plan.rows_of(winners[part])
            count = rows.shape[1]
            weights = context.scratch("weights", (filters, count, plan.tile))
            np.equal(within[..., None], places, out=weights)
            weights *= d_m[part].reshape(count, filters, 1).swapaxes(0, 1)
            for some in windows.slices(weights, count * plan.depth * runs.itemsize):
                shape = (some.stop - some.start, count, plan.kernel[0], plan.run)
                seen = context.scratch("seen", shape)
                np.take(runs[number], rows[some, :, None] + kernel_rows, 0, out=seen, mode="clip")
                seen_by = seen.reshape(*shape[:2], plan.depth).swapaxes(1, 2)
                np.matmul(seen_by, weights[some], out=d_part[some])
            d_band += d_part
        plan.kernel_of(d_band, d_W)
