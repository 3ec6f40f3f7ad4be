"""Winograd's convolution: its transforms, and when it is taken."""

import numpy as np
import numpy.typing as npt
import pytest
from fused_cases import assert_same, parameters, run
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nn_core.arrays import Array
from nn_core.engine.engine import Engine
from nn_core.engine.fused import slices, try_fuse, winograd_conv2d
from nn_core.engine.fused.conv_relu_max_pool import ConvReLUMaxPool
from nn_core.engine.fused.toeplitz_conv2d import ToeplitzConv2D
from nn_core.engine.fused.winograd import (
    input_transform,
    input_transform_transpose,
    output_transform,
    output_transform_transpose,
    weights_matrix,
)
from nn_core.engine.fused.winograd_conv2d import SAVED_PER_BATCH, WinogradConv2D, saved_multiplications
from nn_core.engine.workspace import Workspace
from nn_core.errors import ShapeError
from nn_core.layers import BatchNorm, Conv2D, GlobalAveragePool2D, Layer, MaxPool2D, ReLU
from nn_core.layers.chain import Chain
from nn_core.losses import mean_squared_error
from nn_core.network import Network
from nn_core.reference import Reference


def whole_numbers(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(float)


def test_four_sums_of_three_products() -> None:
    d, w = whole_numbers(1, 6, 5), whole_numbers(2, 3, 5)
    V, y, work = np.empty((6, 5)), np.empty((4, 5)), np.empty((2, 5))
    input_transform(list(d), V, work)
    output_transform(V * (weights_matrix(np.float64) @ w), y, work)
    expected = [sum(d[i + u] * w[u] for u in range(3)) for i in range(4)]
    np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-12)


def test_the_backward_pass_is_the_transpose() -> None:
    # B^T d . v = d . B v, and A^T m . r = m . A r, all in small integers.
    d, v, m, r = (whole_numbers(k, n, 5) for k, n in enumerate((6, 6, 6, 4)))
    V, y, d_m, work = np.empty((6, 5)), np.empty((4, 5)), np.empty((6, 5)), np.empty((2, 5))
    input_transform(list(d), V, work)
    back = np.zeros((6, 5))
    input_transform_transpose(v, back[:4], back[4:], work)
    assert np.vdot(V, v) == np.vdot(d, back)
    output_transform(m, y, work)
    output_transform_transpose(r, d_m, work)
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


@settings(max_examples=100, deadline=None)
@given(
    drawn=convolutions(),
    needs_d_x=st.booleans(),
    slice_bytes=st.sampled_from([1, 3_000, 2**20]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_it_is_the_plain_convolution(
    drawn: tuple[Conv2D, tuple[int, ...]], needs_d_x: bool, slice_bytes: int, dtype: npt.DTypeLike
) -> None:
    conv, shape = drawn
    params, workspace = parameters((conv,), shape[1:], dtype), Workspace()
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "SLICE_BYTES", slice_bytes)
        patch.setattr(winograd_conv2d, "SAVED_PER_BATCH", 1)
        for part in (x[:1], x):  # the second time in used memory
            expected = run(Chain((conv,)), part, params, needs_d_x=needs_d_x)
            found = run(WinogradConv2D((conv,)), part, params, workspace=workspace, needs_d_x=needs_d_x)
            assert_same(found, expected, 1e-4 if dtype == np.float32 else 1e-12)


def fused_for(conv: Conv2D, shape: tuple[int, ...]) -> Layer:
    found = try_fuse([conv], 0, shape, "training")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("filters", "shape"), [(48, (16, 16, 24)), (80, (8, 8, 48)), (80, (8, 8, 80)), (128, (4, 4, 80))]
)
def test_it_is_taken_where_it_pays(filters: int, shape: tuple[int, ...]) -> None:
    conv = Conv2D(filters, 3, padding="same")
    assert fused_for(conv, shape) == WinogradConv2D((conv,))


@pytest.mark.parametrize(
    ("conv", "shape"),
    [
        (Conv2D(128, 3, padding="same"), (64, 64, 3)),  # few channels
        (Conv2D(8, 3, padding="same"), (16, 16, 64)),  # few filters
        (Conv2D(32, 3, padding="same"), (9, 9, 32)),  # three rows of twelve for nothing
        (Conv2D(128, 3, padding="same"), (1, 50, 128)),
        (Conv2D(128, 3, strides=2), (16, 16, 128)),
        (Conv2D(128, 3, strides=(1, 2)), (16, 16, 128)),
        (Conv2D(128, (3, 5)), (16, 16, 128)),
        (Conv2D(128, 1), (16, 16, 128)),
    ],
)
def test_and_not_where_it_does_not(conv: Conv2D, shape: tuple[int, ...]) -> None:
    assert fused_for(conv, shape) == ToeplitzConv2D((conv,))


@pytest.mark.parametrize("conv", [Conv2D(64, 3, dilation=2), Conv2D(64, 3, padding="same", groups=2)])
def test_dilation_and_groups_are_left_to_the_layer(conv: Conv2D) -> None:
    assert try_fuse([conv], 0, (16, 16, 64), "training") is None
    assert try_fuse([conv, BatchNorm()], 0, (16, 16, 64), "inference") is None


def test_few_examples_are_left_to_the_toeplitz_form(monkeypatch: pytest.MonkeyPatch) -> None:
    conv, x = Conv2D(8, 3), np.random.default_rng(0).normal(size=(2, 6, 6, 8))
    params = parameters((conv,), (6, 6, 8), np.float64)
    each = saved_multiplications(conv, x.shape[1:])
    assert each == (3 - 1.5) * 4 * 3 * 4 * 8 * 8
    exact = []
    for least in (2 * each, 2 * each + 1):
        monkeypatch.setattr(winograd_conv2d, "SAVED_PER_BATCH", least)
        one, other = (run(kind((conv,)), x, params) for kind in (WinogradConv2D, ToeplitzConv2D))
        exact.append(
            all(np.array_equal(one.grads[name], other.grads[name]) for name in one.grads)
            and np.array_equal(one.y, other.y)
        )
    assert exact == [False, True]


def test_a_batch_of_the_network_for_signs_is_large_enough() -> None:
    assert 16 * saved_multiplications(Conv2D(80, 3, padding="same"), (8, 8, 80)) > SAVED_PER_BATCH


NORMALIZED: list[Layer] = [
    Conv2D(40, 3, padding="same"),
    BatchNorm(),
    ReLU(),
    MaxPool2D(2, strides=1),
    Conv2D(64, 3, padding="same"),
    GlobalAveragePool2D(),
]


def test_a_longer_pattern_goes_first() -> None:
    layers = [Conv2D(64, 3, padding="same"), ReLU(), MaxPool2D(2)]
    found = try_fuse(layers, 0, (16, 16, 64), "training")
    assert found == ConvReLUMaxPool(tuple(layers))


def test_a_network_learns_and_predicts_the_same_either_way() -> None:
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(9, 16, 15, 40)), rng.normal(size=(9, 64))
    network = Network(NORMALIZED, input_shape=x.shape[1:], rng=rng)
    engine, reference = Engine(network), Reference(network)
    kinds = [type(node.fused or node.layers[0]) for node in engine.plan.nodes]
    assert kinds.count(WinogradConv2D) == 2
    x, target = x.astype(np.float32), target.astype(np.float32)
    expected = reference.loss_and_gradients(x, target, mean_squared_error)
    gradients = expected.gradients.copy()
    found = engine.loss_and_gradients(x, target, mean_squared_error)
    scale = np.abs(gradients).max()
    np.testing.assert_allclose(found.gradients, gradients, rtol=0, atol=1e-5 * scale)
    prediction = reference.predict(x)[0]
    for predictor in (engine, engine.frozen()):
        np.testing.assert_allclose(predictor.predict(x)[0], prediction, rtol=0, atol=1e-5)


def test_in_prediction_it_overflows_no_sooner_than_the_layer() -> None:
    conv = Conv2D(64, 3, padding="same")
    network = Network([conv], input_shape=(16, 16, 64), initialize=False)
    network.params["0/W"][1, 1] = 1e-3 * np.eye(64, dtype=np.float32)
    x = np.full((40, 16, 16, 64), 1e38, np.float32)
    y, _ = Engine(network).predict(x)
    np.testing.assert_allclose(y, 1e-3 * x, rtol=1e-6)
