"""The error function against Python's own, over all of its intervals."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.arrays import Array
from nn_core.erf import FAR, NEAR, erf, erfc, normal_cdf, normal_pdf

PAIRS = {"erf": (erf, math.erf), "erfc": (erfc, math.erfc)}
X = np.concatenate(
    [
        np.linspace(-30, 30, 60_001),
        np.logspace(-300, 1, 2_000),
        np.random.default_rng(0).normal(size=20_000),
        [sign * np.nextafter(x, to) for sign in (-1, 1) for x in (NEAR, FAR) for to in (0, 9)],
    ]
)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(("dtype", "relative"), [(np.float64, 2e-15), (np.float32, 1e-6)])
def test_it_is_pythons_own(name: str, dtype: npt.DTypeLike, relative: float) -> None:
    function, exact = PAIRS[name]
    x = X.astype(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        received = function(x)
    expected = np.array([exact(value) for value in x.tolist()])
    assert received.dtype == dtype
    # Beside the smallest normal number no digits are left to compare.
    np.testing.assert_allclose(received, expected, rtol=relative, atol=float(np.finfo(x.dtype).tiny))


def test_by_hand() -> None:
    # 68.27, 95.45 and 99.73% of a normal distribution lie within 1, 2 and 3 deviations.
    within = erf(np.array([1.0, 2.0, 3.0]) / math.sqrt(2))
    np.testing.assert_allclose(within, [0.682689492137, 0.954499736104, 0.997300203937], rtol=1e-11)
    np.testing.assert_array_equal(erf(np.array([0.0, -0.0, 40, -40])), [0, 0, 1, -1])
    np.testing.assert_array_equal(erfc(np.array([0.0, 40, -40])), [1, 0, 2])


def test_what_is_not_finite() -> None:
    x = np.array([np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(erf(x), [1, -1, np.nan])
    np.testing.assert_array_equal(erfc(x), [0, 2, np.nan])


def test_erf_is_odd_and_any_shape_is_taken() -> None:
    x = np.random.default_rng(1).normal(size=(3, 4, 5))
    np.testing.assert_array_equal(erf(-x), -erf(x))
    np.testing.assert_allclose(erf(x) + erfc(x), np.ones((3, 4, 5)), rtol=1e-15)


def test_the_density_is_the_slope_of_the_probability() -> None:
    x, h = np.linspace(-8, 8, 101), 1e-5
    cdf: Callable[[Array], Array] = normal_cdf
    slopes = (cdf(x + h) - cdf(x - h)) / (2 * h)
    np.testing.assert_allclose(normal_pdf(x), slopes, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(normal_cdf(np.array([0.0, -40, 40])), [0.5, 0, 1], atol=1e-300)


def test_a_small_probability_keeps_its_digits() -> None:
    """Mills' ratio: P(Z < -x) = p(x)/x (1 - 1/x^2 + 3/x^4 - 15/x^6 + ...)."""
    x = np.array([20.0, 30.0])
    series = 1 - x**-2 + 3 * x**-4 - 15 * x**-6 + 105 * x**-8 - 945 * x**-10
    np.testing.assert_allclose(normal_cdf(-x), normal_pdf(x) / x * series, rtol=1e-11)
