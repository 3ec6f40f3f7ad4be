"""Batch normalization: every feature normalized to mean 0 and variance 1 over the batch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np

from nn_core.arrays import Array, Arrays, Shape, element_count
from nn_core.layers.base import Cache, Layer, Parameter, as_rows, features
from nn_core.layers.context import Context
from nn_core.registry import require


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Normalize each channel over the batch, then apply a learned scale and shift.

    x (N, ..., C); the M = N * ... elements of a channel are one sample, over examples, pixels and
    steps.

    mean = 1/M sum x,   variance = 1/M sum (x - mean)^2
    x_hat = (x - mean) / sqrt(variance + epsilon)
    y = gamma x_hat + beta                            gamma, beta (C,)

    In training, mean and variance are those of the batch, so every x affects every x_hat of its
    channel. With d_x_hat = gamma d_y and s = sqrt(variance + epsilon):

    dL/dbeta = sum d_y,   dL/dgamma = sum d_y x_hat
    dL/dvariance = sum d_x_hat (x - mean) * -1/2 s^-3 = -1/2 s^-2 gamma dL/dgamma
    dL/dmean = sum d_x_hat * -1/s = -gamma/s dL/dbeta           (sum (x - mean) = 0)
    dL/dx = d_x_hat / s + dL/dvariance * 2 (x - mean) / M + dL/dmean / M
          = gamma/s (d_y - 1/M dL/dbeta - x_hat/M dL/dgamma)

    The sums are over the whole batch, even if the input is only a part of it: the parts exchange
    their moments in the forward pass, and the sums of d_y and d_y x_hat in the backward pass.

    In prediction, mean and variance are running averages over training batches, so that the output
    for an example does not depend on its batch; they are constants, and dL/dx = gamma/s d_y. The
    running variance is updated with M/(M - 1) variance, an unbiased estimate of the variance of all
    data; it is undefined for M = 1, which leaves the running variance unchanged.

    running <- momentum running + (1 - momentum) batch

    Running averages are not trained: in training, the batch values are written under their names
    among the gradients; otherwise nothing is written there.

    momentum  weight of the old value in a running average, in [0, 1)
    epsilon   avoids division by zero for a constant channel
    Raises ShapeError for an input without channels.
    Source: Ioffe, Szegedy, Batch normalization: accelerating deep network training by
    reducing internal covariate shift (2015), algorithms 1 and 2 and sec. 3.1.
    """

    _: KW_ONLY
    momentum: float = 0.9
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        require(0 <= self.momentum < 1, f"momentum must be in [0, 1), not {self.momentum}")
        require(0 < self.epsilon < math.inf, f"epsilon must be positive, not {self.epsilon}")

    @property
    def batch_dependent(self) -> bool:
        return True

    def output_shape(self, input_shape: Shape) -> Shape:
        features(input_shape)
        return input_shape

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        shape, momentum = (features(input_shape),), self.momentum
        return {
            "gamma": Parameter(shape, "ones", weight_decay=False),
            "beta": Parameter(shape, "zeros", weight_decay=False),
            "running_mean": Parameter(shape, "zeros", weight_decay=False, momentum=momentum),
            "running_variance": Parameter(shape, "ones", weight_decay=False, momentum=momentum),
        }

    def macs(self, input_shape: Shape) -> int:
        return element_count(input_shape)

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        M, mean, variance = 0, params["running_mean"], params["running_variance"]
        if context.training:
            M, mean, variance = batch_moments(x, context)
        s = np.sqrt(variance + self.epsilon)
        x_hat = (x - mean) / s
        return params["gamma"] * x_hat + params["beta"], (x_hat, s, M, mean, variance)

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        x_hat, s, M, mean, variance = cache
        grads["beta"][...] = as_rows(d_y).sum(axis=0)
        grads["gamma"][...] = as_rows(d_y * x_hat).sum(axis=0)
        if context.training:
            grads["running_mean"][...] = mean if M > 0 else params["running_mean"]
            grads["running_variance"][...] = variance * (M / (M - 1)) if M > 1 else params["running_variance"]
        if not context.needs_d_x:
            return None
        scale: Array = params["gamma"] / s
        if not context.training:
            return d_y * scale
        d_beta, d_gamma = context.sum_over_batch(grads["beta"], grads["gamma"])
        M = max(M, 1)
        d_x: Array = scale * (d_y - d_beta / M - x_hat * (d_gamma / M))
        return d_x


def batch_moments(x: Array, context: Context) -> tuple[int, Array, Array]:
    """Count, mean and variance of each channel over the whole batch.

    Sums are in float64, since float32 would lose precision for many values far from zero.
    """
    rows = as_rows(x)
    mean = rows.sum(axis=0, dtype=np.float64) / max(len(rows), 1)
    squares = ((rows - mean) ** 2).sum(axis=0)
    M, mean, squares = join_moments(context.part.collective.gather((len(rows), mean, squares)))
    return M, mean.astype(x.dtype), (squares / max(M, 1)).astype(x.dtype)


def join_moments(parts: Sequence[tuple[int, Array, Array]]) -> tuple[int, Array, Array]:
    """Combine count, mean and sum of squared differences of several samples.

    With d = a - A, combining m values with mean a and sum of squared differences q with M values
    with mean A and sum Q gives the mean A + d m/(M + m) and the sum Q + q + d^2 M m/(M + m).
    Source: Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing
    sample variances (1979).
    """
    M, A, Q = parts[0]
    for m, a, q in parts[1:]:
        d, share = a - A, m / max(M + m, 1)
        A = A + d * share
        Q = Q + q + d * d * (M * share)
        M = M + m
    return M, A, Q
