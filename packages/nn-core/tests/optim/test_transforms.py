"""L2 and clipping: numbers by hand, in place, and at sizes whose squares overflow."""

import math

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import assert_close

from nn_core.arrays import Array
from nn_core.optim.transforms import add_l2_gradient, clip_by_global_norm, clip_by_value

vectors = arrays(np.float64, st.integers(1, 8), elements=st.floats(-100, 100))


def test_the_l2_gradient_is_the_slope_of_the_penalty() -> None:
    weights = np.random.default_rng(0).normal(size=6)
    gradients = np.zeros(6)
    add_l2_gradient(gradients, weights, 0.3)
    slope = oracles.finite_differences(lambda: 0.15 * float((weights**2).sum()), weights)
    assert_close(gradients, slope)


def test_the_l2_gradient_is_added_in_place() -> None:
    gradients, weights = np.ones(4, np.float32), np.arange(4, dtype=np.float32)
    add_l2_gradient(gradients[:2], weights[:2], 0.5)
    np.testing.assert_array_equal(gradients, [1, 1.5, 1, 1])
    np.testing.assert_array_equal(weights, [0, 1, 2, 3])
    assert gradients.dtype == np.float32


def test_clipping_by_value_by_hand() -> None:
    gradients = np.array([-3.0, -0.5, 0.0, 0.5, 3.0], np.float32)
    clip_by_value(gradients, 0.75)
    np.testing.assert_array_equal(gradients, [-0.75, -0.5, 0, 0.5, 0.75])
    assert gradients.dtype == np.float32


def test_clipping_by_norm_by_hand() -> None:
    # |(3, 4)| = 5, so a limit of 1 leaves a fifth of each.
    gradients = np.array([3.0, 4.0])
    assert clip_by_global_norm(gradients, 1.0) == 5
    np.testing.assert_allclose(gradients, [0.6, 0.8], rtol=1e-15)


@pytest.mark.parametrize("limit", [5.0, 6.0])
def test_a_norm_within_the_limit_is_left_alone(limit: float) -> None:
    gradients = np.array([3.0, -4.0])
    assert clip_by_global_norm(gradients, limit) == 5
    np.testing.assert_array_equal(gradients, [3, -4])


@given(gradients=vectors, limit=st.floats(1e-3, 1e3))
def test_clipping_by_norm_keeps_the_direction(gradients: Array, limit: float) -> None:
    before = gradients.copy()
    expected = math.sqrt(math.fsum(g * g for g in before.tolist()))
    norm = clip_by_global_norm(gradients, limit)
    assert_close(norm, expected, 1e-12)
    scale = min(1.0, limit / expected) if expected > 0 else 1.0
    np.testing.assert_allclose(gradients, before * scale, rtol=1e-12)


@given(gradients=vectors, limit=st.floats(1e-3, 1e3))
def test_clipping_by_value_is_number_by_number(gradients: Array, limit: float) -> None:
    expected = [min(max(g, -limit), limit) for g in gradients.tolist()]
    clip_by_value(gradients, limit)
    np.testing.assert_array_equal(gradients, expected)


def test_squares_that_overflow_do_not_stop_the_clipping() -> None:
    gradients = np.array([3e30, -4e30], np.float32)
    norm = clip_by_global_norm(gradients, 10.0)
    assert norm == pytest.approx(5e30, rel=1e-6)
    assert gradients.dtype == np.float32
    np.testing.assert_allclose(gradients, [6, -8], rtol=1e-6)


def test_a_gradient_of_zero_is_left_alone() -> None:
    gradients = np.zeros(3, np.float32)
    assert clip_by_global_norm(gradients, 1.0) == 0
    np.testing.assert_array_equal(gradients, np.zeros(3))


def test_clipping_works_through_a_view() -> None:
    vector = np.array([3.0, 4.0, 100.0])
    clip_by_global_norm(vector[:2], 1.0)
    clip_by_value(vector[2:], 7.0)
    np.testing.assert_allclose(vector, [0.6, 0.8, 7], rtol=1e-15)
