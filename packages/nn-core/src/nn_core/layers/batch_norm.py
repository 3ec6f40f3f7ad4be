"""Every feature brought to mean 0 and variance 1 over the batch."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.errors import ShapeError
from nn_core.layers.layer import Cache, Context, Layer, Parameter
from nn_core.layers.windows import slices
from nn_core.spec import require


@dataclass(frozen=True)
class BatchNorm(Layer):
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

    couples_examples: ClassVar[bool] = True

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

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        if context.training:
            mean, variance = _moments(x, context)
        else:
            mean, variance = params["running_mean"], params["running_variance"]
        inverse = 1.0 / np.sqrt(variance + self.epsilon)
        scale = params["gamma"] * inverse
        y = context.scratch("y", x.shape)
        means, scales, betas = (_along(x, values) for values in (mean, scale, params["beta"]))
        for x_rows, y_rows in _rows(x, y):
            work = np.subtract(x_rows, means, out=y_rows)
            work *= scales
            work += betas
        return y, (x, mean, variance, inverse)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        x, mean, variance, inverse = cache
        M = x.size // x.shape[-1]
        self._note_moves(M, mean, variance, params, grads, context)

        d_gamma, d_beta = grads["gamma"], grads["beta"]
        d_gamma.fill(0.0)
        d_beta.fill(0.0)
        means = _along(x, mean)
        for x_rows, d_y_rows in _rows(x, d_y):
            product = np.subtract(x_rows, means, out=context.scratch("work", x_rows.shape))
            product *= d_y_rows
            d_gamma += _sum(product, x)
            d_beta += _sum(d_y_rows, x)
        d_gamma *= inverse
        if not context.needs_d_x:
            return None

        scale = params["gamma"] * inverse
        d_x = context.scratch("d_x", x.shape)
        scales = _along(x, scale)
        if not context.training:
            for d_x_rows, d_y_rows in _rows(d_x, d_y):
                np.multiply(d_y_rows, scales, out=d_x_rows)
            return d_x
        tilts = _along(x, d_gamma * inverse / M)
        shifts = _along(x, d_beta / M)
        for x_rows, d_y_rows, d_x_rows in _rows(x, d_y, d_x):
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
        context: Context,
    ) -> None:
        """How far the running averages are to be taken back after the step."""
        grads["running_mean"].fill(0.0)
        grads["running_variance"].fill(0.0)
        if context.training:
            rate = 1.0 - self.momentum
            grads["running_mean"][...] = rate * (params["running_mean"] - mean)
            if M > 1:
                unbiased = variance * (M / (M - 1))
                grads["running_variance"][...] = rate * (params["running_variance"] - unbiased)


def _moments(x: Array, context: Context) -> tuple[Array, Array]:
    """Mean and variance of each channel, reading x once.

    A slice of m numbers with mean a and sum of squared differences q, joined to the M numbers
    with mean A and Q before it, gives d = a - A, A + d m/(M + m) and Q + q + d^2 M m/(M + m).
    Source: Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing
    sample variances (1979).
    """
    C = x.shape[-1]
    count, mean, squares = 0, np.zeros(C, x.dtype), np.zeros(C, x.dtype)
    for (rows,) in _rows(x):
        here = rows.size // C
        slice_mean = _sum(rows, x)
        slice_mean /= here
        centred = np.subtract(rows, _along(x, slice_mean), out=context.scratch("work", rows.shape))
        centred *= centred
        distance = slice_mean - mean
        share = here / (count + here)
        mean += distance * share
        squares += _sum(centred, x)
        squares += distance * distance * (count * share)
        count += here
    return mean, squares / count


# Numbers of a channel stand C apart. What is done to every channel alike runs along rows of
# the maps, W * C numbers at a time, which the machine does much faster than C at a time.


def _rows(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Slice by slice, the arrays (N, ..., W, C) as rows (n * ..., W * C)."""
    first = arrays[0]
    width = math.prod(first.shape[-2:]) if first.ndim > 2 else first.shape[-1]
    for part in slices(first):
        yield tuple(array[part].reshape(-1, width) for array in arrays)


def _along(x: Array, values: Array) -> Array:
    """One number per channel, repeated along such a row of x."""
    return np.tile(values, x.shape[-2]) if x.ndim > 2 else values


def _sum(rows: Array, x: Array) -> Array:
    """The sum over each channel in such rows."""
    total: Array = np.add.reduce(np.add.reduce(rows, axis=0).reshape(-1, x.shape[-1]), axis=0)
    return total
