"""Elementwise functions and their derivatives, softmax and softplus.

Each derivative takes both x and y = f(x), and uses whichever is cheaper; d_x = d_y * f'(x).
All are stable for any finite input: exp is never called with a large positive argument. The
result has the dtype of the input.
"""

import math
from functools import cache
from typing import Any

import numpy as np

from nn_core.arrays import Array
from nn_core.erf import normal_cdf, normal_pdf


def sigmoid(x: Array) -> Array:
    """y = 1 / (1 + exp(-x)), with x clipped from below so that exp(-x) does not overflow.

    At the clipping point y is below 1e-37, or 1e-304 in float64.
    """
    y: Array = 1.0 / (1.0 + np.exp(-np.maximum(x, _lowest_exponent(x.dtype))))
    return y


@cache
def _lowest_exponent(dtype: np.dtype[Any]) -> float:
    """The lower bound of x, below which exp(-x) may overflow."""
    return -0.99 * math.log(np.finfo(dtype).max)


def sigmoid_derivative(x: Array, y: Array) -> Array:
    """dy/dx = exp(-x) / (1 + exp(-x))^2 = y (1 - y)."""
    return y * (1.0 - y)


def tanh(x: Array) -> Array:
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    y: Array = np.tanh(x)
    return y


def tanh_derivative(x: Array, y: Array) -> Array:
    """dy/dx = 1 - y^2."""
    return 1.0 - y * y


def relu(x: Array) -> Array:
    """y = max(x, 0)."""
    y: Array = np.maximum(x, 0.0)
    return y


def relu_derivative(x: Array, y: Array) -> Array:
    """dy/dx = 1 if x > 0 else 0; at the kink x = 0 it is taken as 0."""
    return (x > 0).astype(x.dtype)


def leaky_relu(x: Array, *, slope: float = 0.01) -> Array:
    """y = x if x > 0 else slope x, with 0 <= slope <= 1."""
    return np.where(x > 0, x, slope * x)


def leaky_relu_derivative(x: Array, y: Array, *, slope: float = 0.01) -> Array:
    """dy/dx = 1 if x > 0 else slope."""
    return np.where(x > 0, np.ones_like(x), np.full_like(x, slope))


GELU_SCALE = math.sqrt(2.0 / math.pi)
GELU_CUBIC = 0.044715
GELU_BOUND = 10.0
"""For |x| >= 10, t is exactly -1 or 1, also in float64: clipping x avoids overflow of its cube."""


def gelu(x: Array) -> Array:
    """y = x (1 + t) / 2,   t = tanh(u),   u = sqrt(2/pi) (x + 0.044715 x^3).

    x times P(Z < x) for a standard normal Z, which (1 + t) / 2 approximates within 0.0005.
    Source: Hendrycks, Gimpel, Gaussian error linear units (2016), sec. 2.
    """
    z = np.clip(x, -GELU_BOUND, GELU_BOUND)
    t = np.tanh(GELU_SCALE * (z + GELU_CUBIC * z**3))
    y: Array = 0.5 * x * (1.0 + t)
    return y


def gelu_derivative(x: Array, y: Array) -> Array:
    """dy/dx = (1 + t) / 2 + x (1 - t^2) / 2 du/dx,   du/dx = sqrt(2/pi) (1 + 3 * 0.044715 x^2)."""
    z = np.clip(x, -GELU_BOUND, GELU_BOUND)
    t = np.tanh(GELU_SCALE * (z + GELU_CUBIC * z**3))
    d_u = GELU_SCALE * (1.0 + 3.0 * GELU_CUBIC * z**2)
    derivative: Array = 0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * d_u
    return derivative


def exact_gelu(x: Array) -> Array:
    """y = x P(x), with P the cumulative distribution function of the standard normal distribution.

    Source: Hendrycks, Gimpel, Gaussian error linear units (2016), sec. 2.
    """
    return x * normal_cdf(x)


def exact_gelu_derivative(x: Array, y: Array) -> Array:
    """dy/dx = P(x) + x p(x), since the density p is the derivative of P."""
    return normal_cdf(x) + x * normal_pdf(x)


def softmax(logits: Array) -> Array:
    """p_c = exp(z_c) / sum_k exp(z_k) over the last axis, computed from z - max z."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p: Array = e / e.sum(axis=-1, keepdims=True)
    return p


def log_softmax(logits: Array) -> Array:
    """log p_c = z_c - log sum_k exp(z_k) over the last axis, computed from z - max z."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_p


def softplus(x: Array) -> Array:
    """y = log(1 + exp(x)), computed as max(x, 0) + log(1 + exp(-|x|))."""
    y: Array = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    return y
