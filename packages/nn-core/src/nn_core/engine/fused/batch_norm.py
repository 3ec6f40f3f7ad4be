"""Batch normalization, one slice of the batch at a time."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.channel_rows import channel_sum, repeat_channels, rows_of
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.batch_norm import BatchNorm, join_moments
from nn_core.layers.context import Context


class Statistics(NamedTuple):
    """The statistics used to normalize x, one value per channel.

    M         elements per channel in the whole batch; 0 for running statistics
    mean      batch mean, or running mean
    variance  batch variance, or running variance
    inverse   1/s = 1 / sqrt(variance + epsilon)
    scale     gamma/s
    """

    M: int
    mean: Array
    variance: Array
    inverse: Array
    scale: Array


class BlockedBatchNorm(Fused):
    """BatchNorm that reads x once to normalize it and twice for its moments, in cache.

    y = scale (x - mean) + beta,   scale = gamma/s
    d_x = scale (d_y - shift - slope (x - mean)),   shift = 1/M dL/dbeta,
                                                    slope = 1/s 1/M dL/dgamma

    as derived in `BatchNorm`, without x_hat. The moments of a slice of the batch are computed while
    it is in cache, and those of all slices and shards are combined by Chan's formula.
    """

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return isinstance(layers[0], BatchNorm)

    @property
    def norm(self) -> BatchNorm:
        """The original layer."""
        return cast(BatchNorm, self.layers[0])

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        found = statistics(self.norm, x, params, context, workspace)
        y = workspace.array("y", x.shape, x.dtype)
        means, scales, betas = (repeat_channels(values, x) for values in (found.mean, found.scale, params["0/beta"]))
        for x_rows, y_rows in rows_of(x, y):
            work = np.subtract(x_rows, means, out=y_rows)
            work *= scales
            work += betas
        return y, (x, found)

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        x, found = cache
        d_scale, d_beta = np.zeros_like(found.mean), np.zeros_like(found.mean)
        means = repeat_channels(found.mean, x)
        for x_rows, d_y_rows in rows_of(x, d_y):
            work = workspace.array("work", x_rows.shape, x.dtype)
            np.subtract(x_rows, means, out=work)
            work *= d_y_rows
            d_scale += channel_sum(work, x)
            d_beta += channel_sum(d_y_rows, x)
        write_gradients(found, d_scale, d_beta, params, grads, context)
        if not context.needs_d_x:
            return None

        d_x = workspace.array("d_x", x.shape, x.dtype)
        scales = repeat_channels(found.scale, x)
        if not context.training:
            for d_x_rows, d_y_rows in rows_of(d_x, d_y):
                np.multiply(d_y_rows, scales, out=d_x_rows)
            return d_x
        slopes, shifts = (repeat_channels(values, x) for values in slope_and_shift(found, grads, context))
        for x_rows, d_y_rows, d_x_rows in rows_of(x, d_y, d_x):
            work = np.subtract(x_rows, means, out=d_x_rows)
            work *= slopes
            np.subtract(d_y_rows, work, out=work)
            work -= shifts
            work *= scales
        return d_x


def statistics(norm: BatchNorm, x: Array, params: Arrays, context: Context, workspace: Workspace) -> Statistics:
    """The batch statistics in training, otherwise the running ones."""
    M, mean, variance = 0, params["0/running_mean"], params["0/running_variance"]
    if context.training:
        moments = context.part.collective.gather(_moments(x, workspace))
        M, mean, squares = join_moments([(m, a, q) for m, a, q in moments])
        mean, variance = mean.astype(x.dtype), (squares / max(M, 1)).astype(x.dtype)
    inverse = 1.0 / np.sqrt(variance + norm.epsilon)
    return Statistics(M, mean, variance, inverse, params["0/gamma"] * inverse)


def _moments(x: Array, workspace: Workspace) -> tuple[int, Array, Array]:
    """Count, mean and sum of squared differences of each channel, combined in float64."""
    none = np.zeros(x.shape[-1])
    parts = [(0, none, none)]
    for (rows,) in rows_of(x):
        count = rows.size // x.shape[-1]
        mean = channel_sum(rows, x).astype(np.float64) / count
        centered = workspace.array("work", rows.shape, x.dtype)
        np.subtract(rows, repeat_channels(mean.astype(x.dtype), x), out=centered)
        centered *= centered
        parts.append((count, mean, channel_sum(centered, x).astype(np.float64)))
    return join_moments(parts)


def write_gradients(
    found: Statistics, d_scale: Array, d_beta: Array, params: Arrays, grads: Arrays, context: Context
) -> None:
    """Write the gradients of this part; in training, also batch mean and unbiased variance.

    d_scale  the sum of d_y (x - mean): dL/dgamma times s
    """
    np.multiply(d_scale, found.inverse, out=grads["0/gamma"])
    grads["0/beta"][...] = d_beta
    if context.training:
        M = found.M
        grads["0/running_mean"][...] = found.mean if M > 0 else params["0/running_mean"]
        grads["0/running_variance"][...] = found.variance * (M / (M - 1)) if M > 1 else params["0/running_variance"]


def slope_and_shift(found: Statistics, grads: Arrays, context: Context) -> tuple[Array, Array]:
    """1/s 1/M dL/dgamma and 1/M dL/dbeta, for the whole batch."""
    d_gamma, d_beta = context.sum_over_batch(grads["0/gamma"], grads["0/beta"])
    M = max(found.M, 1)
    return d_gamma * found.inverse / M, d_beta / M
