"""Batch normalization and ReLU in one: fewer ways through memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn_core.activations import relu
from nn_core.arrays import Array, Shape
from nn_core.layers.batch_norm import BatchNorm, along, channel_sum, rows_of
from nn_core.layers.coupled import Coupled, Share
from nn_core.layers.layer import Cache, Context, Parameter


@dataclass(frozen=True)
class BatchNormReLU(Coupled):
    """y = relu(z),   z = gamma (x - mean) / sqrt(variance + epsilon) + beta.

    z is clipped while it is in the cache. On the way back y > 0 exactly where z > 0, so that z
    is not needed, and d_z = d_y where y > 0, else 0, is made in the same pass that sums it:

    dL/dbeta = sum d_z,   dL/dgamma = sum d_z x_hat

    and the rest is as in BatchNorm, with d_z for its d_y.

    norm  the BatchNorm that it stands for, with the ReLU after it
    """

    norm: BatchNorm

    @classmethod
    def of(cls, layers: tuple[Any, Any], input_shape: Shape) -> "BatchNormReLU":
        """What stands for a BatchNorm and a ReLU."""
        return cls(layers[0])

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.norm.output_shape(input_shape)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return self.norm.parameters(input_shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.norm.multiply_adds(input_shape)

    def look(self, x: Array, context: Context) -> Share:
        return self.norm.look(x, context)

    def agree(self, shares: Sequence[Share], params: Mapping[str, Array]) -> Share:
        return self.norm.agree(shares, params)

    def forward_part(
        self, x: Array, whole: Share, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        _, mean, _, _, scale = whole
        y = context.scratch("y", x.shape)
        means, scales, betas = (along(x, values) for values in (mean, scale, params["beta"]))
        for x_rows, y_rows in rows_of(x, y):
            work = np.subtract(x_rows, means, out=y_rows)
            work *= scales
            work += betas
            relu(work, out=work)
        return y, (x, y, whole)

    def look_back(self, d_y: Array, cache: Cache, context: Context) -> Share:
        x, y, (_, mean, *_) = cache
        d_scale, d_beta = np.zeros_like(mean), np.zeros_like(mean)
        means = along(x, mean)
        d_z = context.scratch("d_z", x.shape)
        for x_rows, y_rows, d_y_rows, d_z_rows in rows_of(x, y, d_y, d_z):
            masked = np.greater(y_rows, 0.0, out=d_z_rows)
            masked *= d_y_rows
            product = np.subtract(x_rows, means, out=context.scratch("work", x_rows.shape))
            product *= masked
            d_scale += channel_sum(product, x)
            d_beta += channel_sum(masked, x)
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
        x, _, (_, mean, _, _, scale) = cache
        d_x = context.scratch("d_z", x.shape)  # `look_back` has put d_z there
        scales = along(x, scale)
        if not back:
            for (rows,) in rows_of(d_x):
                np.multiply(rows, scales, out=rows)
            return d_x
        means, tilts, shifts = (along(x, values) for values in (mean, *back))
        for x_rows, d_x_rows in rows_of(x, d_x):
            work = np.subtract(x_rows, means, out=context.scratch("work", x_rows.shape))
            work *= tilts
            np.subtract(d_x_rows, work, out=work)
            work -= shifts
            np.multiply(work, scales, out=d_x_rows)
        return d_x
