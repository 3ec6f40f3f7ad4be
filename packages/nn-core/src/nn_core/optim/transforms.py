"""Two ways to hold a network back: small weights, small gradients."""

import math

import numpy as np

from nn_core.arrays import Array


def l2_penalty(weights: Array, strength: float) -> float:
    """strength / 2 * sum(weights^2), what L2 adds to the loss.

    Its gradient is strength * weights. Biases are not penalised: pass weights only.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 7.1.1.
    """
    return 0.5 * strength * float(np.dot(weights, weights))


def add_l2_gradient(
    gradients: Array, weights: Array, strength: float, scratch: Array | None = None
) -> None:
    """gradients += strength * weights, in place, through `scratch` if it is given."""
    gradients += np.multiply(weights, strength, out=scratch)


def clip_by_value(gradients: Array, limit: float) -> None:
    """g = min(max(g, -limit), limit), number by number, in place. May turn the direction."""
    np.clip(gradients, -limit, limit, out=gradients)


def clip_by_global_norm(gradients: Array, limit: float) -> float:
    """g *= limit / |g| if |g| > limit, in place; returns |g| as it was.

    |g| = sqrt(sum g^2) over all parameters of the network, so the direction stays.
    Source: Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural
    networks (2013), algorithm 1.
    """
    with np.errstate(over="ignore"):
        norm = math.sqrt(float(np.dot(gradients, gradients)))
    if not math.isfinite(norm):  # the squares may overflow where the numbers do not
        largest = float(np.abs(gradients).max())
        scaled = gradients / largest
        norm = largest * math.sqrt(float(np.dot(scaled, scaled)))
    if norm > limit:
        gradients *= limit / norm
    return norm
