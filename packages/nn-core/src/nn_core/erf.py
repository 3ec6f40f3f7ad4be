"""The error function and the normal distribution, by rational approximation.

    erf(x) = 2/sqrt(pi) integral from 0 to x of exp(-t^2) dt,   erfc(x) = 1 - erf(x)

They have no elementary formula, and NumPy provides neither. Each interval of |x| has a quotient of
two polynomials with a maximum relative error below 1e-16:

    |x| <= 0.46875       erf(x)  = x R1(x^2)
    0.46875 < |x| <= 4   erfc(x) = exp(-x^2) R2(x)
    4 < |x|              erfc(x) = exp(-x^2)/x (1/sqrt(pi) - R3(1/x^2)/x^2)

so that erf is accurate near 0, and erfc where it is tiny. For negative x, erfc(-x) = 2 - erfc(x)
and erf(-x) = -erf(x).

Source: Cody, Rational Chebyshev approximations for the error function (1969), tables I to III.
"""

import math
from collections.abc import Sequence

import numpy as np

from nn_core.arrays import Array

NEAR, FAR = 0.46875, 4.0
"""Boundaries of the intervals of |x|."""

UNDERFLOW = 30.0
"""For larger x, exp(-x^2) is zero, also in float64."""

# Numerator and denominator of R1, R2 and R3, highest power first.
R1 = (
    (
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
R2 = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e0,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573346963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
R3 = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242e0,
        1.87295284992346725e0,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)


def erf(x: Array) -> Array:
    """P(-x < Z < x) for a normal Z with mean 0 and variance 1/2.

    Relative error below 1e-15 in float64. The result has the dtype of x.
    """
    return np.where(np.abs(x) <= NEAR, _near(x), np.sign(x) * (1.0 - _upper_tail(np.abs(x))))


def erfc(x: Array) -> Array:
    """1 - erf(x), without cancellation where it is small. Relative error below 2e-15."""
    tail = _upper_tail(np.abs(x))
    return np.where(np.abs(x) <= NEAR, 1.0 - _near(x), np.where(x > 0, tail, 2.0 - tail))


def normal_cdf(x: Array) -> Array:
    """Cumulative distribution function of the standard normal: erfc(-x / sqrt(2)) / 2."""
    return 0.5 * erfc(-math.sqrt(0.5) * x)


def normal_pdf(x: Array) -> Array:
    """The density of the standard normal distribution: exp(-x^2 / 2) / sqrt(2 pi)."""
    within = np.clip(x, -2.0 * UNDERFLOW, 2.0 * UNDERFLOW)
    density: Array = np.exp(-0.5 * within * within) / math.sqrt(2.0 * math.pi)
    return density


def _near(x: Array) -> Array:
    """erf(x) for |x| <= 0.46875."""
    within = np.clip(x, -NEAR, NEAR)
    return within * _quotient(R1, within * within)


def _upper_tail(x: Array) -> Array:
    """erfc(x) for x > 0.46875.

    x^2 is split at r, x rounded down to sixteenths, whose square is exact:
    exp(-x^2) = exp(-r^2) exp(-(x - r)(x + r)). The rounding error of a large x^2 would be amplified
    by exp.
    """
    middle, far = np.clip(x, NEAR, FAR), np.clip(x, FAR, UNDERFLOW)
    inverse = 1.0 / (far * far)
    beyond = (1.0 / math.sqrt(math.pi) - inverse * _quotient(R3, inverse)) / far
    scaled = np.where(x <= FAR, _quotient(R2, middle), beyond)

    x = np.clip(x, NEAR, UNDERFLOW)
    r = np.floor(16.0 * x) / 16.0
    tail: Array = np.exp(-r * r) * np.exp(-(x - r) * (x + r)) * scaled
    return tail


def _quotient(coefficients: tuple[Sequence[float], Sequence[float]], x: Array) -> Array:
    numerator, denominator = (_polynomial(row, x) for row in coefficients)
    return numerator / denominator


def _polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """c_0 x^n + c_1 x^(n-1) + ... + c_n, by Horner's rule: ((c_0 x + c_1) x + c_2) x + ..."""
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
