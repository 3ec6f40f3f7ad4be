"""Functions applied to each number alone, and their derivatives.

Each function writes into `out` if it is given one. Each derivative is told both x and
y = f(x), and uses whichever is cheaper; d_x = d_y * derivative. All are stable: where exp
could overflow, its argument is kept below zero or held.
"""

import math

import numpy as np

from nn_core.arrays import Array


def sigmoid(x: Array, out: Array | None = None) -> Array:
    """y = 1 / (1 + exp(-x)), with -x held below 87, where exp still fits in float32."""
    y: Array = np.maximum(x, -87.0, out=out)
    np.negative(y, out=y)
    np.exp(y, out=y)
    y += 1.0
    return np.reciprocal(y, out=y)


def sigmoid_derivative(x: Array, y: Array, out: Array | None = None) -> Array:
    """dy/dx = y (1 - y)."""
    derivative: Array = np.subtract(1.0, y, out=out)
    derivative *= y
    return derivative


def tanh(x: Array, out: Array | None = None) -> Array:
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    y: Array = np.tanh(x, out=out)
    return y


def tanh_derivative(x: Array, y: Array, out: Array | None = None) -> Array:
    """dy/dx = 1 - y^2."""
    derivative: Array = np.multiply(y, y, out=out)
    return np.subtract(1.0, derivative, out=derivative)


def relu(x: Array, out: Array | None = None) -> Array:
    """y = max(x, 0).

    Of many numbers as x held between 0 and infinity, which NumPy computes in a third of the
    time that the maximum with a scalar takes; of few, the call alone would cost more.
    """
    y: Array = np.maximum(x, 0.0, out=out) if x.size < 4096 else np.clip(x, 0.0, np.inf, out=out)
    return y


def relu_derivative(x: Array, y: Array, out: Array | None = None) -> Array:
    """dy/dx = 1 if x > 0 else 0; the kink at 0 counts as the flat side."""
    return np.greater(y, 0.0, out=np.empty_like(y) if out is None else out)


def leaky_relu(x: Array, out: Array | None = None, *, slope: float = 0.01) -> Array:
    """y = x if x > 0 else slope x, with 0 <= slope <= 1."""
    y: Array = np.multiply(x, slope, out=out)
    return np.maximum(x, y, out=y)


def leaky_relu_derivative(
    x: Array, y: Array, out: Array | None = None, *, slope: float = 0.01
) -> Array:
    """dy/dx = 1 if x > 0 else slope."""
    derivative = relu_derivative(x, x, out)
    derivative *= 1.0 - slope
    derivative += slope
    return derivative


_GELU_SCALE = math.sqrt(2.0 / math.pi)
_GELU_CUBIC = 0.044715


def _gelu_tanh(x: Array, out: Array | None = None) -> Array:
    """t = tanh(sqrt(2 / pi) (x + 0.044715 x^3)); 2 Phi(x) - 1 to within 0.001."""
    t: Array = np.multiply(x, x, out=out)
    t *= _GELU_SCALE * _GELU_CUBIC
    t += _GELU_SCALE
    t *= x
    return np.tanh(t, out=t)


def gelu(x: Array, out: Array | None = None) -> Array:
    """y = x (1 + t) / 2 with t = tanh(sqrt(2 / pi) (x + 0.044715 x^3)).

    x times the probability that a standard normal number is below x, in the approximation
    by tanh. Source: Hendrycks, Gimpel, Gaussian error linear units (2016), sec. 2.
    """
    y = _gelu_tanh(x, out)
    y += 1.0
    y *= x
    y *= 0.5
    return y


def gelu_derivative(x: Array, y: Array, out: Array | None = None) -> Array:
    """dy/dx = (1 + t) / 2 + x (1 - t^2) / 2 * sqrt(2 / pi) (1 + 3 * 0.044715 x^2)."""
    t = _gelu_tanh(x)
    slope = x * x
    slope *= 3.0 * _GELU_CUBIC * _GELU_SCALE
    slope += _GELU_SCALE
    slope *= x
    slope *= 1.0 - t * t
    derivative: Array = np.add(slope, t, out=out)
    derivative += 1.0
    derivative *= 0.5
    return derivative


def softmax(logits: Array) -> Array:
    """p_c = exp(z_c) / sum_k exp(z_k) over the last axis, computed from z - max z."""
    p: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p


def log_softmax(logits: Array) -> Array:
    """log p_c = z_c - log sum_k exp(z_k) over the last axis, computed from z - max z."""
    shifted: Array = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def softplus(x: Array) -> Array:
    """y = log(1 + exp(x)), computed as max(x, 0) + log(1 + exp(-|x|))."""
    y: Array = np.log1p(np.exp(-np.abs(x)))
    y += np.maximum(x, 0.0)
    return y
