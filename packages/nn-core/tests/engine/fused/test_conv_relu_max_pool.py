"""Fused layers with a pool: ties, winners, and where they are taken."""

from typing import Any

import numpy as np
import pytest
from fused_cases import Outcome, parameters, run
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nn_core.arrays import Array
from nn_core.engine.engine import Engine
from nn_core.engine.fused import slices, try_fuse
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.batch_norm_relu_max_pool import BatchNormReLUMaxPool
from nn_core.engine.fused.conv_relu_max_pool import ConvReLUMaxPool
from nn_core.engine.fused.max_pool import BlockedMaxPool2D
from nn_core.engine.fused.pooled_im2col import PooledIm2Col
from nn_core.engine.workspace import Workspace
from nn_core.errors import ShapeError
from nn_core.layers import BatchNorm, Context, Conv2D, Flatten, Layer, MaxPool2D, ReLU, Tanh
from nn_core.layers.chain import Chain
from nn_core.network import Network

Layers = tuple[Layer, ...]


def whole_gradient(y: Array) -> Array:
    return np.random.default_rng(4).integers(-3, 4, y.shape).astype(y.dtype)


def both(
    fused: Fused, x: Array, *, training: bool = True, needs_d_x: bool = True, slice_bytes: int = 1
) -> tuple[Outcome, Outcome]:
    """Layer by layer and fused, with parameters of -1, 0 and 1."""
    params = parameters(fused.layers, x.shape[1:], x.dtype)
    rng = np.random.default_rng(1)
    for name, array in params.items():
        array[...] = rng.integers(-1, 2, array.shape)
        if name.endswith("running_variance"):
            np.abs(array, out=array)
    options: dict[str, Any] = {"training": training, "needs_d_x": needs_d_x, "gradient": whole_gradient}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "SLICE_BYTES", slice_bytes)
        expected = run(Chain(fused.layers), x, params, **options)
        workspace = Workspace()
        for _ in range(2):  # the second time in used memory
            found = run(fused, x, params, workspace=workspace, **options)
    return expected, found


def assert_bits(found: Outcome, expected: Outcome, tolerance: float = 0.0) -> None:
    np.testing.assert_array_equal(found.y, expected.y)
    for name, array in expected.grads.items():
        np.testing.assert_allclose(found.grads[name], array, rtol=tolerance, atol=1e3 * tolerance)
    if expected.d_x is not None:
        assert found.d_x is not None
        np.testing.assert_allclose(found.d_x, expected.d_x, rtol=tolerance, atol=1e3 * tolerance)


@st.composite
def convolutions_and_images(draw: st.DrawFn) -> tuple[Layers, Array]:
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    window = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    zeros = st.tuples(st.integers(0, kernel[0] - 1), st.integers(0, kernel[1] - 1))
    padding = draw(st.one_of(st.sampled_from(["same", "valid"]), zeros))
    conv = Conv2D(draw(st.integers(1, 9)), kernel, strides=strides, padding=padding)
    pool = MaxPool2D(window)
    sizes = [st.integers(1, 3), st.integers(1, 26), st.integers(1, 26), st.integers(1, 3)]
    shape = draw(st.tuples(*sizes))
    assume(window != (1, 1))
    try:
        pool.output_shape(conv.output_shape(shape[1:]))
    except ShapeError:
        assume(False)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return (conv, ReLU(), pool), rng.integers(-1, 2, shape).astype(float)


@settings(max_examples=100, deadline=None)
@given(
    drawn=convolutions_and_images(),
    training=st.booleans(),
    needs_d_x=st.booleans(),
    slice_bytes=st.sampled_from([1, 20_000, 2**20]),
)
def test_a_convolution_is_layer_by_layer_with_many_ties(
    drawn: tuple[Layers, Array], training: bool, needs_d_x: bool, slice_bytes: int
) -> None:
    layers, x = drawn
    expected, found = both(ConvReLUMaxPool(layers), x, training=training, needs_d_x=needs_d_x, slice_bytes=slice_bytes)
    # All numbers are small and whole, so that sums are exact in any order, and most are equal.
    assert_bits(found, expected)


@settings(max_examples=100, deadline=None)
@given(
    window=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    N=st.integers(1, 5),
    channels=st.integers(1, 5),
    training=st.booleans(),
    needs_d_x=st.booleans(),
    slice_bytes=st.sampled_from([1, 1000, 2**20]),
)
def test_batch_norm_is_layer_by_layer_with_many_ties(
    window: tuple[int, int],
    size: tuple[int, int],
    N: int,
    channels: int,
    training: bool,
    needs_d_x: bool,
    slice_bytes: int,
) -> None:
    assume(window != (1, 1))
    shape = N, window[0] * size[0], window[1] * size[1], channels
    # Small integers, many of them equal; of gammas a third are negative and a third zero.
    x = np.random.default_rng(sum(shape)).integers(-1, 3, shape).astype(float)
    expected, found = both(
        BatchNormReLUMaxPool((BatchNorm(), ReLU(), MaxPool2D(window))),
        x,
        training=training,
        needs_d_x=needs_d_x,
        slice_bytes=slice_bytes,
    )
    np.testing.assert_allclose(found.y, expected.y, rtol=1e-12, atol=1e-12)
    assert_bits(found._replace(y=expected.y), expected, 1e-12)


@settings(max_examples=60, deadline=None)
@given(
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    more=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    slice_bytes=st.sampled_from([1, 2**20]),
)
def test_a_pool_is_the_plain_one_with_many_ties(
    window: tuple[int, int], strides: tuple[int, int], more: tuple[int, int], slice_bytes: int
) -> None:
    shape = 3, window[0] + more[0], window[1] + more[1], 2
    x = np.random.default_rng(sum(shape)).integers(-1, 2, shape).astype(float)
    pool = BlockedMaxPool2D((MaxPool2D(window, strides=strides),))
    expected, found = both(pool, x, slice_bytes=slice_bytes)
    assert_bits(found, expected)


@pytest.mark.parametrize("window", [2, 4, (16, 16), (17, 16), (2, 8)])
@pytest.mark.parametrize("needs_d_x", [True, False])
def test_of_equal_sums_the_first_in_reading_order_learns(window: Any, needs_d_x: bool) -> None:
    # One filter of one pixel, and all pixels 1 but the first: of all positions with 1 the second
    # wins. Pixels differ by their second channel, which has no weight but tells the winner.
    pool = MaxPool2D(window)
    height, width = pool.window.size
    x = np.ones((1, height, width, 2))
    x[0, :, :, 1] = np.arange(height * width).reshape(height, width)
    x[0, 0, 0, 0] = 0
    params = {"0/W": np.array([[[[1.0], [0.0]]]]), "0/b": np.zeros(1)}
    fused = ConvReLUMaxPool((Conv2D(1, 1), ReLU(), pool))
    y, _, d_x, _, grads = run(fused, x, params, needs_d_x=needs_d_x, gradient=lambda y: np.full(y.shape, 10.0))
    assert y.ravel() == [1]
    np.testing.assert_array_equal(grads["0/W"].ravel(), [10, 10])
    assert grads["0/b"] == [10]
    if d_x is not None:
        assert np.flatnonzero(d_x).tolist() == [2]


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_window_without_a_positive_sum_teaches_nothing(value: float) -> None:
    fused = ConvReLUMaxPool((Conv2D(1, 1), ReLU(), MaxPool2D(4)))
    params = {"0/W": np.ones((1, 1, 1, 1)), "0/b": np.zeros(1)}
    y, _, d_x, _, grads = run(fused, np.full((1, 4, 4, 1), value), params, gradient=np.ones_like)
    assert d_x is not None
    assert not any(array.any() for array in (y, d_x, grads["0/W"], grads["0/b"]))


@pytest.mark.parametrize("window", [(3, 4), (16, 17)])
@pytest.mark.parametrize("needs_d_x", [True, False])
def test_every_position_of_a_window_can_win(window: tuple[int, int], needs_d_x: bool) -> None:
    x = np.zeros((window[0] * window[1], *window, 1))
    x.reshape(len(x), -1)[...] = np.eye(len(x))
    fused = ConvReLUMaxPool((Conv2D(2, 3, padding="same"), ReLU(), MaxPool2D(window)))
    expected, found = both(fused, x, needs_d_x=needs_d_x)
    assert_bits(found, expected)


def test_no_more_is_laid_out_than_stays_in_the_cache() -> None:
    im2col = PooledIm2Col(Conv2D(8, 5, padding="same"), MaxPool2D(8), (64, 64, 3), 4)
    # An example has 16 blocks of 72 segments of 24 numbers, and 8 rows of 144 products, 32 wide.
    assert im2col.bytes_each == 4 * (16 * 72 * 24 + 8 * 144 * 32)
    fused = ConvReLUMaxPool((Conv2D(64, 7, padding="same"), ReLU(), MaxPool2D(4)))
    x = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype(np.float32)
    params, workspace = parameters(fused.layers, x.shape[1:], np.float32), Workspace()
    run(fused, x, params, workspace=workspace, needs_d_x=False)
    assert workspace._arrays["seen"].nbytes <= slices.SLICE_BYTES


@pytest.mark.parametrize(
    ("pool", "shape"),
    [
        (MaxPool2D(2), (4, 5, 1)),  # a pixel that no window sees
        (MaxPool2D(2), (5, 4, 1)),
        (MaxPool2D(2, strides=1), (4, 4, 1)),  # windows that overlap
        (MaxPool2D(2, strides=4), (8, 8, 1)),  # or leave gaps
        (MaxPool2D(4), (4, 4, 1)),  # many pixels, one after the other
        (MaxPool2D(1), (4, 4, 1)),
        (MaxPool2D(2, padding="same"), (5, 5, 1)),
    ],
)
def test_pools_that_batch_norm_is_not_fused_with(pool: MaxPool2D, shape: tuple[int, ...]) -> None:
    found = try_fuse([BatchNorm(), ReLU(), pool], 0, shape, "training")
    assert found is not None
    assert len(found.layers) == 1


@pytest.mark.parametrize(
    "layers",
    [
        (Conv2D(2, 3), ReLU(), MaxPool2D(3, strides=1)),  # windows that overlap
        (Conv2D(2, 3), ReLU(), MaxPool2D(2, strides=3)),  # or leave gaps
        (Conv2D(2, 3), ReLU(), MaxPool2D(1)),
        (Conv2D(2, 3), ReLU(), MaxPool2D(3, padding="same")),
        (Conv2D(2, 3, dilation=2), ReLU(), MaxPool2D(2)),
        (Conv2D(2, 3, groups=2), ReLU(), MaxPool2D(2)),
        (Conv2D(2, 3), Tanh(), MaxPool2D(2)),  # where tanh is 1, more of its inputs are equal
        (Conv2D(2, 3), BatchNorm(), MaxPool2D(2), ReLU()),
        (Conv2D(2, 3), ReLU(), Flatten()),
        (Conv2D(2, 3, trainable=False), ReLU(), MaxPool2D(2)),
    ],
)
def test_what_a_convolution_is_not_fused_with(layers: Layers) -> None:
    plan = Engine(Network(layers, input_shape=(16, 16, 2))).plan
    assert [len(node.positions) for node in plan.nodes] == [1] * len(layers)


def test_prediction_then_backward() -> None:
    """What was forward in prediction has a gradient all the same."""
    layers = (Conv2D(2, 3), ReLU(), MaxPool2D(4))
    fused = ConvReLUMaxPool(layers)
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 1))
    params = parameters(layers, x.shape[1:], np.float64)
    for needs_d_x in (True, False):
        context = Context(training=False, needs_d_x=needs_d_x)
        grads = {name: np.full_like(array, np.nan) for name, array in params.items()}
        y, cache = fused.forward(x, params, context)
        fused.backward(np.ones_like(y), cache, params, grads, context)
        expected = run(Chain(layers), x, params, training=False, gradient=np.ones_like)
        np.testing.assert_allclose(grads["0/W"], expected.grads["0/W"], rtol=1e-12)
