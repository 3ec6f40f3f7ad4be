"""Instance normalization against its definition, and what it makes of light."""

import numpy as np
import oracles_2d
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.arrays import Array
from nn_core.errors import SettingError, ShapeError
from nn_core.layers import Context, InstanceNorm


def forward(x: Array, epsilon: float = 1e-5) -> Array:
    y, _ = InstanceNorm(epsilon).forward(x, {}, Context(x.dtype))
    return y


@given(
    shape=st.tuples(*(st.integers(1, n) for n in (3, 5, 5, 4))),
    epsilon=st.sampled_from([1e-5, 0.1, 3.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_is_batch_normalization_of_a_batch_of_one(
    shape: tuple[int, int, int, int], epsilon: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x, d_y = rng.normal(3, 2, size=shape), rng.normal(size=shape)
    layer, context = InstanceNorm(epsilon), Context(np.float64)
    y, cache = layer.forward(x, {}, context)
    d_x = layer.backward(d_y, cache, {}, {}, context)
    assert d_x is not None
    C = shape[-1]
    for n in range(len(x)):
        one = slice(n, n + 1)
        expected = oracles_2d.batch_norm(x[one], np.ones(C), np.zeros(C), epsilon, d_y[one])
        np.testing.assert_allclose(y[one], expected["y"], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(d_x[one], expected["d_x"], rtol=1e-7, atol=1e-7)


def test_a_photo_in_another_light_is_the_same_photo() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 255, size=(2, 8, 9, 3))
    gain, offset = rng.uniform(0.2, 3, size=(2, 2, 1, 1, 3))
    np.testing.assert_allclose(forward(gain * x + offset), forward(x), atol=1e-6)


def test_by_hand() -> None:
    x = np.array([1.0, 3.0, 5.0, 7.0]).reshape(1, 2, 2, 1)  # mean 4, variance 5
    np.testing.assert_allclose(forward(x, 4.0).ravel(), [-1, -1 / 3, 1 / 3, 1])


def test_a_map_that_is_all_the_same_becomes_zero() -> None:
    assert not forward(np.full((1, 64, 64, 3), 255, np.float32)).any()


def test_examples_do_not_see_each_other() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 2))
    np.testing.assert_array_equal(forward(x)[1:2], forward(x[1:2]))


def test_refuses_what_is_no_maps_or_no_epsilon() -> None:
    with pytest.raises(ShapeError, match="expected maps"):
        InstanceNorm().output_shape((4,))
    with pytest.raises(SettingError, match="epsilon must be positive"):
        InstanceNorm(0.0)
