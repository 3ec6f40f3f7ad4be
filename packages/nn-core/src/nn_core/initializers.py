"""Weight initializers: small enough not to saturate, large enough not to vanish.

For y = x @ W with independent entries of variance Var[W], Var[y_j] = fan_in Var[W] Var[x]:
a signal keeps its scale forward if Var[W] = 1 / fan_in, and its gradient keeps its scale
backward if Var[W] = 1 / fan_out. Each rule below derives its variance from this.

Every function takes the shape of a weight array, inputs before outputs, and a random generator,
and returns float64. A kernel (height, width, C_in, C_out) has
fan_in = height * width * C_in and fan_out = height * width * C_out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nn_core.arrays import Array
from nn_core.hints import unknown_names
from nn_core.registry import Registry, require


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out): the number of inputs per output, and of outputs per input."""
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def zeros(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """W = 0. Suitable for biases; with zero weights, all units of a layer stay identical."""
    return np.zeros(shape)


def ones(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """W = 1. Suitable for scale factors, which initially have no effect."""
    return np.ones(shape)


def normal(shape: tuple[int, ...], *, rng: np.random.Generator, scale: float = 0.01) -> Array:
    """W ~ Normal(0, scale^2), regardless of the fans: the baseline that the others improve on."""
    require(scale >= 0, f"scale must be at least 0, not {scale}")
    return rng.normal(0.0, scale, shape)


def xavier_normal(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """W ~ Normal(0, 2 / (fan_in + fan_out)), between the forward and the backward rule.

    Source: Glorot, Bengio, Understanding the difficulty of training deep feedforward
    neural networks (2010), eq. 12.
    """
    fan_in, fan_out = fans(shape)
    return _normal(2.0 / (fan_in + fan_out), shape, rng)


def xavier_uniform(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """W ~ Uniform of variance 2 / (fan_in + fan_out). Source: as `xavier_normal`, eq. 16."""
    fan_in, fan_out = fans(shape)
    return _uniform(2.0 / (fan_in + fan_out), shape, rng)


def lecun_normal(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """W ~ Normal(0, 1 / fan_in): the forward rule only.

    Source: LeCun, Bottou, Orr, Mueller, Efficient BackProp (1998), sec. 4.6.
    """
    return _normal(1.0 / fans(shape)[0], shape, rng)


def lecun_uniform(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """W ~ Uniform of variance 1 / fan_in. Source: as `lecun_normal`."""
    return _uniform(1.0 / fans(shape)[0], shape, rng)


def he_normal(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """W ~ Normal(0, 2 / fan_in): twice the forward rule, since ReLU zeroes half of the units.

    Source: He, Zhang, Ren, Sun, Delving deep into rectifiers (2015), eq. 10.
    """
    return _normal(2.0 / fans(shape)[0], shape, rng)


def he_uniform(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """W ~ Uniform of variance 2 / fan_in. Source: as `he_normal`."""
    return _uniform(2.0 / fans(shape)[0], shape, rng)


def orthogonal(shape: tuple[int, ...], *, rng: np.random.Generator, gain: float = 1.0) -> Array:
    """W with W^T W = gain^2 I (or W W^T, whichever is smaller), which preserves lengths up to gain.

    The Q of a QR decomposition of a Gaussian matrix, with column signs set by the diagonal of R so
    that Q is uniform over the orthogonal matrices. A kernel is treated as a matrix
    (fan_in, C_out).

    Source: Saxe, McClelland, Ganguli, Exact solutions to the nonlinear dynamics of learning
    (2014); Mezzadri, How to generate random matrices (2007).
    """
    rows, columns = math.prod(shape[:-1]), shape[-1]
    tall = rng.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    matrix: Array = gain * (q if rows >= columns else q.T)
    return matrix.reshape(shape)


def _normal(variance: float, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return rng.normal(0.0, math.sqrt(variance), shape)


def _uniform(variance: float, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Uniform(-limit, limit) has variance limit^2 / 3."""
    limit = math.sqrt(3.0 * variance)
    return rng.uniform(-limit, limit, shape)


INITIALIZERS: Registry[Callable[..., Array]] = Registry(
    "initializer",
    {
        "zeros": zeros,
        "ones": ones,
        "normal": normal,
        "xavier": xavier_normal,
        "xavier-uniform": xavier_uniform,
        "glorot": xavier_normal,
        "glorot-uniform": xavier_uniform,
        "lecun": lecun_normal,
        "lecun-uniform": lecun_uniform,
        "he": he_normal,
        "he-uniform": he_uniform,
        "orthogonal": orthogonal,
    },
    group="nn_core.initializers",
    kebab_case=True,
    spellings={
        "he-normal": "he",
        "kaiming": "he",
        "kaiming-normal": "he",
        "kaiming-uniform": "he-uniform",
        "xavier-normal": "xavier",
        "glorot-normal": "glorot",
        "lecun-normal": "lecun",
        "zero": "zeros",
    },
)
"""All initializers by name."""


def initializer(text: str) -> Callable[..., Array]:
    """The initializer for a text such as "he" or "normal:scale=0.1".

    Raises SettingError for an unknown name or setting.
    """
    return INITIALIZERS.parse(text)


if not TYPE_CHECKING:
    __getattr__ = unknown_names(__name__)
