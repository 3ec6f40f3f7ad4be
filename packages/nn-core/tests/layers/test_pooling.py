"""Pooling against its definition: ties, overlaps, remainders, padding."""

from typing import Any

import numpy as np
import oracles_2d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_call import run

from nn_core.arrays import Array
from nn_core.errors import SettingError, ShapeError
from nn_core.gradient_check import check_layer
from nn_core.layers import AveragePool2D, Context, Layer, MaxPool2D, Pooling

POOLS = pytest.mark.parametrize("pool", [MaxPool2D, AveragePool2D])
BatchShape = tuple[int, ...]
Pair = tuple[int, int]


def ones_like_output(layer: Layer, shape: BatchShape) -> Array:
    return np.ones((shape[0], *layer.output_shape(shape[1:])))  # type: ignore[arg-type]


def assert_is_its_definition(layer: Pooling, x: Array) -> None:
    rng = np.random.default_rng(1)
    d_y = rng.normal(size=ones_like_output(layer, x.shape).shape)
    window = layer.window
    how = window.size, window.strides, d_y, window.padding
    if isinstance(layer, AveragePool2D):
        expected, expected_x = oracles_2d.average_pool(x, *how, layer.count_zeros)
    else:
        expected, expected_x = oracles_2d.max_pool(x, *how)
    y, d_x, _ = run(layer, x, d_y)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(d_x, expected_x, rtol=1e-10, atol=1e-13)


@st.composite
def layers_and_images(draw: st.DrawFn) -> tuple[Pooling, Array]:
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.one_of(st.none(), st.tuples(st.integers(1, 5), st.integers(1, 5))))
    padding: Any = draw(
        st.one_of(
            st.sampled_from(["valid", "same"]), st.tuples(st.integers(0, size[0] - 1), st.integers(0, size[1] - 1))
        )
    )
    down, across = padding if isinstance(padding, tuple) else (0, 0)
    least = max(1, size[0] - 2 * down), max(1, size[1] - 2 * across)
    if padding == "same":
        least = (1, 1)
    shape = (
        draw(st.integers(1, 3)),
        draw(st.integers(least[0], least[0] + 6)),
        draw(st.integers(least[1], least[1] + 6)),
        draw(st.integers(1, 3)),
    )
    layer: Pooling = draw(
        st.sampled_from(
            [
                MaxPool2D(size, strides=strides, padding=padding),
                AveragePool2D(size, strides=strides, padding=padding),
                AveragePool2D(size, strides=strides, padding=padding, count_zeros=True),
            ]
        )
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    numbers = rng.normal(size=shape)
    ties = rng.integers(-2, 1, size=shape).astype(float)  # none above the zeros of a wrong padding
    return layer, draw(st.sampled_from([numbers, ties, numbers - 10]))


@settings(max_examples=150, deadline=None)
@given(drawn=layers_and_images())
def test_pooling_is_its_definition(drawn: tuple[Pooling, Array]) -> None:
    assert_is_its_definition(*drawn)


@POOLS
@pytest.mark.parametrize(
    ("size", "strides", "padding", "shape"),
    [
        (2, None, "valid", (2, 4, 6, 3)),
        (2, None, "valid", (2, 5, 7, 1)),
        ((3, 2), None, "valid", (1, 7, 5, 2)),
        ((2, 3), (1, 1), "valid", (2, 4, 5, 2)),
        ((2, 2), (3, 4), "valid", (1, 8, 9, 1)),
        ((3, 1), (1, 2), "valid", (1, 4, 4, 2)),
        (1, 1, "valid", (2, 2, 2, 2)),
        (4, None, "valid", (3, 8, 8, 2)),
        (3, 2, "same", (2, 6, 5, 2)),
        (3, 2, 1, (2, 5, 6, 1)),
        ((3, 4), (2, 1), (2, 3), (1, 2, 3, 2)),
    ],
)
def test_every_gradient_by_finite_differences(
    pool: type[Pooling], size: Any, strides: Any, padding: Any, shape: BatchShape
) -> None:
    rng = np.random.default_rng(4)
    report = check_layer(pool(size, strides=strides, padding=padding), rng.normal(size=shape), rng=rng)
    assert report.error <= 1e-6
    assert not report.arrays[0].kinks


def test_both_by_hand() -> None:
    # Windows 2 x 2:  1 3 | 5 5    their largest 4, 5; their means 10/4, 14/4.
    #                 4 2 | 1 3
    x = np.array([[1.0, 3, 5, 5], [4, 2, 1, 3]]).reshape(1, 2, 4, 1)
    d_y = np.array([8.0, -4]).reshape(1, 1, 2, 1)
    y, d_x, _ = run(MaxPool2D(2), x, d_y)
    np.testing.assert_array_equal(y.ravel(), [4, 5])
    # Of the two fives the left one, the first in reading order, takes it all.
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[0, 0, -4, 0], [8, 0, 0, 0]])
    y, d_x, _ = run(AveragePool2D(2), x, d_y)
    np.testing.assert_array_equal(y.ravel(), [2.5, 3.5])
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[2, 2, -1, -1], [2, 2, -1, -1]])
    # Stride 1: windows 1 3 4 2, 3 5 2 1 and 5 5 1 3. The left five wins two windows.
    d_y = np.array([1.0, 10, 100]).reshape(1, 1, 3, 1)
    y, d_x, _ = run(MaxPool2D(2, strides=1), x, d_y)
    np.testing.assert_array_equal(y.ravel(), [4, 5, 5])
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[0, 0, 110, 0], [1, 0, 0, 0]])
    y, d_x, _ = run(AveragePool2D(2, strides=1), x, 4 * d_y)
    np.testing.assert_array_equal(y.ravel(), [2.5, 2.75, 3.5])
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[1, 11, 110, 100], [1, 11, 110, 100]])


def test_padding_by_hand() -> None:
    # One row -3 -1 -2 with one pixel of padding on either side, windows of two, stride 2:
    # (., -3) and (-1, -2); the rest of the padding is too short for another window.
    x = np.array([-3.0, -1, -2]).reshape(1, 1, 3, 1)
    d_y = np.array([6.0, 10]).reshape(1, 1, 2, 1)
    y, d_x, _ = run(MaxPool2D((1, 2), padding=(0, 1)), x, d_y)
    np.testing.assert_array_equal(y.ravel(), [-3, -1])
    np.testing.assert_array_equal(d_x.ravel(), [6, 10, 0])
    y, d_x, _ = run(AveragePool2D((1, 2), padding=(0, 1)), x, d_y)
    np.testing.assert_array_equal(y.ravel(), [-3, -1.5])
    np.testing.assert_array_equal(d_x.ravel(), [6, 5, 5])
    y, d_x, _ = run(AveragePool2D((1, 2), padding=(0, 1), count_zeros=True), x, d_y)
    np.testing.assert_array_equal(y.ravel(), [-1.5, -1.5])
    np.testing.assert_array_equal(d_x.ravel(), [3, 5, 5])


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (1, 4), (4, 1), (16, 17)])
def test_of_equal_numbers_the_first_in_reading_order_wins(size: Pair) -> None:
    height, width = size
    d_y = np.random.default_rng(0).normal(size=(2, 2, 2, 3))
    _, d_x, _ = run(MaxPool2D(size), np.zeros((2, 2 * height, 2 * width, 3)), d_y)
    np.testing.assert_array_equal(d_x[:, ::height, ::width], d_y)
    assert np.count_nonzero(d_x) == d_y.size


@pytest.mark.parametrize(("size", "strides"), [((3, 4), None), ((16, 17), None), ((3, 2), 1)])
def test_every_pixel_of_a_window_can_win(size: Pair, strides: int | None) -> None:
    for u, v in np.ndindex(size):
        x = np.zeros((1, *size, 1))
        x[0, u, v, 0] = 1
        y, d_x, _ = run(MaxPool2D(size, strides=strides), x, np.full((1, 1, 1, 1), 7.0))
        assert y.item() == 1
        np.testing.assert_array_equal(d_x, 7 * x)


def test_a_row_above_comes_before_a_column_to_the_left() -> None:
    x = np.array([[0.0, 1], [1, 0]]).reshape(1, 2, 2, 1)
    _, d_x, _ = run(MaxPool2D(2), x, np.ones((1, 1, 1, 1)))
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[0, 1], [0, 0]])


def test_negative_zero_and_infinity() -> None:
    x = np.array([-0.0, 0.0, -np.inf, -np.inf]).reshape(1, 1, 4, 1)
    y, d_x, _ = run(MaxPool2D((1, 2)), x, np.ones((1, 1, 2, 1)))
    np.testing.assert_array_equal(y.ravel(), [0, -np.inf])
    np.testing.assert_array_equal(d_x.ravel(), [1, 0, 1, 0])


@pytest.mark.parametrize("value", [-np.inf, -3e38, -1.0])
def test_padding_wins_from_no_pixel(value: float) -> None:
    layer = MaxPool2D(3, strides=2, padding="same")
    x = np.full((1, 4, 5, 2), value)
    y, d_x, _ = run(layer, x, ones_like_output(layer, x.shape))
    assert (y == value).all()
    assert d_x.sum() == y.size


@pytest.mark.parametrize("strides", [2, 1])
def test_nan_stays_nan_and_spoils_no_other_window(strides: int) -> None:
    x = np.zeros((1, 4, 4, 1))
    x[0, 1, 1, 0] = np.nan
    layer = MaxPool2D(2, strides=strides)
    y, d_x, _ = run(layer, x, ones_like_output(layer, x.shape))
    assert np.isnan(y[0, 0, 0, 0])
    assert np.isfinite(y[0, -1, -1, 0])
    assert np.isfinite(d_x).all()


@POOLS
def test_gaps_and_remainders_have_no_gradient(pool: type[Pooling]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 8, 7, 1))
    layer = pool((2, 2), strides=(3, 3))
    assert layer.output_shape((8, 7, 1)) == (3, 2, 1)
    _, d_x, _ = run(layer, x, np.ones((2, 3, 2, 1)))
    assert not d_x[:, 2::3].any()
    assert not d_x[:, :, 2::3].any()
    assert not d_x[:, :, 5:].any()
    assert d_x.sum() == pytest.approx(2 * 3 * 2)


@pytest.mark.parametrize("layer", [MaxPool2D(2), AveragePool2D((3, 2), strides=1, padding="same")])
def test_float32_stays_float32_and_images_need_not_be_contiguous(layer: Layer) -> None:
    x = np.random.default_rng(8).normal(size=(2, 6, 5, 3))
    d_y = np.random.default_rng(9).normal(size=ones_like_output(layer, x.shape).shape)
    expected = run(layer, x, d_y)[:2]
    single = run(layer, x.astype("f4"), d_y.astype("f4"))[:2]
    scattered = run(layer, np.asfortranarray(x), np.asfortranarray(d_y))[:2]
    for wanted, received, other in zip(expected, single, scattered, strict=True):
        assert received.dtype == np.float32
        np.testing.assert_allclose(received, wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(other, wanted, rtol=1e-12, atol=1e-14)


@POOLS
def test_one_number_is_for_both_directions(pool: type[Pooling]) -> None:
    assert pool(3) == pool((3, 3)) == pool(3, strides=3) == pool((3, 3), strides=(3, 3))
    from_json = pool([3, 2], strides=[1, 2], padding=[1, 1])  # type: ignore[arg-type]
    assert from_json == pool((3, 2), strides=(1, 2), padding=1)
    assert hash(from_json) == hash(pool((3, 2), strides=(1, 2), padding=1))
    assert pool(3) != pool(3, strides=2)
    assert pool(3) != pool(3, padding=1)
    assert pool(2).parameters((4, 4, 3)) == {}
    assert pool(2).macs((4, 4, 3)) == 0


def test_reprs() -> None:
    assert repr(MaxPool2D(8)) == "MaxPool2D(pool_size=(8, 8), strides=(8, 8), padding='valid')"
    assert repr(AveragePool2D(2, strides=1, padding="same")) == (
        "AveragePool2D(pool_size=(2, 2), strides=(1, 1), padding='same', count_zeros=False)"
    )
    one: Layer = MaxPool2D(2)
    assert one != AveragePool2D(2)
    assert AveragePool2D(2) != AveragePool2D(2, count_zeros=True)


@POOLS
@pytest.mark.parametrize("shape", [(5,), (4, 4), (1, 2, 3, 4)])
def test_what_is_not_an_image(pool: type[Pooling], shape: BatchShape) -> None:
    with pytest.raises(ShapeError, match=r"expected an image \(height, width, channels\), got \("):
        pool(2).output_shape(shape)


@POOLS
def test_images_smaller_than_the_window(pool: type[Pooling]) -> None:
    with pytest.raises(ShapeError, match="expected at least 8 x 4 pixels, got 7 x 9"):
        pool((8, 4)).output_shape((7, 9, 1))
    with pytest.raises(ShapeError, match="expected at least 8 x 2 pixels, got 9 x 1"):
        pool((8, 4), padding=(0, 1)).output_shape((9, 1, 1))
    assert pool((8, 4), padding="same").output_shape((1, 1, 2)) == (1, 1, 2)


@POOLS
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pool_size": 0}, "pool_size must be at least 1, not 0"),
        ({"strides": 0}, "strides must be at least 1, not 0"),
        ({"pool_size": 2.5}, "pool_size must be one or two integers, not 2.5"),
        ({"strides": (1, 2, 3)}, r"strides must be one or two integers, not \(1, 2, 3\)"),
        ({"strides": 2, "padding": 2}, r"padding \(2, 2\) must be smaller than the window \(2, 2\)"),
    ],
)
def test_invalid_settings(pool: type[Pooling], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        pool(**{"pool_size": 2} | settings)


def test_both_do_the_same_in_training_and_in_prediction() -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 1))
    for layer in (MaxPool2D(2), AveragePool2D(2)):
        first, second = (layer.forward(x, {}, Context(training=t))[0] for t in (True, False))
        np.testing.assert_array_equal(first, second)
