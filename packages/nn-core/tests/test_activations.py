"""Activations against scalar formulas, their derivatives against finite differences."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from oracles import assert_close

from nn_core import activations
from nn_core.arrays import Array

Function = Callable[..., Array]

# Function, derivative, and the function of one Python float.
PAIRS: dict[str, tuple[Function, Function, Callable[[float], float]]] = {
    "sigmoid": (activations.sigmoid, activations.sigmoid_derivative, oracles.sigmoid),
    "tanh": (activations.tanh, activations.tanh_derivative, math.tanh),
    "relu": (activations.relu, activations.relu_derivative, lambda x: max(x, 0.0)),
    "leaky_relu": (activations.leaky_relu, activations.leaky_relu_derivative, lambda x: x if x > 0 else 0.01 * x),
    "gelu": (activations.gelu, activations.gelu_derivative, oracles.gelu),
    "exact_gelu": (activations.exact_gelu, activations.exact_gelu_derivative, oracles.exact_gelu),
}
each = pytest.mark.parametrize("name", PAIRS)
inputs = arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=st.floats(-30, 30, width=32))
EXTREMES = [-1e4, -90.0, -88.0, -87.0, -1.0, -0.0, 0.0, 1.0, 87.0, 88.0, 90.0, 1e4]


def test_every_function_with_a_derivative_is_in_the_list() -> None:
    suffix = "_derivative"
    public = {name for name in vars(activations) if not name.startswith("_")}
    assert {name.removesuffix(suffix) for name in public if name.endswith(suffix)} == set(PAIRS)


@each
@given(x=inputs)
def test_a_function_is_its_formula(name: str, x: Array) -> None:
    function, _, formula = PAIRS[name]
    expected = np.array([formula(float(value)) for value in x.ravel()]).reshape(x.shape)
    np.testing.assert_allclose(function(x), expected, rtol=1e-13, atol=1e-15)


@each
def test_a_derivative_is_the_slope(name: str) -> None:
    function, derivative, _ = PAIRS[name]
    x = np.random.default_rng(5).normal(scale=2.0, size=(3, 4, 5))
    slopes = oracles.finite_differences(lambda: float(function(x).sum()), x)
    oracles.assert_close(derivative(x, function(x)), slopes)


@each
def test_inputs_stay_as_they_are(name: str) -> None:
    function, derivative, _ = PAIRS[name]
    x = np.random.default_rng(1).normal(size=(4, 3))
    before = x.copy()
    y = function(x)
    derivative(x, y)
    assert not np.shares_memory(x, y)
    np.testing.assert_array_equal(x, before)


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_give_finite_numbers_of_the_same_type(name: str, dtype: npt.DTypeLike) -> None:
    function, derivative, _ = PAIRS[name]
    x = np.array(EXTREMES, dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = function(x)
        d = derivative(x, y)
    assert y.dtype == d.dtype == dtype
    assert np.isfinite(y).all()
    assert np.isfinite(d).all()


def test_sigmoid_by_hand() -> None:
    # exp(-ln 3) = 1/3, so y = 1 / (1 + 1/3) = 3/4, and y (1 - y) = 3/16.
    x = np.array([0.0, math.log(3), -math.log(3)])
    y = activations.sigmoid(x)
    np.testing.assert_allclose(y, [0.5, 0.75, 0.25], rtol=1e-15)
    np.testing.assert_allclose(activations.sigmoid_derivative(x, y), [1 / 4, 3 / 16, 3 / 16], rtol=1e-14)


def test_a_small_probability_keeps_its_digits() -> None:
    # sigmoid(-x) -> exp(-x): nothing is lost to 1 - something near 1.
    assert_close(activations.sigmoid(np.array([-80.0]))[0] / math.exp(-80), 1.0, 1e-12)


@pytest.mark.parametrize("x", [-700.0, -100.0, -88.0])
def test_the_sigmoid_of_a_very_negative_number_is_its_exponential(x: float) -> None:
    assert_close(activations.sigmoid(np.array([x]))[0] / math.exp(x), 1.0, 1e-12)


def test_sigmoid_rises_until_it_saturates() -> None:
    y = activations.sigmoid(np.linspace(-86, 16, 400, dtype=np.float32))
    assert (np.diff(y) > 0).mean() > 0.95
    assert (np.diff(y) >= 0).all()
    far = activations.sigmoid(np.array([-1e4, 1e4], np.float32))
    assert far[0] < 1e-37
    assert far[1] == 1


def test_tanh_is_a_sigmoid_twice_as_steep_and_as_tall() -> None:
    x = np.linspace(-5, 5, 101)
    np.testing.assert_allclose(activations.tanh(x), 2 * activations.sigmoid(2 * x) - 1, rtol=0, atol=1e-15)


def test_the_kink_at_zero_counts_as_the_flat_side() -> None:
    x = np.array([-1.0, 0.0, 1.0])
    relu, leaky = activations.relu(x), activations.leaky_relu(x, slope=0.25)
    np.testing.assert_array_equal(relu, [0, 0, 1])
    np.testing.assert_array_equal(activations.relu_derivative(x, relu), [0, 0, 1])
    np.testing.assert_array_equal(leaky, [-0.25, 0, 1])
    np.testing.assert_array_equal(activations.leaky_relu_derivative(x, leaky, slope=0.25), [0.25, 0.25, 1])


def test_a_leak_of_0_is_relu_and_of_1_is_nothing() -> None:
    x = np.random.default_rng(3).normal(size=20)
    relu = activations.relu(x)
    np.testing.assert_array_equal(activations.leaky_relu(x, slope=0.0), relu)
    np.testing.assert_array_equal(
        activations.leaky_relu_derivative(x, relu, slope=0.0), activations.relu_derivative(x, relu)
    )
    np.testing.assert_array_equal(activations.leaky_relu(x, slope=1.0), x)
    np.testing.assert_array_equal(activations.leaky_relu_derivative(x, x, slope=1.0), np.ones(20))


def test_gelu_is_near_the_exact_one() -> None:
    x = np.linspace(-6, 6, 241)
    exact = np.array([oracles.exact_gelu(float(value)) for value in x])
    np.testing.assert_allclose(activations.gelu(x), exact, rtol=0, atol=5e-4)


def test_exact_gelu_is_that_of_the_error_function() -> None:
    x = np.concatenate([np.linspace(-6, 6, 2401), [-20.0, 20.0]])
    exact = np.array([oracles.exact_gelu(float(value)) for value in x])
    np.testing.assert_allclose(activations.exact_gelu(x), exact, rtol=1e-14, atol=1e-15)
    # Where 1 + erf cancels, the digits are those of erfc: x erfc(-x / sqrt(2)) / 2.
    tail = np.array([0.5 * v * math.erfc(-v / math.sqrt(2)) for v in (-8.0, -20.0)])
    np.testing.assert_allclose(activations.exact_gelu(np.array([-8.0, -20.0])), tail, rtol=1e-13)


@pytest.mark.parametrize("name", ["gelu", "exact_gelu"])
@pytest.mark.parametrize(("dtype", "far"), [(np.float32, 1.5e13), (np.float32, 3e38), (np.float64, 1e300)])
def test_gelu_is_flat_far_below_and_the_identity_far_above(name: str, dtype: npt.DTypeLike, far: float) -> None:
    function, derivative, _ = PAIRS[name]
    x = np.array([-far, -50.0, 0.0, 50.0, far], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = function(x)
        d = derivative(x, y)
    np.testing.assert_array_equal(y, np.array([0, 0, 0, 50, far], dtype))
    np.testing.assert_array_equal(d, [0, 0, 0.5, 1, 1])


@given(logits=arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(-30, 30)))
def test_softmax_is_its_formula(logits: Array) -> None:
    expected = oracles.softmax(logits)
    np.testing.assert_allclose(activations.softmax(logits), expected, rtol=1e-12)
    np.testing.assert_allclose(activations.log_softmax(logits), np.log(expected), rtol=1e-12, atol=1e-12)


def test_softmax_by_hand() -> None:
    # exp of 0, ln 2, ln 5 is 1, 2, 5, out of 8.
    logits = np.array([0.0, math.log(2), math.log(5)])
    np.testing.assert_allclose(activations.softmax(logits), [1 / 8, 2 / 8, 5 / 8], rtol=1e-15)


def test_softmax_runs_over_the_last_axis_of_any_array() -> None:
    logits = np.random.default_rng(2).normal(size=(2, 3, 4))
    p = activations.softmax(logits)
    np.testing.assert_allclose(p.sum(axis=-1), np.ones((2, 3)), rtol=1e-14)
    np.testing.assert_array_equal(p[1, 2], activations.softmax(logits[1, 2]))
    np.testing.assert_array_equal(activations.log_softmax(logits)[1, 2], activations.log_softmax(logits[1, 2]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_huge_logits_is_a_choice(dtype: npt.DTypeLike) -> None:
    logits = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]], dtype)
    kept = logits.copy()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        p = activations.softmax(logits)
        log_p = activations.log_softmax(logits)
    np.testing.assert_allclose(p, [[1.0, 0.0, 0.0], [1 / 3] * 3], rtol=1e-6)
    np.testing.assert_allclose(log_p, [[0.0, -2e4, -1e4], [-math.log(3)] * 3], rtol=1e-6)
    assert p.dtype == log_p.dtype == dtype
    np.testing.assert_array_equal(logits, kept)


@given(x=st.floats(-30, 30))
def test_softplus_is_its_formula(x: float) -> None:
    assert_close(activations.softplus(np.array([x]))[0], math.log1p(math.exp(x)), 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softplus_of_huge_numbers_is_their_positive_part(dtype: npt.DTypeLike) -> None:
    x = np.array([-1e4, -90, 0, 90, 1e4], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = activations.softplus(x)
    np.testing.assert_allclose(y, [0, 0, math.log(2), 90, 1e4], rtol=1e-6, atol=1e-38)
    assert y.dtype == dtype
