"""Convolution against its definition, over odd shapes, strides and paddings."""

from typing import Any

import numpy as np
import numpy.typing as npt
import oracles_2d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn_core.arrays import Array, Shape
from nn_core.errors import SettingError, ShapeError
from nn_core.gradient_check import check_layer
from nn_core.layers import Context, Conv2D
from nn_core.layers import columns as columns_module
from nn_core.layers import windows as windows_module


def run(
    layer: Conv2D, x: Array, W: Array, b: Array, d_y: Array | None, context: Context | None = None
) -> tuple[Array, Any, dict[str, Array]]:
    """y, d_x and the gradients, none of them shared with a later call."""
    params = {"W": W, "b": b}
    grads = {name: np.full_like(values, np.nan) for name, values in params.items()}
    context = Context(x.dtype) if context is None else context
    y, cache = layer.forward(x, params, context)
    y = y.copy()
    d_x = layer.backward(np.ones_like(y) if d_y is None else d_y, cache, params, grads, context)
    return y, None if d_x is None else d_x.copy(), grads


def memory(array: npt.NDArray[Any]) -> int:
    """Bytes of all that an array was cut from."""
    return array.nbytes if array.base is None else array.base.nbytes


def drawn(layer: Conv2D, shape: Shape, seed: int = 0, dtype: npt.DTypeLike = np.float64) -> Any:
    """x, W, b and d_y for a batch of this shape."""
    rng = np.random.default_rng(seed)
    W_shape = layer.parameters(shape[1:])["W"].shape
    y_shape = (shape[0], *layer.output_shape(shape[1:]))
    shapes = shape, W_shape, (layer.filters,), y_shape
    return [rng.normal(size=size).astype(dtype) for size in shapes]


def assert_is_its_definition(layer: Conv2D, shape: Shape, seed: int = 0) -> None:
    x, W, b, d_y = drawn(layer, shape, seed)
    y, d_x, grads = run(layer, x, W, b, d_y)
    stride: Any = layer.stride
    expected = oracles_2d.conv2d_forward(x, W, b, stride, layer.padding)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)
    expected_x, expected_W, expected_b = oracles_2d.conv2d_backward(
        x, W, d_y, stride, layer.padding
    )
    np.testing.assert_allclose(d_x, expected_x, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(grads["W"], expected_W, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(grads["b"], expected_b, rtol=1e-10, atol=1e-12)


@st.composite
def layers_and_shapes(draw: st.DrawFn) -> tuple[Conv2D, Shape]:
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding: Any = draw(
        st.one_of(
            st.sampled_from(["valid", "same"]),
            st.tuples(st.integers(0, kernel[0] - 1), st.integers(0, kernel[1] - 1)),
        )
    )
    least = kernel if padding == "valid" else (1, 1)
    if isinstance(padding, tuple):
        least = tuple(max(1, k - 2 * p) for k, p in zip(kernel, padding, strict=True))
    elif padding == "same":
        # "same" looks at ceil(size / stride) places and always fits.
        least = (1, 1)
    height = draw(st.integers(least[0], least[0] + 6))
    width = draw(st.integers(least[1], least[1] + 6))
    layer = Conv2D(draw(st.integers(1, 3)), kernel, stride, padding)
    return layer, (draw(st.integers(1, 3)), height, width, draw(st.integers(1, 3)))


@settings(max_examples=80, deadline=None)
@given(drawn_layer=layers_and_shapes(), seed=st.integers(0, 2**32 - 1))
def test_convolution_is_its_definition(drawn_layer: tuple[Conv2D, Shape], seed: int) -> None:
    assert_is_its_definition(*drawn_layer, seed)


# Widths that are multiples of one, two, three, ... places that share a run of memory.
@pytest.mark.parametrize("width", range(4, 13))
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [(1, 1), (1, 2), (2, 3)])
def test_runs_of_any_number_of_places(width: int, padding: str, stride: tuple[int, int]) -> None:
    assert_is_its_definition(Conv2D(1, (2, 3), stride, padding), (2, 4, width, 2))


def test_several_places_do_share_a_run() -> None:
    tiles = set()
    for filters, across in [(1, 12), (8, 64), (16, 6), (32, 64), (40, 64), (8, 7), (8, 3)]:
        columns = columns_module.Columns(
            "x",
            canvas=(1, across, 1),
            inside=(slice(None), slice(None)),
            kernel=(1, 1),
            stride=(1, 1),
            filters=filters,
        )
        assert across % columns.tile == 0
        assert columns.tile == 1 or columns.tile * filters <= columns_module.PRODUCT_WIDTH
        tiles.add((filters, across, columns.tile))
    assert tiles == {
        (1, 12, 12),
        (8, 64, 4),
        (16, 6, 2),
        (32, 64, 1),
        (40, 64, 1),
        (8, 7, 1),
        (8, 3, 3),
    }


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv2D(2, 3, padding="same"), (2, 5, 4, 2)),
        (Conv2D(3, (2, 4)), (1, 3, 6, 1)),
        (Conv2D(2, 3, stride=2, padding="same"), (2, 5, 6, 2)),
        (Conv2D(1, (3, 2), stride=(2, 3), padding=(2, 1)), (2, 4, 7, 2)),
        (Conv2D(2, 1, stride=2), (2, 4, 5, 3)),
        (Conv2D(2, 2, stride=3), (2, 7, 6, 1)),
        (Conv2D(1, 1), (1, 1, 1, 1)),
        (Conv2D(6, 5, padding="same"), (3, 8, 8, 3)),
    ],
    ids=str,
)
def test_every_gradient_by_finite_differences(layer: Conv2D, shape: Shape) -> None:
    rng = np.random.default_rng(3)
    report = check_layer(layer, rng.normal(size=shape), rng=rng)
    assert report.error <= 1e-6
    assert len(report.arrays) == 3


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
    # d_x: each d_y times the kernel, laid where its window was.
    #   1 0 .   . 2  0   . . .   . . .   1  2  0
    #   2 -1 . + . 4 -2 + . . . + . 3 0 = 2  6 -2
    #   . . .   . .  .   . . .   . 6 -3  0  6 -3
    d_y = np.array([[1.0, 2], [0, 3]]).reshape(1, 2, 2, 1)
    y, d_x, grads = run(Conv2D(1, 2), x, W, np.array([10.0]), d_y)
    np.testing.assert_array_equal(y[0, :, :, 0], [[14, 16], [20, 22]])
    np.testing.assert_array_equal(grads["W"][:, :, 0, 0], [[20, 26], [38, 44]])
    np.testing.assert_array_equal(grads["b"], [6])
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[1, 2, 0], [2, 6, -2], [0, 6, -3]])


def test_the_odd_zero_of_same_stands_at_the_bottom_and_at_the_right() -> None:
    # A 2 x 2 kernel of ones adds up each pixel and those to its right and below:
    # 1 2   1+2+3+4  2+4
    # 3 4   3+4      4
    x = np.array([[1.0, 2], [3, 4]]).reshape(1, 2, 2, 1)
    y, _, _ = run(Conv2D(1, 2, padding="same"), x, np.ones((2, 2, 1, 1)), np.zeros(1), None)
    np.testing.assert_array_equal(y[0, :, :, 0], [[10, 6], [7, 4]])


# Stride 2, kernel 3: five pixels need one zero on either side, six need one at the end.
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "places", "first"),
    [(5, 3, 2, 3, -1), (6, 3, 2, 3, 0), (6, 5, 1, 6, -2), (6, 4, 1, 6, -1), (5, 1, 3, 2, 0)],
)
def test_same_is_the_size_over_the_stride_rounded_up(
    size: int, kernel: int, stride: int, places: int, first: int
) -> None:
    layer = Conv2D(1, (kernel, 1), (stride, 1), "same")
    assert layer.output_shape((size, 4, 1)) == (places, 4, 1)
    # The kernel picks its first row, so y is the pixel at which each window begins.
    x = np.arange(1.0, size + 1).reshape(1, size, 1, 1)
    W = np.zeros((kernel, 1, 1, 1))
    W[0] = 1
    y, _, _ = run(layer, x, W, np.zeros(1), None)
    begins = [first + stride * i for i in range(places)]
    assert y[0, :, 0, 0].tolist() == [b + 1 if 0 <= b < size else 0 for b in begins]


@pytest.mark.parametrize("budget", [1, 2000, 5000])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_slices_of_the_batch_make_no_difference(
    monkeypatch: pytest.MonkeyPatch, budget: int, count: int
) -> None:
    layer = Conv2D(2, (3, 2), stride=(1, 2), padding="same")
    x, W, b, d_y = drawn(layer, (count, 4, 6, 3))
    whole = run(layer, x, W, b, d_y)
    monkeypatch.setattr(windows_module, "SLICE_BYTES", budget)
    y, d_x, grads = run(layer, x, W, b, d_y)
    np.testing.assert_allclose(y, whole[0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(d_x, whole[1], rtol=1e-12, atol=1e-13)
    for name, values in grads.items():
        np.testing.assert_allclose(values, whole[2][name], rtol=1e-12, atol=1e-13)
    for n in range(count):
        alone = run(layer, x[n : n + 1], W, b, d_y[n : n + 1])
        np.testing.assert_allclose(alone[0][0], y[n], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(alone[1][0], d_x[n], rtol=1e-12, atol=1e-13)


def test_working_memory_does_not_grow_with_the_batch() -> None:
    layer, context = Conv2D(8, 5, padding="same"), Context()
    sizes = []
    for count in (32, 64):
        x, W, b, d_y = drawn(layer, (count, 32, 32, 3), dtype=np.float32)
        run(layer, x, W, b, d_y, context)
        kept = {"y", "d_x"}
        buffers = context._buffers.items()
        sizes.append({name: memory(array) for name, array in buffers if name not in kept})
    assert sizes[0] == sizes[1]
    assert max(sizes[0].values()) <= windows_module.SLICE_BYTES


def test_one_photo_takes_the_working_memory_of_one() -> None:
    layer, context = Conv2D(8, 5, padding="same"), Context()
    x, W, b, _ = drawn(layer, (1, 16, 16, 3), dtype=np.float32)
    layer.forward(x, {"W": W, "b": b}, context)
    # At each of 16 x 4 groups of four places: five runs of (4 + 5 - 1) * 3 numbers.
    assert memory(context._buffers["columns"]) == 16 * 4 * 5 * 24 * 4
    assert memory(context._buffers["x canvas"]) == 20 * 20 * 3 * 4


def test_a_smaller_batch_after_a_larger_one_sees_nothing_of_it() -> None:
    layer, context = Conv2D(2, 3, stride=2, padding="same"), Context(np.float64)
    large, small = drawn(layer, (5, 6, 5, 2), seed=1), drawn(layer, (2, 6, 5, 2), seed=2)
    run(layer, *[*large, context])
    y, d_x, grads = run(layer, *[*small, context])
    fresh = run(layer, *small)
    np.testing.assert_array_equal(y, fresh[0])
    np.testing.assert_array_equal(d_x, fresh[1])
    np.testing.assert_array_equal(grads["W"], fresh[2]["W"])


def test_two_sizes_of_maps_may_share_a_context() -> None:
    layer, context = Conv2D(2, 3, padding="same"), Context(np.float64)
    _, W, b, _ = drawn(layer, (1, 4, 4, 1))
    for shape in [(1, 4, 4, 1), (2, 6, 3, 1), (1, 4, 4, 1)]:
        x, _, _, d_y = drawn(layer, shape)
        y, d_x, _ = run(layer, x, W, b, d_y, context)
        expected = oracles_2d.conv2d_forward(x, W, b, (1, 1), "same")
        np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)
        expected_x, _, _ = oracles_2d.conv2d_backward(x, W, d_y, (1, 1), "same")
        np.testing.assert_allclose(d_x, expected_x, rtol=1e-10, atol=1e-12)


def test_maps_that_do_not_lie_in_one_piece() -> None:
    layer = Conv2D(2, 3, padding=1)
    x, W, b, d_y = drawn(layer, (2, 5, 4, 3))
    scattered = np.asfortranarray(x), W, b, np.asfortranarray(d_y)
    for received, expected in zip(
        run(layer, *scattered)[:2], run(layer, x, W, b, d_y)[:2], strict=True
    ):
        np.testing.assert_array_equal(received, expected)


def test_the_first_layer_saves_d_x() -> None:
    layer, context = Conv2D(2, 3), Context(np.float64, needs_d_x=False)
    x, W, b, d_y = drawn(layer, (2, 5, 4, 3))
    _, d_x, grads = run(layer, x, W, b, d_y, context)
    assert d_x is None
    _, expected_W, expected_b = oracles_2d.conv2d_backward(x, W, d_y, (1, 1), "valid")
    np.testing.assert_allclose(grads["W"], expected_W, rtol=1e-10)
    np.testing.assert_allclose(grads["b"], expected_b, rtol=1e-10)


def test_float32_stays_float32() -> None:
    layer = Conv2D(3, 3, padding="same")
    double = drawn(layer, (2, 6, 6, 2))
    single = [values.astype(np.float32) for values in double]
    for received, expected in zip(run(layer, *single)[:2], run(layer, *double)[:2], strict=True):
        assert received.dtype == np.float32
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4)


def test_what_it_declares() -> None:
    layer = Conv2D(8, (5, 3), stride=2, padding="same", initializer="lecun")
    declared = layer.parameters((64, 32, 3))
    assert list(declared) == ["W", "b"]
    assert (declared["W"].shape, declared["W"].initializer) == ((5, 3, 3, 8), "lecun")
    assert (declared["W"].decays, declared["W"].trained) == (True, True)
    assert (declared["b"].shape, declared["b"].initializer) == ((8,), "zeros")
    assert (declared["b"].decays, declared["b"].trained) == (False, True)
    assert layer.output_shape((64, 32, 3)) == (32, 16, 8)
    assert layer.multiply_adds((64, 32, 3)) == 32 * 16 * 8 * 5 * 3 * 3


def test_one_number_stands_for_both_directions() -> None:
    assert Conv2D(4, 3, 2, 1) == Conv2D(4, (3, 3), (2, 2), (1, 1))
    from_json: Any = Conv2D(4, [3, 3], [2, 2], [1, 1])  # type: ignore[arg-type]
    assert from_json == Conv2D(4, 3, 2, 1)
    assert hash(from_json) == hash(Conv2D(4, 3, 2, 1))
    assert repr(Conv2D(4, 3)) == (
        "Conv2D(filters=4, kernel=(3, 3), stride=(1, 1), padding='valid', initializer='he')"
    )
    assert Conv2D(4, (3, 2)) != Conv2D(4, (2, 3))


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Conv2D(1, 3), (5,), r"expected maps \(height, width, channels\), got \(5,\)"),
        (Conv2D(1, 3), (5, 5), r"expected maps \(height, width, channels\), got \(5, 5\)"),
        (Conv2D(1, (3, 2)), (2, 5, 1), r"expected at least 3 x 2 pixels, got 2 x 5"),
        (Conv2D(1, (3, 4)), (5, 3, 1), r"expected at least 3 x 4 pixels, got 5 x 3"),
        (Conv2D(1, 5, padding=1), (2, 9, 1), r"expected at least 3 x 3 pixels, got 2 x 9"),
    ],
)
def test_maps_that_do_not_fit(layer: Conv2D, shape: Shape, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        layer.output_shape(shape)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 3), "at least one filter, not 0"),
        ((1, 0), "a kernel is at least 1, not 0"),
        ((1, (3, 0)), r"a kernel is at least 1, not \(3, 0\)"),
        ((1, 2.5), "a kernel is one whole number or two, not 2.5"),
        ((1, (1, 2, 3)), r"a kernel is one whole number or two, not \(1, 2, 3\)"),
        ((1, "3"), "a kernel is one whole number or two, not '3'"),
        ((1, 3, 0), "a stride is at least 1, not 0"),
        ((1, 3, 1, -1), "padding is at least 0, not -1"),
        ((1, 3, 1, "full"), "padding is 'valid', 'same' or a number of pixels, not 'full'"),
        ((1, 3, 1, 3), r"padding \(3, 3\) is not smaller than the kernel \(3, 3\)"),
        ((1, (5, 2), 1, (0, 2)), r"padding \(0, 2\) is not smaller than the kernel \(5, 2\)"),
        ((1, (2, 5), 1, (2, 0)), r"padding \(2, 0\) is not smaller than the kernel \(2, 5\)"),
        ((1, 3, 1, "same", "unheard-of"), "unknown initializer"),
    ],
)
def test_settings_that_make_no_sense(settings: tuple[Any, ...], message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        Conv2D(*settings)
    assert "\n" not in str(caught.value)
