"""Convolution against its definition, over odd shapes, strides, paddings, dilations and groups."""

from typing import Any

import numpy as np
import numpy.typing as npt
import oracles_2d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_call import LayerCall, run

from nn_core.errors import SettingError, ShapeError
from nn_core.gradient_check import check_layer
from nn_core.layers import Context, Conv2D

BatchShape = tuple[int, ...]


def assert_is_its_definition(layer: Conv2D, shape: BatchShape, seed: int = 0) -> None:
    call = LayerCall(layer, shape, seed=seed)
    y, d_x = call.run()
    W, window = call.params["W"], layer.window
    how = window.strides, window.padding, window.dilation, layer.groups
    expected = oracles_2d.conv2d_forward(call.x, W, call.params["b"], *how)
    assert y.shape == expected.shape == (shape[0], *layer.output_shape(shape[1:]))
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)
    expected_x, expected_W, expected_b = oracles_2d.conv2d_backward(call.x, W, call.d_y, *how)
    np.testing.assert_allclose(d_x, expected_x, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(call.grads["W"], expected_W, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(call.grads["b"], expected_b, rtol=1e-10, atol=1e-12)


@st.composite
def layers_and_shapes(draw: st.DrawFn) -> tuple[Conv2D, BatchShape]:
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 3)))
    groups = draw(st.integers(1, 3))
    h, w = ((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    padding: Any = draw(
        st.one_of(st.sampled_from(["valid", "same"]), st.tuples(st.integers(0, h - 1), st.integers(0, w - 1)))
    )
    down, across = padding if isinstance(padding, tuple) else (0, 0)
    least = (1, 1) if padding == "same" else (max(1, h - 2 * down), max(1, w - 2 * across))
    height = draw(st.integers(least[0], least[0] + 5))
    width = draw(st.integers(least[1], least[1] + 5))
    channels, filters = (groups * draw(st.integers(1, 2)) for _ in range(2))
    layer = Conv2D(filters, kernel, strides=strides, padding=padding, dilation=dilation, groups=groups)
    return layer, (draw(st.integers(1, 2)), height, width, channels)


@settings(max_examples=80, deadline=None)
@given(drawn=layers_and_shapes(), seed=st.integers(0, 2**32 - 1))
def test_convolution_is_its_definition(drawn: tuple[Conv2D, BatchShape], seed: int) -> None:
    assert_is_its_definition(*drawn, seed)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv2D(2, 3, padding="same"), (2, 5, 4, 2)),
        (Conv2D(3, (2, 4)), (1, 3, 6, 1)),
        (Conv2D(2, 3, strides=2, padding="same"), (2, 5, 6, 2)),
        (Conv2D(1, (3, 2), strides=(2, 3), padding=(2, 1)), (2, 4, 7, 2)),
        (Conv2D(2, 1, strides=2), (2, 4, 5, 3)),
        (Conv2D(2, 2, strides=3), (2, 7, 6, 1)),
        (Conv2D(1, 1), (1, 1, 1, 1)),
        (Conv2D(6, 5, padding="same"), (3, 8, 8, 3)),
        (Conv2D(2, 3, dilation=2, padding="same"), (2, 6, 5, 2)),
        (Conv2D(4, (2, 3), strides=(2, 1), groups=2), (2, 5, 4, 4)),
        (Conv2D(6, 3, padding=2, dilation=(1, 2), groups=3), (1, 4, 5, 3)),
    ],
    ids=str,
)
def test_every_gradient_by_finite_differences(layer: Conv2D, shape: BatchShape) -> None:
    rng = np.random.default_rng(3)
    report = check_layer(layer, rng.normal(size=shape), rng=rng)
    assert report.error <= 1e-6
    assert len(report.arrays) == 3
    assert_is_its_definition(layer, shape)


def test_a_2_by_2_kernel_on_3_by_3_pixels_by_hand() -> None:
    # x = 1 2 3   W = 1  0   b = 10
    #     4 5 6       2 -1
    #     7 8 9
    # y[0, 0] = 1*1 + 2*0 + 4*2 - 5*1 + 10 = 14, y[0, 1] = 2 + 5*2 - 6 + 10 = 16,
    # y[1, 0] = 4 + 7*2 - 8 + 10 = 20,           y[1, 1] = 5 + 8*2 - 9 + 10 = 22.
    x = np.arange(1.0, 10).reshape(1, 3, 3, 1)
    W = np.array([[1.0, 0], [2, -1]]).reshape(2, 2, 1, 1)
    # d_y = 1 2   d_W[u, v] = sum of d_y[i, j] x[i + u, j + v]:
    #       0 3     1*1 + 2*2 + 3*5 = 20   1*2 + 2*3 + 3*6 = 26
    #               1*4 + 2*5 + 3*8 = 38   1*5 + 2*6 + 3*9 = 44
    # d_b = 1 + 2 + 0 + 3 = 6.
    # d_x: each d_y times the kernel, where its window was.
    #   1 0 .   . 2  0   . . .   . . .   1  2  0
    #   2 -1 . + . 4 -2 + . . . + . 3 0 = 2  6 -2
    #   . . .   . .  .   . . .   . 6 -3  0  6 -3
    d_y = np.array([[1.0, 2], [0, 3]]).reshape(1, 2, 2, 1)
    y, d_x, grads = run(Conv2D(1, 2), x, d_y, {"W": W, "b": [10.0]})
    np.testing.assert_array_equal(y[0, :, :, 0], [[14, 16], [20, 22]])
    np.testing.assert_array_equal(grads["W"][:, :, 0, 0], [[20, 26], [38, 44]])
    np.testing.assert_array_equal(grads["b"], [6])
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[1, 2, 0], [2, 6, -2], [0, 6, -3]])


def test_the_odd_zero_of_same_is_at_the_bottom_and_at_the_right() -> None:
    # A 2 x 2 kernel of ones adds up each pixel and those to its right and below:
    # 1 2   1+2+3+4  2+4
    # 3 4   3+4      4
    x = np.array([[1.0, 2], [3, 4]]).reshape(1, 2, 2, 1)
    layer = Conv2D(1, 2, padding="same")
    y, _ = layer.forward(x, {"W": np.ones((2, 2, 1, 1)), "b": np.zeros(1)}, Context())
    np.testing.assert_array_equal(y[0, :, :, 0], [[10, 6], [7, 4]])


def test_dilation_by_hand() -> None:
    # 1 2 4 8 16 with the kernel (1, 10) on pixels two apart: 1 + 40, 2 + 80, 4 + 160.
    x = np.array([1.0, 2, 4, 8, 16]).reshape(1, 1, 5, 1)
    layer, W = Conv2D(1, (1, 2), dilation=(1, 2)), np.array([1.0, 10]).reshape(1, 2, 1, 1)
    y, d_x, grads = run(layer, x, np.ones((1, 1, 3, 1)), {"W": W, "b": [0.0]})
    np.testing.assert_array_equal(y.ravel(), [41, 82, 164])
    np.testing.assert_array_equal(d_x.ravel(), [1, 1, 11, 10, 10])
    np.testing.assert_array_equal(grads["W"].ravel(), [1 + 2 + 4, 4 + 8 + 16])


def test_depthwise_by_hand() -> None:
    # One filter for each channel, which sees it alone: 1 * 5 and 2 * 7.
    W = np.array([5.0, 7]).reshape(1, 1, 1, 2)
    x = np.array([1.0, 2]).reshape(1, 1, 1, 2)
    y, d_x, grads = run(Conv2D(2, 1, groups=2), x, [[[[1.0, 10.0]]]], {"W": W, "b": [0.0, 0.0]})
    np.testing.assert_array_equal(y.ravel(), [5, 14])
    np.testing.assert_array_equal(d_x.ravel(), [5, 70])
    np.testing.assert_array_equal(grads["W"].ravel(), [1, 20])


def test_groups_are_as_many_convolutions_side_by_side() -> None:
    layer = Conv2D(4, 3, padding="same", groups=2)
    call = LayerCall(layer, (2, 5, 4, 6))
    y, _ = call.forward()
    for group in range(2):
        channels, filters = slice(3 * group, 3 * group + 3), slice(2 * group, 2 * group + 2)
        params = {"W": call.params["W"][..., filters], "b": call.params["b"][filters]}
        alone, _ = Conv2D(2, 3, padding="same").forward(call.x[..., channels], params, Context())
        np.testing.assert_allclose(y[..., filters], alone, rtol=1e-12)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(
    "layer", [Conv2D(3, 3, padding="same"), Conv2D(4, (2, 3), strides=(2, 1), dilation=2, groups=2)], ids=str
)
def test_one_pixel_that_is_not_finite_spoils_no_output_that_does_not_see_it(layer: Conv2D, value: float) -> None:
    clean, call = (LayerCall(layer, (3, 9, 10, 2), dtype=np.float32) for _ in range(2))
    call.x[1, 4, 5, 0] = value
    marked = np.zeros_like(call.x)
    marked[1, 4, 5, 0] = 1
    W = np.ones_like(call.params["W"])
    sees = layer.forward(marked, {"W": W, "b": np.zeros_like(call.params["b"])}, Context())[0] > 0
    with np.errstate(invalid="ignore"):
        y, expected = call.forward()[0], clean.forward()[0]
    assert sees.any()
    assert not np.isfinite(y[sees]).any()
    np.testing.assert_array_equal(y[~sees], expected[~sees])


def test_images_that_are_not_contiguous() -> None:
    layer = Conv2D(2, 3, padding=1)
    call, scattered = LayerCall(layer, (2, 5, 4, 3)), LayerCall(layer, (2, 5, 4, 3))
    scattered.x, scattered.d_y = np.asfortranarray(call.x), np.asfortranarray(call.d_y)
    for received, expected in zip(scattered.run(), call.run(), strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-12)


def test_the_first_layer_computes_no_d_x() -> None:
    call = LayerCall(Conv2D(2, 3), (2, 5, 4, 3), needs_d_x=False)
    assert call.backward(call.forward()[1]) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float32_is_float64_rounded(dtype: npt.DTypeLike) -> None:
    layer = Conv2D(4, 3, padding="same", groups=2)
    call, double = LayerCall(layer, (2, 6, 6, 2), dtype=dtype), LayerCall(layer, (2, 6, 6, 2))
    for received, expected in zip(call.run(), double.run(), strict=True):
        assert received.dtype == dtype
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4)


def test_what_it_declares() -> None:
    layer = Conv2D(8, (5, 3), strides=2, padding="same", initializer="lecun")
    W, b = layer.parameters((64, 32, 3)).values()
    assert (W.shape, W.initializer, W.weight_decay) == ((5, 3, 3, 8), "lecun", True)
    assert (b.shape, b.initializer, b.weight_decay) == ((8,), "zeros", False)
    assert layer.output_shape((64, 32, 3)) == (32, 16, 8)
    assert layer.macs((64, 32, 3)) == 32 * 16 * 8 * 5 * 3 * 3
    depthwise = Conv2D(6, 3, groups=3)
    assert depthwise.parameters((5, 5, 3))["W"].shape == (3, 3, 1, 6)
    assert depthwise.macs((5, 5, 3)) == 3 * 3 * 6 * 3 * 3 * 1


def test_one_number_is_for_both_directions() -> None:
    assert Conv2D(4, 3, strides=2, padding=1, dilation=1) == Conv2D(
        4, (3, 3), strides=(2, 2), padding=(1, 1), dilation=(1, 1)
    )
    from_json = Conv2D(4, [3, 3], strides=[2, 2], padding=[1, 1])  # type: ignore[arg-type]
    assert from_json == Conv2D(4, 3, strides=2, padding=1)
    assert hash(from_json) == hash(Conv2D(4, 3, strides=2, padding=1))
    assert repr(Conv2D(4, 3)) == (
        "Conv2D(filters=4, kernel_size=(3, 3), strides=(1, 1), padding='valid', "
        "dilation=(1, 1), groups=1, initializer='he')"
    )
    assert Conv2D(4, (3, 2)) != Conv2D(4, (2, 3))


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Conv2D(1, 3), (5,), r"expected an image \(height, width, channels\), got \(5,\)"),
        (Conv2D(1, 3), (5, 5), r"expected an image \(height, width, channels\), got \(5, 5\)"),
        (Conv2D(1, (3, 2)), (2, 5, 1), r"expected at least 3 x 2 pixels, got 2 x 5"),
        (Conv2D(1, (3, 4)), (5, 3, 1), r"expected at least 3 x 4 pixels, got 5 x 3"),
        (Conv2D(1, 5, padding=1), (2, 9, 1), r"expected at least 3 x 3 pixels, got 2 x 9"),
        (Conv2D(1, 3, dilation=2), (4, 9, 1), r"expected at least 5 x 5 pixels, got 4 x 9"),
        (Conv2D(2, 3, groups=2), (5, 5, 3), r"expected channels divisible by 2 groups, got 3"),
    ],
)
def test_images_that_do_not_fit(layer: Conv2D, shape: BatchShape, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        layer.output_shape(shape)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"filters": 0}, "at least one filter, not 0"),
        ({"kernel_size": 0}, "kernel_size must be at least 1, not 0"),
        ({"kernel_size": (3, 0)}, r"kernel_size must be at least 1, not \(3, 0\)"),
        ({"kernel_size": 2.5}, "kernel_size must be one or two integers, not 2.5"),
        ({"kernel_size": "3"}, "kernel_size must be one or two integers, not '3'"),
        ({"strides": 0}, "strides must be at least 1, not 0"),
        ({"padding": -1}, "padding must be at least 0, not -1"),
        ({"padding": "full"}, "padding must be 'valid', 'same' or a number of pixels, not 'full'"),
        ({"padding": 3}, r"padding \(3, 3\) must be smaller than the window \(3, 3\)"),
        ({"padding": (0, 3)}, r"padding \(0, 3\) must be smaller than the window \(3, 3\)"),
        ({"dilation": 0}, "dilation must be at least 1, not 0"),
        ({"groups": 0}, "groups must divide the 4 filters, not 0"),
        ({"groups": 3}, "groups must divide the 4 filters, not 3"),
        ({"initializer": "unheard-of"}, "unknown initializer"),
    ],
)
def test_invalid_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        Conv2D(**{"filters": 4, "kernel_size": 3} | settings)
    assert "\n" not in str(caught.value)
