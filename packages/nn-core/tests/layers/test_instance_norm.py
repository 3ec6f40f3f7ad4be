"""Instance normalization against its definition, and what it removes from photos."""

import numpy as np
import oracles_2d
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_call import run

from nn_core.arrays import Array, Shape
from nn_core.errors import SettingError, ShapeError
from nn_core.layers import Context, InstanceNorm


def forward(x: Array, epsilon: float = 1e-5) -> Array:
    return InstanceNorm(epsilon=epsilon).forward(x, {}, Context())[0]


@given(
    shape=st.tuples(*(st.integers(1, n) for n in (3, 5, 5, 4))),
    epsilon=st.sampled_from([1e-5, 0.1, 3.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_it_is_batch_normalization_of_a_batch_of_one(
    shape: tuple[int, int, int, int], epsilon: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x, d_y = rng.normal(3, 2, size=shape), rng.normal(size=shape)
    y, d_x, _ = run(InstanceNorm(epsilon=epsilon), x, d_y)
    C = shape[-1]
    for n in range(len(x)):
        one = slice(n, n + 1)
        expected = oracles_2d.batch_norm(x[one], np.ones(C), np.zeros(C), epsilon, d_y[one])
        np.testing.assert_allclose(y[one], expected["y"], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(d_x[one], expected["d_x"], rtol=1e-7, atol=1e-7)


def test_brightness_contrast_and_color_casts_are_removed() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 255, size=(2, 8, 9, 3))
    gain, offset = rng.uniform(0.2, 3, size=(2, 2, 1, 1, 3))
    np.testing.assert_allclose(forward(gain * x + offset), forward(x), atol=1e-6)


def test_by_hand() -> None:
    x = np.array([1.0, 3.0, 5.0, 7.0]).reshape(1, 2, 2, 1)  # mean 4, variance 5
    np.testing.assert_allclose(forward(x, 4.0).ravel(), [-1, -1 / 3, 1 / 3, 1])


@pytest.mark.parametrize("value", [255, 0.1])
def test_a_constant_channel_becomes_zero(value: float) -> None:
    assert not forward(np.full((1, 64, 64, 3), value, np.float32)).any()


def test_examples_do_not_see_each_other() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 2))
    np.testing.assert_array_equal(forward(x)[1:2], forward(x[1:2]))


@pytest.mark.parametrize("shape", [(4,), (None, 4, 2)])
def test_what_is_not_an_image(shape: Shape) -> None:
    with pytest.raises(ShapeError, match="expected an image"):
        InstanceNorm().output_shape(shape)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, float("inf"), float("nan")])
def test_epsilon_is_positive_and_finite(epsilon: float) -> None:
    with pytest.raises(SettingError, match="epsilon must be positive"):
        InstanceNorm(epsilon=epsilon)


def test_what_it_declares() -> None:
    assert InstanceNorm().output_shape((4, 5, 3)) == (4, 5, 3)
    assert InstanceNorm().parameters((4, 5, 3)) == {}
    assert InstanceNorm().macs((4, 5, 3)) == 60
