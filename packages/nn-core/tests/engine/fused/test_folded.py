"""Plans for prediction: fewer layers, the outputs of all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from nn_core.engine.engine import Engine
from nn_core.engine.fused import winograd, winograd_conv2d
from nn_core.engine.plan import Plan
from nn_core.errors import ShapeError
from nn_core.layers import (
    GELU,
    LSTM,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    InstanceNorm,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Sigmoid,
    Tanh,
)
from nn_core.network import Network
from nn_core.reference import Reference

activations = st.sampled_from([ReLU(), LeakyReLU(), Sigmoid(), Tanh(), GELU()])
windows = st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 3), st.integers(1, 5)))
norms = st.builds(BatchNorm, epsilon=st.sampled_from([1e-5, 0.1]))
elsewhere = st.one_of(activations, norms, st.just(Dropout(0.5)))
convolutions = st.builds(
    Conv2D,
    st.integers(1, 5),
    st.integers(1, 4),
    strides=st.integers(1, 2),
    padding=st.sampled_from(["same", "valid"]),
    dilation=st.integers(1, 2),
)
dense = st.builds(Dense, st.integers(1, 6))
on_images = st.one_of(
    elsewhere,
    convolutions,
    st.builds(MaxPool2D, windows),
    st.builds(MaxPool2D, windows, strides=st.integers(1, 3), padding=st.sampled_from(["same", "valid"])),
    st.builds(AveragePool2D, windows),
    st.just(InstanceNorm()),
)
on_rows = st.one_of(elsewhere, dense)
chains = st.builds(
    lambda images, rows: [*images, Flatten(), *rows], st.lists(on_images, max_size=7), st.lists(on_rows, max_size=5)
)


def drawn(layers: Sequence[Layer], shape: tuple[int | None, ...], dtype: npt.DTypeLike, seed: int) -> Network:
    """A network with parameters at random, its variances positive."""
    network = Network(layers, input_shape=shape, dtype=dtype)
    rng = np.random.default_rng(seed)
    network.vector[...] = rng.normal(size=network.vector.size)
    for name, array in network.params.items():
        if name.endswith("running_variance"):
            np.exp(array, out=array)
    return network


def assert_predicts_as_the_layers_do(
    layers: list[Layer], shape: tuple[int, ...], dtype: npt.DTypeLike, seed: int, tolerance: float
) -> None:
    try:
        network = drawn(layers, shape, dtype, seed)
    except ShapeError:
        assume(False)
    x = np.random.default_rng(seed).normal(size=(1 + seed % 5, *shape)).astype(dtype)
    before = x.copy()
    expected, _ = Reference(network).predict(x)
    largest = max(1.0, float(np.abs(expected).max()))
    predictor = Engine(network).frozen()
    for _ in range(2):  # the second time in used memory, with what was folded before
        output, _ = predictor.predict(x)
        np.testing.assert_allclose(output, expected, rtol=0, atol=tolerance * largest)
    np.testing.assert_array_equal(x, before)


@settings(max_examples=80, deadline=None)
@given(
    layer=st.one_of(convolutions, dense),
    norm=norms,
    activation=activations,
    pool=st.one_of(st.none(), st.builds(MaxPool2D, windows, strides=st.none() | st.integers(1, 3))),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 3)),
    double=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_it_predicts_as_the_layers_do(
    layer: Layer,
    norm: BatchNorm,
    activation: Layer,
    pool: MaxPool2D | None,
    shape: tuple[int, int, int],
    double: bool,
    seed: int,
) -> None:
    layers = [layer, norm, activation] if pool is None else [layer, norm, activation, pool]
    example = shape[2:] if isinstance(layer, Dense) else shape
    dtype, tolerance = (np.float64, 1e-12) if double else (np.float32, 1e-5)
    assert_predicts_as_the_layers_do(layers, example, dtype, seed, tolerance)


@settings(max_examples=80, deadline=None)
@given(
    layers=chains,
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 3)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_chain_predicts_as_its_layers_do(layers: list[Layer], shape: tuple[int, int, int], seed: int) -> None:
    # With weights at random each layer may make a difference in rounding some times larger.
    assert_predicts_as_the_layers_do(layers, shape, np.float64, seed, 1e-9)


CHAIN: list[Layer] = [
    InstanceNorm(),
    Conv2D(4, 3, padding="same"),
    BatchNorm(),
    ReLU(),
    MaxPool2D(2),
    Conv2D(3, 3),
    Dropout(0.5),
    BatchNorm(),
    Tanh(),
    Flatten(),
    ReLU(),
    Dense(5),
    BatchNorm(),
    GELU(),
    Dense(2),
]
SHAPE = (8, 8, 2)


def plan_of(layers: Sequence[Layer], shape: tuple[int | None, ...], mode: Any) -> list[str]:
    """The classes of a plan's nodes."""
    plan = Plan.of(Network(layers, input_shape=shape), mode)
    return [type(node.fused or node.layers[0]).__name__ for node in plan.nodes]


def test_what_becomes_of_a_chain() -> None:
    assert plan_of(CHAIN, (10, 12, 3), "inference") == [
        "BlockedInstanceNorm",
        "FoldedConv2D",
        "FoldedConv2D",  # across the dropout, which does nothing here
        "BufferedActivation",
        "Flatten",
        "BufferedActivation",
        "FoldedDense",
        "BufferedActivation",
        "DenseActivation",
    ]
    assert plan_of(CHAIN, (10, 12, 3), "training")[1:3] == ["ToeplitzConv2D", "BatchNormReLUMaxPool"]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([Dense(2), BatchNorm(), BatchNorm()], ["FoldedDense", "BlockedBatchNorm"]),
        ([Dense(2), ReLU(), BatchNorm()], ["DenseActivation", "BlockedBatchNorm"]),
        ([GELU(), MaxPool2D(2)], ["BufferedActivation", "BlockedMaxPool2D"]),  # it falls, too
        ([LeakyReLU(), MaxPool2D(2)], ["PoolBeforeActivation"]),
        ([Tanh(), AveragePool2D(2)], ["BufferedActivation", "BlockedAveragePool2D"]),
        ([BatchNorm(), ReLU(), MaxPool2D((1, 7))], ["BatchNormReLUMaxPool"]),
        ([Conv2D(2, 3), BatchNorm(), Tanh(), MaxPool2D(2)], ["FoldedConv2D", "PoolBeforeActivation"]),
        ([Conv2D(2, 3), BatchNorm(), ReLU(), MaxPool2D(4)], ["FoldedConv2D"]),
        ([Conv2D(2, 3), BatchNorm(), ReLU(), MaxPool2D(4, strides=1)], ["FoldedConv2D", "BlockedMaxPool2D"]),
        ([Conv2D(2, 3), BatchNorm(), ReLU(), MaxPool2D(3, strides=1)], ["FoldedConv2D"]),
        ([Conv2D(2, 3), ReLU(), MaxPool2D(4)], ["ConvReLUMaxPool"]),
        ([Conv2D(2, 3), ReLU(), MaxPool2D(2)], ["FoldedConv2D"]),
        ([MaxPool2D(4, padding="same")], ["MaxPool2D"]),
        ([GELU(approximate=False)], ["GELU"]),
    ],
)
def test_what_is_fused_in_prediction(layers: list[Layer], expected: list[str]) -> None:
    shape = (4,) if any(isinstance(layer, Dense) for layer in layers) else (7, 7, 3)
    assert plan_of(layers, shape, "inference") == expected


def test_frozen_layers_are_folded_in_prediction_only() -> None:
    layers = [Dense(3), BatchNorm(trainable=False)]
    assert plan_of(layers, (4,), "inference") == ["FoldedDense"]
    assert plan_of(layers, (4,), "training") == ["DenseActivation", "BlockedBatchNorm"]


def test_weights_that_change_are_folded_again_unless_they_are_frozen() -> None:
    network = drawn(CHAIN, SHAPE, np.float64, 1)
    x = np.random.default_rng(2).normal(size=(3, *SHAPE))
    engine = Engine(network)
    frozen = engine.frozen()
    before, _ = engine.predict(x)
    np.testing.assert_array_equal(frozen.predict(x)[0], before)
    network.vector *= 1.25
    after, _ = Reference(network).predict(x)
    np.testing.assert_allclose(engine.predict(x)[0], after, rtol=1e-9)
    assert not np.allclose(frozen.predict(x)[0], after)


def test_a_folded_convolution_takes_winograd_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    layers: list[Layer] = [Conv2D(64, 3, padding="same"), BatchNorm(), ReLU()]
    network = drawn(layers, (8, 8, 64), np.float32, 1)
    calls = []
    transform = winograd.output_transform

    def counted(*arrays: Any) -> None:
        calls.append(1)
        transform(*arrays)

    monkeypatch.setattr(winograd_conv2d, "output_transform", counted)
    x = np.random.default_rng(2).normal(size=(8, 8, 8, 64)).astype(np.float32)
    expected, _ = Reference(network).predict(x)
    found, _ = Engine(network).predict(x)
    assert calls
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_the_parameters_themselves_stay_as_they_are() -> None:
    network = drawn(CHAIN, SHAPE, np.float32, 1)
    parameters = network.vector.copy()
    Engine(network).predict(np.ones((2, *SHAPE), np.float32))
    np.testing.assert_array_equal(network.vector, parameters)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_predict_the_same_bits(threads: int) -> None:
    network = drawn(CHAIN, SHAPE, np.float32, 1)
    x = np.random.default_rng(2).normal(size=(600, *SHAPE)).astype(np.float32)
    with threadpool_limits(1):  # the threads of a BLAS may round differently
        alone, _ = Engine(network).predict(x)
        together, _ = Engine(network, threads=threads).predict(x)
    np.testing.assert_array_equal(together, alone)


def test_sequences() -> None:
    layers = [Dense(3), BatchNorm(), ReLU(), LSTM(4), BatchNorm(), Dense(2), BatchNorm(), Sigmoid()]
    network = drawn(layers, (None, 2), np.float64, 3)
    x = np.random.default_rng(4).normal(size=(5, 6, 2))
    expected, _ = Reference(network).predict(x)
    np.testing.assert_allclose(Engine(network).predict(x)[0], expected, rtol=1e-9, atol=1e-12)


def test_a_frozen_predictor_takes_batches_of_any_size() -> None:
    network = drawn(CHAIN, SHAPE, np.float64, 1)
    predictor = Engine(network).frozen()
    for N in (3, 0, 5, 1):
        x = np.random.default_rng(N).normal(size=(N, *SHAPE))
        expected, _ = Reference(network).predict(x)
        np.testing.assert_allclose(predictor.predict(x)[0], expected, rtol=1e-9, atol=1e-12)
