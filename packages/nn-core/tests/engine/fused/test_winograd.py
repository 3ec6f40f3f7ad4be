"""Winograd's convolution: the values and gradients of the plain one, and when it is taken."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nn_core.arrays import Array
from nn_core.errors import ShapeError
from nn_core.layers import (
    BatchNorm,
    Context,
    Conv2D,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    ReLU,
    windows,
)
from nn_core.layers.batch_norm_relu import BatchNormReLU
from nn_core.layers.conv_relu_max_pool import ConvReLUMaxPool
from nn_core.layers.winograd import combine, gather, scatter, spread, weights_matrix
from nn_core.layers.winograd_conv2d import LEAST, WinogradConv2D
from nn_core.network import Network
from nn_core.training.non_finite import locate_non_finite


def whole_numbers(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(float)


def test_four_sums_of_three_products() -> None:
    d, w = whole_numbers(1, 6, 5), whole_numbers(2, 3, 5)
    V, y, work = np.empty((6, 5)), np.empty((4, 5)), np.empty((2, 5))
    gather(list(d), V, work)
    combine(V * (weights_matrix(np.float64) @ w), y, work)
    expected = [sum(d[i + u] * w[u] for u in range(3)) for i in range(4)]
    np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-12)


def test_the_way_back_is_the_transpose() -> None:
    # B^T d . v = d . B v, and A^T m . r = m . A r, all in small whole numbers.
    d, v, m, r = (whole_numbers(k, n, 5) for k, n in enumerate((6, 6, 6, 4)))
    V, y, d_m, work = np.empty((6, 5)), np.empty((4, 5)), np.empty((6, 5)), np.empty((2, 5))
    gather(list(d), V, work)
    back = np.zeros((6, 5))
    scatter(v, back[:4], back[4:], work)
    assert np.vdot(V, v) == np.vdot(d, back)
    combine(m, y, work)
    spread(r, d_m, work)
    assert np.vdot(y, r) == np.vdot(m, d_m)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Conv2D, tuple[int, ...]]:
    zeros = st.tuples(st.integers(0, 2), st.integers(0, 2))
    padding = draw(st.one_of(st.sampled_from(["same", "valid"]), zeros))
    conv = Conv2D(draw(st.integers(1, 5)), 3, padding=padding)
    sizes = [st.integers(1, 7), st.integers(1, 13), st.integers(1, 9), st.integers(1, 4)]
    shape = draw(st.tuples(*sizes))
    try:
        conv.output_shape(shape[1:])
    except ShapeError:
        assume(False)
    return conv, shape


@settings(max_examples=150, deadline=None)
@given(
    drawn=convolutions(),
    needs_d_x=st.booleans(),
    seed=st.integers(0, 99),
    slice_bytes=st.sampled_from([1, 3_000, 2**20]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_it_is_the_plain_convolution(
    drawn: tuple[Conv2D, tuple[int, ...]],
    needs_d_x: bool,
    seed: int,
    slice_bytes: int,
    dtype: npt.DTypeLike,
) -> None:
    conv, shape = drawn
    rng = np.random.default_rng(seed)
    params = {
        name: rng.normal(size=declared.shape).astype(dtype)
        for name, declared in conv.parameters(shape[1:]).items()
    }
    x = rng.normal(size=shape).astype(dtype)
    d_y = rng.normal(size=(len(x), *conv.output_shape(x.shape[1:]))).astype(dtype)
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    results: list[list[Array | None]] = []
    for layer in (conv, WinogradConv2D(conv)):
        grads = {name: np.full_like(values, np.nan) for name, values in params.items()}
        context = Context(dtype, training=True, needs_d_x=needs_d_x)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(windows, "SLICE_BYTES", slice_bytes)
            for part in (slice(1), slice(None)):  # the second time in used memory
                y, cache = layer.forward(x[part], params, context)
                d_x = layer.backward(d_y[part], cache, params, grads, context)
        results.append([y, d_x, grads["W"], grads["b"]])
    for plain, fast in zip(*results, strict=True):
        assert (plain is None) == (fast is None)
        if plain is not None and fast is not None:
            assert fast.dtype == dtype
            np.testing.assert_allclose(fast, plain, rtol=0, atol=tolerance * np.abs(plain).max())


def stage_of(conv: Conv2D, shape: tuple[int, ...]) -> Layer:
    return Network([conv], input_shape=shape).stages[0].layer


@pytest.mark.parametrize(
    ("filters", "shape"),
    [(48, (16, 16, 24)), (80, (8, 8, 48)), (80, (8, 8, 80)), (128, (4, 4, 80))],
)
def test_it_is_taken_where_it_pays(filters: int, shape: tuple[int, ...]) -> None:
    conv = Conv2D(filters, 3, padding="same")
    layer = stage_of(conv, shape)
    assert isinstance(layer, WinogradConv2D)
    assert layer.conv == conv


@pytest.mark.parametrize(
    ("conv", "shape"),
    [
        (Conv2D(128, 3, padding="same"), (64, 64, 3)),  # few channels
        (Conv2D(8, 3, padding="same"), (16, 16, 64)),  # few filters
        (Conv2D(32, 3, padding="same"), (9, 9, 32)),  # three rows of twelve for nothing
        (Conv2D(128, 3, padding="same"), (1, 50, 128)),
        (Conv2D(128, 3, 2), (16, 16, 128)),
        (Conv2D(128, 3, (1, 2)), (16, 16, 128)),
        (Conv2D(128, (3, 5)), (16, 16, 128)),
        (Conv2D(128, 1), (16, 16, 128)),
    ],
)
def test_and_not_where_it_does_not(conv: Conv2D, shape: tuple[int, ...]) -> None:
    assert stage_of(conv, shape) is conv


NORMALIZED: list[Layer] = [
    Conv2D(40, 3, padding="same"),
    BatchNorm(),
    ReLU(),
    MaxPool2D(2, 1),
    Conv2D(64, 3, padding="same"),
    GlobalAveragePool2D(),
]


def test_few_examples_are_left_to_the_plain_layer() -> None:
    conv, rng = Conv2D(8, 3), np.random.default_rng(0)
    x, params = rng.normal(size=(2, 6, 6, 8)), {"W": rng.normal(size=(3, 3, 8, 8)), "b": np.ones(8)}
    fast = WinogradConv2D(conv)
    assert fast.saved(x.shape[1:]) == (3 - 1.5) * 4 * 3 * 4 * 8 * 8
    exact = []
    for fewest in (len(x), len(x) + 1):
        layer, context = WinogradConv2D(conv, fewest), Context(np.float64)
        results = []
        for each in (layer, conv):
            grads = {name: np.empty_like(values) for name, values in params.items()}
            y, cache = each.forward(x, params, context)
            y = y.copy()
            d_x = each.backward(y, cache, params, grads, context)
            results.append([y, np.array(d_x), *grads.values()])
        exact.append(all(np.array_equal(a, b) for a, b in zip(*results, strict=True)))
    assert exact == [False, True]


def test_fewer_examples_are_those_that_save_too_little() -> None:
    kernel = WinogradConv2D.of((Conv2D(80, 3, padding="same"),), (8, 8, 80))
    assert kernel is not None
    assert (kernel.fewest - 1) * kernel.saved((8, 8, 80)) < LEAST
    assert kernel.fewest * kernel.saved((8, 8, 80)) >= LEAST


def test_stages_and_summary_say_so() -> None:
    network = Network(NORMALIZED, input_shape=(16, 15, 40))
    kinds = [type(stage.layer) for stage in network.stages]
    assert kinds == [
        WinogradConv2D,
        BatchNormReLU,
        MaxPool2D,
        WinogradConv2D,
        GlobalAveragePool2D,
    ]
    assert network.summary().fused == (
        "layer 0 as WinogradConv2D",
        "layers 1 to 2 as BatchNormReLU",
        "layer 4 as WinogradConv2D",
    )
    plain = Network(NORMALIZED, input_shape=(16, 15, 40), fused=False)
    assert plain.summary().fused == ()
    assert [stage.layer for stage in plain.stages] == NORMALIZED
    assert plain.architecture() == network.architecture()
    assert plain.summary().rows == network.summary().rows


def test_a_longer_run_goes_first() -> None:
    layers = [Conv2D(64, 3, padding="same"), ReLU(), MaxPool2D(2)]
    (stage,) = Network(layers, input_shape=(16, 16, 64)).stages
    assert isinstance(stage.layer, ConvReLUMaxPool)


def test_a_network_learns_the_same_either_way() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(9, 16, 15, 40)).astype(np.float32)
    d_y = rng.normal(size=(9, 64)).astype(np.float32)
    results: list[tuple[Any, ...]] = []
    for fused in (True, False):
        network = Network(
            NORMALIZED, input_shape=x.shape[1:], rng=np.random.default_rng(1), fused=fused
        )
        contexts = network.contexts(training=True)
        y, caches = network.forward(x, contexts)
        network.backward(d_y, caches, contexts)
        results.append((y.copy(), network.predict(x), network.gradients))
    for fast, plain in zip(*results, strict=True):
        np.testing.assert_allclose(fast, plain, rtol=0, atol=1e-5 * np.abs(plain).max())


def test_the_weights_are_looked_at_anew_unless_they_are_frozen() -> None:
    network = Network(NORMALIZED[:1], input_shape=(8, 8, 40), rng=np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(16, 8, 8, 40))
    contexts, frozen = network.contexts(), network.contexts(frozen=True)
    before = network.predict(x)
    for each in (contexts, frozen):
        np.testing.assert_array_equal(network.predict(x, contexts=each), before)
    network.parameters *= 2.0
    np.testing.assert_array_equal(network.predict(x), 2.0 * before)
    np.testing.assert_array_equal(network.predict(x, contexts=contexts), 2.0 * before)
    np.testing.assert_array_equal(network.predict(x, contexts=frozen), before)


def test_a_kernel_that_overflows_before_the_layers_do_is_named() -> None:
    network = Network([Conv2D(64, 3, padding="same"), ReLU()], input_shape=(16, 16, 64))
    x = np.full((40, 16, 16, 64), 1e38, np.float32)
    with np.errstate(all="ignore"):
        assert locate_non_finite(network, x) == "layer 0 as WinogradConv2D"
        assert locate_non_finite(network, x / 1e30) == "the loss itself"
