"""Kernels that stand for several layers: values and gradients of the layers, ties included."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nn_core.arrays import Array
from nn_core.errors import ShapeError
from nn_core.fusion import KERNELS, stages
from nn_core.gradient_check import check_gradients, check_layer
from nn_core.layers import (
    LAYERS,
    BatchNorm,
    Context,
    Conv2D,
    Dense,
    Flatten,
    InstanceNorm,
    Layer,
    MaxPool2D,
    ReLU,
    Tanh,
    pooled_runs,
    windows,
)
from nn_core.layers.batch_norm_relu import BatchNormReLU
from nn_core.layers.conv_relu_max_pool import ConvReLUMaxPool
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network

Pair = tuple[int, int]


def both(
    layers: Sequence[Layer], x: Array, *, training: bool, needs_d_x: bool, seed: int
) -> list[tuple[Array, Array, Array | None]]:
    """y, all gradients and d_x: of the layers one by one, and fused."""
    results: list[tuple[Array, Array, Array | None]] = []
    for fused in (False, True):
        rng = np.random.default_rng(seed)
        network = Network(layers, input_shape=x.shape[1:], dtype=x.dtype, fused=fused)
        network.parameters[...] = rng.integers(-1, 2, network.parameters.size)
        statistics = network.parameters[network.trained_count :]
        np.abs(statistics, out=statistics)
        network.gradients.fill(np.nan)
        contexts = network.contexts(training=training, needs_d_x=needs_d_x)
        for _ in range(2):  # the second time in used memory
            y, caches = network.forward(x, contexts)
            d_y = np.random.default_rng(seed).integers(-3, 4, y.shape).astype(x.dtype)
            d_x = network.backward(d_y, caches, contexts)
        assert len(network.stages) == (1 if fused else len(layers))
        results.append((y.copy(), network.gradients, None if d_x is None else d_x.copy()))
    return results


@st.composite
def layers_and_maps(draw: st.DrawFn) -> tuple[list[Layer], Array]:
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    window = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    zeros = st.tuples(st.integers(0, kernel[0] - 1), st.integers(0, kernel[1] - 1))
    padding = draw(st.one_of(st.sampled_from(["same", "valid"]), zeros))
    conv = Conv2D(draw(st.integers(1, 9)), kernel, stride, padding)
    pool = MaxPool2D(window)
    sizes = [st.integers(1, 3), st.integers(1, 26), st.integers(1, 26), st.integers(1, 3)]
    shape = draw(st.tuples(*sizes))
    assume(window != (1, 1))
    try:
        pool.output_shape(conv.output_shape(shape[1:]))
    except ShapeError:
        assume(False)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return [conv, ReLU(), pool], rng.integers(-1, 2, shape).astype(float)


@settings(max_examples=150, deadline=None)
@given(
    drawn=layers_and_maps(),
    training=st.booleans(),
    needs_d_x=st.booleans(),
    seed=st.integers(0, 99),
    slice_bytes=st.sampled_from([1, 20_000, 2**20]),
)
def test_fused_is_layer_by_layer_with_many_ties(
    drawn: tuple[list[Layer], Array], training: bool, needs_d_x: bool, seed: int, slice_bytes: int
) -> None:
    layers, x = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "SLICE_BYTES", slice_bytes)
        pooled_runs.pooled_runs.cache_clear()
        plain, fused = both(layers, x, training=training, needs_d_x=needs_d_x, seed=seed)
    pooled_runs.pooled_runs.cache_clear()
    # All numbers are small and whole, so that sums are exact in any order, and most are equal.
    np.testing.assert_array_equal(fused[0], plain[0])
    np.testing.assert_array_equal(fused[1], plain[1])
    assert (fused[2] is None) == (plain[2] is None) == (not needs_d_x)
    if plain[2] is not None:
        np.testing.assert_array_equal(fused[2], plain[2])


@pytest.mark.parametrize("window", [2, 4, (16, 16), (17, 16), (2, 8)])
def test_of_equal_sums_the_first_in_reading_order_learns(window: Any) -> None:
    # One filter of one pixel, and all pixels 1 but the first: of all places with 1 the second
    # wins. Pixels differ by their second channel, which is not looked at but tells the winner.
    layer = ConvReLUMaxPool(Conv2D(1, 1), MaxPool2D(window))
    height, width = layer.pool.window  # type: ignore[misc]
    x = np.ones((1, height, width, 2))
    x[0, :, :, 1] = np.arange(height * width).reshape(height, width)
    x[0, 0, 0, 0] = 0
    params = {"W": np.array([[[[1.0], [0.0]]]]), "b": np.zeros(1)}
    for needs_d_x in (False, True):
        context = Context(x.dtype, training=True, needs_d_x=needs_d_x)
        grads = {name: np.empty_like(values) for name, values in params.items()}
        y, cache = layer.forward(x, params, context)
        d_x = layer.backward(np.full(y.shape, 10.0), cache, params, grads, context)
        assert y.ravel() == [1]
        np.testing.assert_array_equal(grads["W"].ravel(), [10, 10])
        assert grads["b"] == [10]
        if d_x is not None:
            assert np.flatnonzero(d_x).tolist() == [2]


def test_a_window_without_a_positive_sum_teaches_nothing() -> None:
    layer = ConvReLUMaxPool(Conv2D(1, 1), MaxPool2D(4))
    params = {"W": np.ones((1, 1, 1, 1)), "b": np.zeros(1)}
    for x in (np.zeros((1, 4, 4, 1)), np.full((1, 4, 4, 1), -1.0)):
        context = Context(x.dtype, training=True)
        grads = {name: np.empty_like(values) for name, values in params.items()}
        y, cache = layer.forward(x, params, context)
        d_x = layer.backward(np.ones(y.shape), cache, params, grads, context)
        assert d_x is not None
        assert not y.any()
        assert not d_x.any()
        assert not grads["W"].any()
        assert not grads["b"].any()


def test_every_place_of_a_window_can_win() -> None:
    for window in ((3, 4), (16, 17)):
        x = np.zeros((window[0] * window[1], *window, 1))
        x.reshape(len(x), -1)[...] = np.eye(len(x))
        for needs_d_x in (False, True):
            plain, fused = both(
                [Conv2D(2, 3, padding="same"), ReLU(), MaxPool2D(window)],
                x,
                training=True,
                needs_d_x=needs_d_x,
                seed=5,
            )
            np.testing.assert_array_equal(fused[0], plain[0])
            np.testing.assert_array_equal(fused[1], plain[1])


@pytest.mark.parametrize(
    ("conv", "window", "shape"),
    [
        (Conv2D(2, 3, padding="same"), 2, (2, 6, 7, 2)),
        (Conv2D(3, (2, 3), stride=(1, 2)), (4, 4), (2, 9, 13, 1)),
    ],
)
def test_gradients_by_finite_differences(conv: Conv2D, window: Any, shape: Any) -> None:
    rng = np.random.default_rng(6)
    layer = ConvReLUMaxPool(conv, MaxPool2D(window))
    assert check_layer(layer, rng.normal(size=shape), rng=rng).error <= 1e-6


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    training=st.booleans(),
    needs_d_x=st.booleans(),
    seed=st.integers(0, 99),
    slice_bytes=st.sampled_from([1, 100, 2**20]),
)
def test_normalizing_and_clipping_is_one_after_the_other(
    shape: list[int], training: bool, needs_d_x: bool, seed: int, slice_bytes: int
) -> None:
    x = np.random.default_rng(seed).integers(-1, 2, shape).astype(float)  # many z are zero
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "SLICE_BYTES", slice_bytes)
        plain, fused = both(
            [BatchNorm(), ReLU()], x, training=training, needs_d_x=needs_d_x, seed=seed
        )
    np.testing.assert_array_equal(fused[0], plain[0])
    np.testing.assert_array_equal(fused[1], plain[1])
    assert (fused[2] is None) == (plain[2] is None) == (not needs_d_x)
    if plain[2] is not None:
        np.testing.assert_array_equal(fused[2], plain[2])


@settings(max_examples=100, deadline=None)
@given(
    window=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    places=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    count=st.integers(1, 5),
    channels=st.integers(1, 5),
    training=st.booleans(),
    needs_d_x=st.booleans(),
    seed=st.integers(0, 99),
    slice_bytes=st.sampled_from([1, 1000, 2**20]),
)
def test_normalizing_clipping_and_pooling_is_one_after_the_other(
    window: Pair,
    places: Pair,
    count: int,
    channels: int,
    training: bool,
    needs_d_x: bool,
    seed: int,
    slice_bytes: int,
) -> None:
    assume(window != (1, 1))
    height, width = window[0] * places[0], window[1] * places[1]
    # Small whole numbers, many of them equal; of gammas a third are negative and a third zero.
    x = np.random.default_rng(seed).integers(-1, 3, (count, height, width, channels)).astype(float)
    layers = [BatchNorm(), ReLU(), MaxPool2D(window)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "SLICE_BYTES", slice_bytes)
        plain, fused = both(layers, x, training=training, needs_d_x=needs_d_x, seed=seed)
    np.testing.assert_array_equal(fused[0], plain[0])
    np.testing.assert_allclose(fused[1], plain[1], rtol=1e-12, atol=1e-9)
    assert (fused[2] is None) == (plain[2] is None) == (not needs_d_x)
    if plain[2] is not None:
        np.testing.assert_allclose(fused[2], plain[2], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    ("pool", "shape"),
    [
        (MaxPool2D(2), (4, 5, 1)),  # a pixel that no window sees
        (MaxPool2D(2), (5, 4, 1)),
        (MaxPool2D(2, 1), (4, 4, 1)),  # windows that overlap
        (MaxPool2D(2, 4), (8, 8, 1)),  # or leave gaps
        (MaxPool2D(4), (4, 4, 1)),  # many pixels, one after the other
        (MaxPool2D(1), (4, 4, 1)),
    ],
)
def test_pools_that_stay_by_themselves(pool: MaxPool2D, shape: tuple[int, ...]) -> None:
    network = Network([BatchNorm(), ReLU(), pool], input_shape=shape)
    assert [type(stage.layer) for stage in network.stages] == [BatchNormReLU, MaxPool2D]


CLASSIC = [
    InstanceNorm(),
    Conv2D(8, 5, padding="same"),
    ReLU(),
    MaxPool2D(8),
    Conv2D(4, 3, padding="same"),
    ReLU(),
    MaxPool2D(2),
    Flatten(),
    Dense(3),
]


def data(count: int = 20) -> tuple[Array, npt.NDArray[Any]]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, 32, 32, 3)).astype(np.float32), rng.integers(0, 3, count)


def test_no_more_is_laid_out_than_stays_in_the_cache() -> None:
    photos = pooled_runs.PooledRuns(Conv2D(8, 5, padding="same"), MaxPool2D(8), (64, 64, 64, 3))
    # An example has 16 blocks of 72 runs of 24 numbers, and 8 rows of 144 products, 32 wide.
    assert photos.size == windows.SLICE_BYTES // (4 * (16 * 72 * 24 + 8 * 144 * 32)) == 8
    conv, pool = Conv2D(64, 7, padding="same"), MaxPool2D(4)
    layer = ConvReLUMaxPool.of((conv, ReLU(), pool), (64, 64, 3))
    assert layer is not None
    x = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype(np.float32)
    params = {"W": np.ones((7, 7, 3, 64), np.float32), "b": np.zeros(64, np.float32)}
    grads = {name: np.empty_like(values) for name, values in params.items()}
    context = Context(training=True, needs_d_x=False)
    y, cache = layer.forward(x, params, context)
    layer.backward(y, cache, params, grads, context)
    assert context._buffers["seen"].nbytes <= windows.SLICE_BYTES


def test_a_network_learns_the_same_either_way() -> None:
    x, labels = data()
    gradients, logits, values = [], [], []
    for fused in (False, True):
        rng = np.random.default_rng(0)
        network = Network(CLASSIC, input_shape=x.shape[1:], rng=rng, fused=fused)
        contexts = network.contexts(training=True)
        value, _ = network.loss_and_gradients(x, labels, softmax_cross_entropy, contexts)
        values.append(value)
        gradients.append(network.gradients.copy())
        logits.append(network.predict(x))
    assert values[1] == pytest.approx(values[0], rel=1e-5)
    np.testing.assert_allclose(gradients[1], gradients[0], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(logits[1], logits[0], rtol=1e-4, atol=1e-5)


def test_gradients_are_wanted_though_the_contexts_do_not_train() -> None:
    x, labels = data(4)
    network = Network(CLASSIC, input_shape=x.shape[1:], rng=np.random.default_rng(0))
    network.loss_and_gradients(x, labels, softmax_cross_entropy, network.contexts())
    used = network.gradients.copy()
    network.loss_and_gradients(x, labels, softmax_cross_entropy, network.contexts(training=True))
    np.testing.assert_array_equal(used, network.gradients)


def test_a_fused_network_passes_the_gradient_check() -> None:
    rng = np.random.default_rng(3)
    layers = [Conv2D(2, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(3)]
    network = Network(layers, input_shape=(6, 6, 1), rng=rng, dtype=np.float64)
    assert len(network.stages) == 3
    x, labels = rng.normal(size=(3, 6, 6, 1)), np.arange(3)
    assert check_gradients(network, x, labels, softmax_cross_entropy, rng=rng).error <= 1e-6


def test_what_is_no_number_passes_as_it_does_layer_by_layer() -> None:
    x, labels = data(4)
    x[1, 5:9, 5:9] = np.nan
    x[2, 0, 0] = np.inf
    logits, gradients = [], []
    for fused in (False, True):
        rng = np.random.default_rng(0)
        network = Network(CLASSIC, input_shape=x.shape[1:], rng=rng, fused=fused)
        contexts = network.contexts(training=True)
        with np.errstate(invalid="ignore"):
            _, received = network.loss_and_gradients(x, labels, softmax_cross_entropy, contexts)
        logits.append(received.copy())
        gradients.append(np.isnan(network.gradients))
    assert np.isnan(logits[0][1:3]).all()
    np.testing.assert_allclose(logits[1], logits[0], rtol=1e-4)
    assert gradients[1].any() == gradients[0].any()


@pytest.mark.parametrize("run", KERNELS)
def test_no_two_layers_of_a_kernel_have_a_parameter_of_the_same_name(run: tuple[str, ...]) -> None:
    sizes = {"Conv2D": (2, 3), "MaxPool2D": (2,), "Embedding": (3, 5)}
    cells = dict.fromkeys(("SimpleRNN", "GRU", "LSTM"), (4,))
    names = [
        name
        for kind in run
        for name in LAYERS[kind](*(sizes | cells).get(kind, ())).parameters((8,) * 3)  # type: ignore[operator]
    ]
    assert len(names) == len(set(names)) > 0


def test_layers_parameters_and_architecture_are_the_same_either_way() -> None:
    one, two = (Network(CLASSIC, input_shape=(32, 32, 3), fused=fused) for fused in (False, True))
    assert one.layers == two.layers
    assert one.architecture() == two.architecture()
    assert one.shapes == two.shapes
    assert one.parameters.shape == two.parameters.shape
    assert one.summary().rows == two.summary().rows


def test_the_summary_says_what_is_fused() -> None:
    plain, fused = (Network(CLASSIC, input_shape=(32, 32, 3), fused=f) for f in (False, True))
    assert "fused" not in str(plain.summary())
    assert str(fused.summary()).splitlines()[-2:] == [
        "fused: layers 1 to 3 as ConvReLUMaxPool",
        "fused: layers 4 to 6 as ConvReLUMaxPool",
    ]
    assert fused.summary().to_dict()["fused"] == fused.summary().fused


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2D(2, 3), ReLU(), MaxPool2D(3, 1)],  # windows that overlap
        [Conv2D(2, 3), ReLU(), MaxPool2D(2, 3)],  # or leave gaps
        [Conv2D(2, 3), ReLU(), MaxPool2D(1)],
        [Conv2D(2, 3), Tanh(), MaxPool2D(2)],  # where tanh is 1, more of its inputs are equal
        [Conv2D(2, 3), BatchNorm(), MaxPool2D(2), ReLU()],
        [ReLU(), MaxPool2D(2), Conv2D(2, 3), ReLU()],
    ],
)
def test_what_is_not_fused(layers: list[Layer]) -> None:
    network = Network(layers, input_shape=(16, 16, 2))
    assert [stage.layer for stage in stages(layers, network.shapes, fused=True)] == layers
