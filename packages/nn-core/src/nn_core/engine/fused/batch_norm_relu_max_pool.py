"""Batch normalization, ReLU and max pooling in one: most of the work on the winners alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nn_core.activations import relu
from nn_core.arrays import Array, Shape
from nn_core.layers.batch_norm import BatchNorm, along, channel_sum, rows_of
from nn_core.layers.coupled import Coupled, Share
from nn_core.layers.layer import Cache, Context, Parameter
from nn_core.layers.pooling import SMALL, MaxPool2D
from nn_core.layers.windows import Pair, slices


@dataclass(frozen=True)
class BatchNormReLUMaxPool(Coupled):
    """y = max_pool(relu(z)),   z = scale (x - mean) + beta,   scale = gamma / s as in BatchNorm.

    For windows that do not overlap and leave no pixel out. Within a channel z rises with x if
    scale > 0, falls if scale < 0, and is the same for all x if scale = 0. So the largest z of a
    window is that of its largest x, its smallest, or any, say the first; call this x the winner:

    e[n, I, J, c] = the winner among x of the window (I, J)
    y[n, I, J, c] = relu(scale (e - mean) + beta)

    and x is normalized and clipped on as many numbers as there are windows. Rounding keeps the
    order of numbers, so that y has the bits of the layers one by one. d_z = d_y at the winner
    where y > 0 and zero elsewhere, so that the sums over all z are sums over windows:

    dL/dbeta = sum over windows of d_z,   dL/dgamma = 1/s sum over windows of d_z (e - mean)

    What remains is done for one pixel of all windows after the other: of equal x the first in
    reading order wins, as in MaxPool2D, and d_x follows from d_z as in BatchNorm. (Of two z that
    are equal only because they are rounded, the one with the larger x wins.)

    norm, pool  the layers that it stands for, with the ReLU between them
    Source: as those.
    """

    norm: BatchNorm
    pool: MaxPool2D

    @classmethod
    def of(cls, layers: tuple[Any, Any, Any], input_shape: Shape) -> "BatchNormReLUMaxPool | None":
        """What stands for a BatchNorm, a ReLU and a MaxPool2D, if anything does."""
        norm, _, pool = layers
        height, width = window = cast(Pair, pool.window)
        whole = input_shape[0] % height == 0 and input_shape[1] % width == 0
        fits = pool.stride == window and 1 < math.prod(window) <= SMALL
        return cls(norm, pool) if fits and whole else None

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.pool.output_shape(input_shape)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return self.norm.parameters(input_shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.norm.multiply_adds(input_shape)

    def kept(self, input_shape: Shape) -> int:
        return math.prod(self.output_shape(input_shape))

    def look(self, x: Array, context: Context) -> Share:
        return self.norm.look(x, context)

    def agree(self, shares: Sequence[Share], params: Mapping[str, Array]) -> Share:
        return self.norm.agree(shares, params)

    def forward_part(
        self, x: Array, whole: Share, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        _, mean, _, _, scale = whole
        e = self._winners(x, scale, context)
        y = context.scratch("y", e.shape)
        means, scales, betas = (along(e, values) for values in (mean, scale, params["beta"]))
        for e_rows, y_rows in rows_of(e, y):
            work = np.subtract(e_rows, means, out=y_rows)
            work *= scales
            work += betas
            relu(work, out=work)
        return y, (x, e, y, whole)

    def look_back(self, d_y: Array, cache: Cache, context: Context) -> Share:
        _, e, y, (_, mean, *_) = cache
        d_scale, d_beta = np.zeros_like(mean), np.zeros_like(mean)
        means = along(e, mean)
        d_z = context.scratch("d_z", e.shape)
        for e_rows, y_rows, d_y_rows, d_z_rows in rows_of(e, y, d_y, d_z):
            masked = np.greater(y_rows, 0.0, out=d_z_rows)
            masked *= d_y_rows
            product = np.subtract(e_rows, means, out=context.scratch("work", e_rows.shape))
            product *= masked
            d_scale += channel_sum(product, e)
            d_beta += channel_sum(masked, e)
        return d_scale, d_beta

    def agree_back(
        self,
        shares: Sequence[Share],
        whole: Share,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
    ) -> Share:
        return self.norm.agree_back(shares, whole, params, grads)

    def backward_part(self, d_y: Array, cache: Cache, back: Share, context: Context) -> Array:
        x, e, _, (_, mean, _, _, scale) = cache
        d_x = context.scratch("d_x", x.shape)
        d_z = context.scratch("d_z", e.shape)  # `look_back` has put it there
        width = e.shape[2] * e.shape[3]
        scales, *centring = (along(e, values) for values in (scale, mean, *back))
        for part in slices(x):
            e_rows, left = (array[part].reshape(-1, width) for array in (e, d_z))
            x_pixel = context.scratch("x_pixel", e_rows.shape)
            d_pixel = context.scratch("d_pixel", e_rows.shape)
            shape = e[part].shape
            for pixels, is_last in self._pixels():
                np.copyto(x_pixel.reshape(shape), x[part][pixels])
                if is_last:
                    np.copyto(d_pixel, left)
                else:
                    np.equal(x_pixel, e_rows, out=d_pixel)
                    d_pixel *= left
                    left -= d_pixel
                if back:
                    means, tilts, shifts = centring
                    x_pixel -= means
                    x_pixel *= tilts
                    d_pixel -= x_pixel
                    d_pixel -= shifts
                d_pixel *= scales
                np.copyto(d_x[part][pixels], d_pixel.reshape(shape))
        return d_x

    def _winners(self, x: Array, scale: Array, context: Context) -> Array:
        """e, the x of every window that makes the largest z."""
        e = context.scratch("e", (len(x), *self.output_shape(x.shape[1:])))
        signs = np.where(scale < 0, -1.0, 1.0).astype(x.dtype)
        mixed = bool((scale < 0).any())
        for part in slices(x):
            x_part = x[part]
            if mixed:
                x_part = np.multiply(x_part, signs, out=context.scratch("signed", x_part.shape))
            self.pool.pool_part(x_part, e[part], context)
        if mixed:
            e *= signs
        if not scale.all():
            pixels, _ = next(iter(self._pixels()))
            np.copyto(e, x[pixels], where=scale == 0)
        return e

    def _pixels(self) -> list[tuple[tuple[slice, ...], bool]]:
        """One pixel of all windows after the other, in reading order, and which is the last."""
        height, width = cast(Pair, self.pool.window)
        return [
            (
                (slice(None), slice(u, None, height), slice(v, None, width)),
                u + v == height + width - 2,
            )
            for u in range(height)
            for v in range(width)
        ]
