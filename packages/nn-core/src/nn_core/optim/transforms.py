"""Gradient transforms, all in place: L2 regularization and two kinds of clipping."""

import math

import numpy as np

from nn_core.arrays import Array


def add_l2_gradient(gradients: Array, weights: Array, strength: float) -> None:
    """The gradient of the penalty strength / 2 * sum(weights^2): gradients += strength * weights.

    Biases are not penalized: pass weights only.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 7.1.1.
    """
    gradients += strength * weights


def clip_by_value(gradients: Array, limit: float) -> None:
    """g = min(max(g, -limit), limit), component by component. May change the direction."""
    np.clip(gradients, -limit, limit, out=gradients)


def clip_by_global_norm(gradients: Array, limit: float) -> float:
    """g *= limit / |g| if |g| > limit. Returns |g| before clipping.

    |g| = sqrt(sum g^2) over all parameters of the network, so the direction is preserved.
    Source: Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural
    networks (2013), algorithm 1.
    """
    with np.errstate(over="ignore"):
        norm = math.sqrt(float(np.dot(gradients, gradients)))
    if not math.isfinite(norm):  # the squares may overflow even if the values do not
        largest = float(np.abs(gradients).max())
        scaled = gradients / largest
        norm = largest * math.sqrt(float(np.dot(scaled, scaled)))
    if norm > limit:
        gradients *= limit / norm
    return norm
