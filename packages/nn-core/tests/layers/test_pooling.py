"""Pooling against its definition: ties, overlaps, remainders."""

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
from nn_core.layers import AveragePool2D, Context, GlobalAveragePool2D, Layer, MaxPool2D
from nn_core.layers import windows as windows_module

POOLS = pytest.mark.parametrize("pool", [MaxPool2D, AveragePool2D])
Pair = tuple[int, int]


def run(
    layer: Layer, x: Array, d_y: Array, context: Context | None = None
) -> tuple[Array, npt.NDArray[Any]]:
    """y and d_x, copied."""
    context = Context(x.dtype) if context is None else context
    y, cache = layer.forward(x, {}, context)
    y = y.copy()
    d_x = layer.backward(d_y, cache, {}, {}, context)
    assert d_x is not None
    return y, d_x.copy()


def assert_is_its_definition(layer: MaxPool2D | AveragePool2D, x: Array, seed: int = 1) -> None:
    rng = np.random.default_rng(seed)
    d_y = rng.normal(size=(len(x), *layer.output_shape(x.shape[1:])))
    oracle = oracles_2d.max_pool if isinstance(layer, MaxPool2D) else oracles_2d.average_pool
    window: Any = layer.window
    stride: Any = layer.stride
    expected, expected_x = oracle(x, window, stride, d_y)
    y, d_x = run(layer, x, d_y)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(d_x, expected_x, rtol=1e-10, atol=1e-13)


def memory(array: npt.NDArray[Any]) -> int:
    """Bytes of all that an array was cut from."""
    return array.nbytes if array.base is None else array.base.nbytes


@st.composite
def windows_and_maps(draw: st.DrawFn) -> tuple[Pair, Pair | None, Array]:
    window = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.one_of(st.none(), st.tuples(st.integers(1, 5), st.integers(1, 5))))
    shape = (
        draw(st.integers(1, 3)),
        draw(st.integers(window[0], window[0] + 6)),
        draw(st.integers(window[1], window[1] + 6)),
        draw(st.integers(1, 3)),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        return window, stride, rng.normal(size=shape)
    return window, stride, rng.integers(-1, 2, size=shape).astype(float)  # mostly ties


@POOLS
@settings(max_examples=80, deadline=None)
@given(drawn=windows_and_maps())
def test_pooling_is_its_definition(
    pool: type[MaxPool2D | AveragePool2D], drawn: tuple[Pair, Pair | None, Array]
) -> None:
    window, stride, x = drawn
    assert_is_its_definition(pool(window, stride), x)


@POOLS
@pytest.mark.parametrize(
    ("window", "stride", "shape"),
    [
        (2, None, (2, 4, 6, 3)),
        (2, None, (2, 5, 7, 1)),
        ((3, 2), None, (1, 7, 5, 2)),
        ((2, 3), (1, 1), (2, 4, 5, 2)),
        ((2, 2), (3, 4), (1, 8, 9, 1)),
        ((3, 1), (1, 2), (1, 4, 4, 2)),
        (1, 1, (2, 2, 2, 2)),
        (4, None, (3, 8, 8, 2)),
    ],
)
def test_every_gradient_by_finite_differences(
    pool: type[MaxPool2D | AveragePool2D], window: Any, stride: Any, shape: Shape
) -> None:
    rng = np.random.default_rng(4)
    layer = pool(window, stride)
    report = check_layer(layer, rng.normal(size=shape), rng=rng)
    assert report.error <= 1e-6
    assert not report.arrays[0].kinks


def test_the_mean_of_whole_maps() -> None:
    rng = np.random.default_rng(5)
    for shape in [(2, 3, 4, 5), (1, 1, 1, 1), (3, 7, 1, 2)]:
        x, d_y = rng.normal(size=shape), rng.normal(size=(shape[0], shape[3]))
        y, d_x = run(GlobalAveragePool2D(), x, d_y)
        expected, expected_x = oracles_2d.global_average_pool(x, d_y)
        np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(d_x, expected_x, rtol=1e-12)
        assert check_layer(GlobalAveragePool2D(), x, rng=rng).error <= 1e-6
    assert GlobalAveragePool2D().output_shape((3, 4, 5)) == (5,)


def test_both_by_hand() -> None:
    # Windows 2 x 2:  1 3 | 5 5    their largest 4, 5; their means 10/4, 14/4.
    #                 4 2 | 1 3
    x = np.array([[1.0, 3, 5, 5], [4, 2, 1, 3]]).reshape(1, 2, 4, 1)
    d_y = np.array([8.0, -4]).reshape(1, 1, 2, 1)
    y, d_x = run(MaxPool2D(2), x, d_y)
    np.testing.assert_array_equal(y.ravel(), [4, 5])
    # Of the two fives the left one, the first in reading order, takes it all.
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[0, 0, -4, 0], [8, 0, 0, 0]])
    y, d_x = run(AveragePool2D(2), x, d_y)
    np.testing.assert_array_equal(y.ravel(), [2.5, 3.5])
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[2, 2, -1, -1], [2, 2, -1, -1]])
    # Stride 1: windows 1 3 4 2, 3 5 2 1 and 5 5 1 3. The left five wins two windows.
    d_y = np.array([1.0, 10, 100]).reshape(1, 1, 3, 1)
    y, d_x = run(MaxPool2D(2, 1), x, d_y)
    np.testing.assert_array_equal(y.ravel(), [4, 5, 5])
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[0, 0, 110, 0], [1, 0, 0, 0]])
    y, d_x = run(AveragePool2D(2, 1), x, 4 * d_y)
    np.testing.assert_array_equal(y.ravel(), [2.5, 2.75, 3.5])
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[1, 11, 110, 100], [1, 11, 110, 100]])


@pytest.mark.parametrize("window", [2, 3, (1, 4), (4, 1), (16, 17)])
def test_of_equal_numbers_the_first_in_reading_order_wins(window: Any) -> None:
    layer = MaxPool2D(window)
    height, width = layer.window  # type: ignore[misc]
    x = np.zeros((2, 2 * height, 2 * width, 3))
    d_y = np.random.default_rng(0).normal(size=(2, 2, 2, 3))
    _, d_x = run(layer, x, d_y)
    np.testing.assert_array_equal(d_x[:, ::height, ::width], d_y)
    assert np.count_nonzero(d_x) == d_y.size


def test_every_place_of_a_window_can_win() -> None:
    for window, stride in [((3, 4), None), ((16, 17), None), ((3, 2), (1, 1))]:
        layer = MaxPool2D(window, stride)
        for u in range(window[0]):
            for v in range(window[1]):
                x = np.zeros((1, *window, 1))
                x[0, u, v, 0] = 1
                y, d_x = run(layer, x, np.full((1, 1, 1, 1), 7.0))
                assert y.item() == 1
                np.testing.assert_array_equal(d_x, 7 * x)


def test_a_row_above_beats_a_column_to_the_left() -> None:
    x = np.array([[0.0, 1], [1, 0]]).reshape(1, 2, 2, 1)
    _, d_x = run(MaxPool2D(2), x, np.ones((1, 1, 1, 1)))
    np.testing.assert_array_equal(d_x[0, :, :, 0], [[0, 1], [0, 0]])


def test_negative_zero_and_infinity() -> None:
    x = np.array([-0.0, 0.0, -np.inf, -np.inf]).reshape(1, 1, 4, 1)
    y, d_x = run(MaxPool2D((1, 2)), x, np.ones((1, 1, 2, 1)))
    np.testing.assert_array_equal(y.ravel(), [0, -np.inf])
    np.testing.assert_array_equal(d_x.ravel(), [1, 0, 1, 0])


@pytest.mark.parametrize("stride", [2, 1])
def test_what_is_not_a_number_stays_so_and_breaks_nothing(stride: int) -> None:
    x = np.zeros((1, 4, 4, 1))
    x[0, 1, 1, 0] = np.nan
    layer = MaxPool2D(2, stride)
    places = layer.output_shape((4, 4, 1))
    y, d_x = run(layer, x, np.ones((1, *places)))
    assert np.isnan(y[0, 0, 0, 0])
    assert np.isfinite(y[0, -1, -1, 0])
    assert np.isfinite(d_x).all()


@POOLS
def test_gaps_and_remainders_have_no_gradient(pool: type[MaxPool2D | AveragePool2D]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 8, 7, 1))
    layer = pool((2, 2), (3, 3))
    assert layer.output_shape((8, 7, 1)) == (3, 2, 1)
    _, d_x = run(layer, x, np.ones((2, 3, 2, 1)))
    assert not d_x[:, 2::3].any()
    assert not d_x[:, :, 2::3].any()
    assert not d_x[:, :, 5:].any()
    assert d_x.sum() == pytest.approx(2 * 3 * 2)


@POOLS
@pytest.mark.parametrize("budget", [1, 700, 1500])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [2, 1])
def test_slices_of_the_batch_make_no_difference(
    pool: type[MaxPool2D | AveragePool2D],
    budget: int,
    count: int,
    stride: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(6)
    layer = pool(2, stride)
    x = rng.integers(0, 3, size=(count, 5, 6, 2)).astype(float)
    d_y = rng.normal(size=(count, *layer.output_shape((5, 6, 2))))
    whole = run(layer, x, d_y)
    monkeypatch.setattr(windows_module, "SLICE_BYTES", budget)
    for received, expected in zip(run(layer, x, d_y), whole, strict=True):
        np.testing.assert_array_equal(received, expected)
    for n in range(count):
        y, d_x = run(layer, x[n : n + 1], d_y[n : n + 1])
        np.testing.assert_array_equal(y[0], whole[0][n])
        np.testing.assert_array_equal(d_x[0], whole[1][n])


@POOLS
def test_working_memory_does_not_grow_with_the_batch(
    pool: type[MaxPool2D | AveragePool2D],
) -> None:
    context, layer = Context(), pool(2)
    sizes = []
    for count in (32, 128):
        run(layer, np.ones((count, 32, 32, 16), "f4"), np.ones((count, 16, 16, 16), "f4"), context)
        buffers = context._buffers.items()
        sizes.append({name: memory(a) for name, a in buffers if name not in ("y", "d_x")})
    assert sizes[0] == sizes[1]


@POOLS
def test_a_smaller_batch_of_other_maps_sees_nothing_of_the_one_before(
    pool: type[MaxPool2D | AveragePool2D],
) -> None:
    rng = np.random.default_rng(7)
    context, layer = Context(np.float64), pool((2, 3))
    for shape in [(5, 6, 7, 2), (2, 6, 7, 2), (3, 3, 9, 1)]:
        x = rng.normal(size=shape)
        d_y = rng.normal(size=(shape[0], *layer.output_shape(shape[1:])))
        for received, expected in zip(run(layer, x, d_y, context), run(layer, x, d_y), strict=True):
            np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize("layer", [MaxPool2D(2), AveragePool2D((3, 2), 1), GlobalAveragePool2D()])
def test_float32_stays_float32_and_scattered_maps_do(layer: Layer) -> None:
    x = np.random.default_rng(8).normal(size=(2, 6, 5, 3))
    d_y = np.random.default_rng(9).normal(size=(2, *layer.output_shape((6, 5, 3))))
    expected = run(layer, x, d_y)
    single = run(layer, x.astype("f4"), d_y.astype("f4"))
    scattered = run(layer, np.asfortranarray(x), np.asfortranarray(d_y))
    for wanted, received, other in zip(expected, single, scattered, strict=True):
        assert received.dtype == np.float32
        np.testing.assert_allclose(received, wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(other, wanted, rtol=1e-12, atol=1e-14)


@POOLS
def test_a_pooling_layer_is_a_value(pool: type[MaxPool2D | AveragePool2D]) -> None:
    assert pool(3) == pool((3, 3)) == pool(3, 3) == pool((3, 3), (3, 3))
    from_json: Any = pool([3, 2], [1, 2])  # type: ignore[arg-type]
    assert from_json == pool((3, 2), (1, 2))
    assert hash(from_json) == hash(pool((3, 2), (1, 2)))
    assert pool(3) != pool(3, 2)
    assert repr(pool(8)) == f"{pool.__name__}(window=(8, 8), stride=(8, 8))"
    assert pool(2).parameters((4, 4, 3)) == {}
    assert pool(2).multiply_adds((4, 4, 3)) == 0


def test_the_largest_and_the_mean_are_different_layers() -> None:
    one: Layer = MaxPool2D(2)
    assert one != AveragePool2D(2)


@pytest.mark.parametrize("layer", [MaxPool2D(2), AveragePool2D(2), GlobalAveragePool2D()])
@pytest.mark.parametrize("shape", [(5,), (4, 4), (1, 2, 3, 4)])
def test_only_maps_are_taken(layer: Layer, shape: Shape) -> None:
    with pytest.raises(ShapeError, match=r"expected maps \(height, width, channels\), got \("):
        layer.output_shape(shape)


@POOLS
def test_maps_smaller_than_the_window(pool: type[MaxPool2D | AveragePool2D]) -> None:
    with pytest.raises(ShapeError, match="expected at least 8 x 4 pixels, got 7 x 9"):
        pool((8, 4)).output_shape((7, 9, 1))
    with pytest.raises(ShapeError, match="expected at least 8 x 4 pixels, got 9 x 3"):
        pool((8, 4)).output_shape((9, 3, 1))


@POOLS
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0,), "a window is at least 1, not 0"),
        ((2, 0), "a stride is at least 1, not 0"),
        ((2.5,), "a window is one whole number or two, not 2.5"),
        ((2, (1, 2, 3)), r"a stride is one whole number or two, not \(1, 2, 3\)"),
    ],
)
def test_settings_that_make_no_sense(
    pool: type[MaxPool2D | AveragePool2D], settings: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        pool(*settings)
