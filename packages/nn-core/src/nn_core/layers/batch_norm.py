"""Every feature brought to mean 0 and variance 1 over the batch."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array, Shape, repeated
from nn_core.errors import ShapeError
from nn_core.layers.coupled import Coupled, Share
from nn_core.layers.layer import Cache, Context, Parameter
from nn_core.layers.windows import slices
from nn_core.registry import require


@dataclass(frozen=True)
class BatchNorm(Coupled):
    """Each channel less its mean, over its standard deviation; then a scale and a shift learnt.

    x (N, ..., C); the M = N * ... numbers of a channel are one sample, over examples and places.

    mean = 1/M sum x,   variance = 1/M sum (x - mean)^2
    x_hat = (x - mean) / sqrt(variance + epsilon)
    y = gamma x_hat + beta                            gamma, beta (C,)

    While training, mean and variance are those of the batch, so that every x moves every
    x_hat of its channel. With d_x_hat = gamma d_y and s = sqrt(variance + epsilon):

    dL/dbeta = sum d_y,   dL/dgamma = sum d_y x_hat
    dL/dvariance = sum d_x_hat (x - mean) * -1/2 s^-3 = -1/2 s^-2 gamma dL/dgamma
    dL/dmean = sum d_x_hat * -1/s = -gamma/s dL/dbeta           (sum (x - mean) = 0)
    dL/dx = d_x_hat / s + dL/dvariance * 2 (x - mean) / M + dL/dmean / M
          = gamma/s (d_y - 1/M dL/dbeta - x_hat/M dL/dgamma)

    When the network is used, mean and variance are running averages over the batches of the
    training, so that examples do not depend on their company; they are constants, and
    dL/dx = gamma/s d_y. The running variance is fed M/(M - 1) variance, which is right on
    average for all data; a single number has none, and leaves it as it is.

    running += (1 - momentum) (batch - running)

    Running averages are not trained: what stands under their names among the gradients is
    how far the network is to take them back after the step, (1 - momentum) (running - batch).

    momentum  what a running average keeps of itself, in [0, 1)
    epsilon   keeps a channel that is all the same from dividing by zero
    Raises ShapeError for an input without channels.
    Source: Ioffe, Szegedy, Batch normalization: accelerating deep network training by
    reducing internal covariate shift (2015), algorithms 1 and 2 and sec. 3.1.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        require(0 <= self.momentum < 1, f"momentum lies in [0, 1), not {self.momentum}")
        require(0 < self.epsilon < math.inf, f"epsilon must be positive, not {self.epsilon}")

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) == 0:
            raise ShapeError(f"expected channels on the last axis, got {input_shape}")
        return input_shape

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        shape = input_shape[-1:]
        return {
            "gamma": Parameter(shape, "ones", decays=False),
            "beta": Parameter(shape, "zeros", decays=False),
            "running_mean": Parameter(shape, "zeros", decays=False, trained=False),
            "running_variance": Parameter(shape, "ones", decays=False, trained=False),
        }

    def multiply_adds(self, input_shape: Shape) -> int:
        return math.prod(input_shape)

    def look(self, x: Array, context: Context) -> Share:
        """How many numbers a channel has, their mean, and the sum of squared differences."""
        return _moments(x, context)

    def agree(self, shares: Sequence[Share], params: Mapping[str, Array]) -> Share:
        """M, 0 for running statistics; mean and variance; 1/s and gamma/s."""
        if shares:
            M, mean, squares = _joined(shares)
            variance = squares / max(1, M)
        else:
            M, mean, variance = 0, params["running_mean"], params["running_variance"]
        inverse = 1.0 / np.sqrt(variance + self.epsilon)
        return M, mean, variance, inverse, params["gamma"] * inverse

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
        return y, (x, whole)

    def look_back(self, d_y: Array, cache: Cache, context: Context) -> Share:
        """sum d_y (x - mean) and sum d_y."""
        x, (_, mean, *_) = cache
        d_scale, d_beta = np.zeros_like(mean), np.zeros_like(mean)
        means = along(x, mean)
        for x_rows, d_y_rows in rows_of(x, d_y):
            product = np.subtract(x_rows, means, out=context.scratch("work", x_rows.shape))
            product *= d_y_rows
            d_scale += channel_sum(product, x)
            d_beta += channel_sum(d_y_rows, x)
        return d_scale, d_beta

    def agree_back(
        self,
        shares: Sequence[Share],
        whole: Share,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
    ) -> Share:
        """1/s 1/M dL/dgamma and 1/M dL/dbeta; nothing if mean and variance are constants."""
        M, mean, variance, inverse, _ = whole
        self._note_moves(M, mean, variance, params, grads)
        d_gamma, d_beta = grads["gamma"], grads["beta"]
        d_gamma.fill(0.0)
        d_beta.fill(0.0)
        for d_scale_here, d_beta_here in shares:
            d_gamma += d_scale_here
            d_beta += d_beta_here
        d_gamma *= inverse
        return (d_gamma * inverse / M, d_beta / M) if M else ()

    def backward_part(self, d_y: Array, cache: Cache, back: Share, context: Context) -> Array:
        x, (_, mean, _, _, scale) = cache
        d_x = context.scratch("d_x", x.shape)
        scales = along(x, scale)
        if not back:
            for d_x_rows, d_y_rows in rows_of(d_x, d_y):
                np.multiply(d_y_rows, scales, out=d_x_rows)
            return d_x
        means, tilts, shifts = (along(x, values) for values in (mean, *back))
        for x_rows, d_y_rows, d_x_rows in rows_of(x, d_y, d_x):
            work = np.subtract(x_rows, means, out=d_x_rows)
            work *= tilts  # x_hat / M * dL/dgamma
            np.subtract(d_y_rows, work, out=work)
            work -= shifts  # 1 / M * dL/dbeta
            work *= scales
        return d_x

    def _note_moves(
        self,
        M: int,
        mean: Array,
        variance: Array,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
    ) -> None:
        """How far the running averages are to be taken back after the step."""
        grads["running_mean"].fill(0.0)
        grads["running_variance"].fill(0.0)
        if M:
            rate = 1.0 - self.momentum
            grads["running_mean"][...] = rate * (params["running_mean"] - mean)
            if M > 1:
                unbiased = variance * (M / (M - 1))
                grads["running_variance"][...] = rate * (params["running_variance"] - unbiased)


def _moments(x: Array, context: Context) -> Share:
    """Count, mean and sum of squared differences of each channel, reading x once."""

    def of(rows: Array) -> Share:
        count = rows.size // x.shape[-1]
        mean = channel_sum(rows, x)
        mean /= count
        centred = np.subtract(rows, along(x, mean), out=context.scratch("work", rows.shape))
        centred *= centred
        return count, mean, channel_sum(centred, x)

    none = np.zeros(x.shape[-1], x.dtype)
    return _joined([of(rows) for (rows,) in rows_of(x)] or [(0, none, none)])


def _joined(shares: Sequence[Share]) -> Share:
    """The moments of all of several samples.

    m numbers with mean a and sum of squared differences q, joined to the M numbers with mean A
    and Q before them, give d = a - A, A + d m/(M + m) and Q + q + d^2 M m/(M + m).
    Source: Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing
    sample variances (1979).
    """
    count, mean, squares = shares[0]
    for m, mean_here, squares_here in shares[1:]:
        distance = mean_here - mean
        share = m / (count + m)
        mean = mean + distance * share
        squares = squares + squares_here + distance * distance * (count * share)
        count += m
    return count, mean, squares


# Numbers of a channel stand C apart. What is done to every channel alike runs along rows of
# the maps, W * C numbers at a time, which the machine does much faster than C at a time.


def rows_of(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Slice by slice, the arrays (N, ..., W, C) as rows (n * ..., W * C)."""
    first = arrays[0]
    width = math.prod(first.shape[-2:]) if first.ndim > 2 else first.shape[-1]
    for part in slices(first):
        yield tuple(array[part].reshape(-1, width) for array in arrays)


def along(x: Array, values: Array) -> Array:
    """One number per channel, repeated along such a row of x."""
    return repeated(values, x.shape[-2]) if x.ndim > 2 else values


def channel_sum(rows: Array, x: Array) -> Array:
    """The sum over each channel in such rows."""
    total: Array = np.add.reduce(np.add.reduce(rows, axis=0).reshape(-1, x.shape[-1]), axis=0)
    return total
