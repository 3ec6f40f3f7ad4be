"""What a network predicts with: fewer layers, the answers of all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nn_core.arrays import Array
from nn_core.errors import SettingError, ShapeError
from nn_core.folding import Link, Use, uses
from nn_core.layers import (
    GELU,
    GRU,
    LSTM,
    AveragePool2D,
    BatchNorm,
    Context,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    InstanceNorm,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Sigmoid,
    Tanh,
)
from nn_core.layers.activated import Activated
from nn_core.layers.batch_norm_relu_max_pool import BatchNormReLUMaxPool
from nn_core.layers.conv_relu_max_pool import ConvReLUMaxPool
from nn_core.network import Network

activations = st.sampled_from([ReLU(), LeakyReLU(), Sigmoid(), Tanh(), GELU()])
windows = st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 3), st.integers(1, 5)))
norms = st.builds(BatchNorm, epsilon=st.sampled_from([1e-5, 0.1]))
elsewhere = st.one_of(activations, norms, st.just(Dropout(0.5)))
convolutions = st.builds(
    Conv2D,
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 2),
    st.sampled_from(["same", "valid"]),
)
dense = st.builds(Dense, st.integers(1, 6))
on_maps = st.one_of(
    elsewhere,
    convolutions,
    st.builds(MaxPool2D, windows),
    st.builds(MaxPool2D, windows, st.integers(1, 3)),
    st.builds(AveragePool2D, windows),
    st.just(InstanceNorm()),
)
on_rows = st.one_of(elsewhere, dense)
chains = st.builds(
    lambda maps, rows: [*maps, Flatten(), *rows],
    st.lists(on_maps, max_size=7),
    st.lists(on_rows, max_size=5),
)


def drawn(
    layers: Sequence[Layer], shape: tuple[int, ...], dtype: npt.DTypeLike, seed: int, **options: Any
) -> Network:
    """A network with parameters at random, its variances positive."""
    network = Network(layers, input_shape=shape, dtype=dtype, **options)
    rng = np.random.default_rng(seed)
    network.parameters[...] = rng.normal(size=network.parameters.size)
    for views in network.parameter_views:
        if "running_variance" in views:
            np.exp(views["running_variance"], out=views["running_variance"])
    return network


def forward_of(network: Network, x: Array) -> Array:
    logits, _ = network.forward(x, network.contexts())
    return logits.copy()


def assert_answers_as_the_layers_do(
    layers: list[Layer], shape: tuple[int, ...], dtype: npt.DTypeLike, seed: int, tolerance: float
) -> None:
    try:
        network = drawn(layers, shape, dtype, seed)
    except ShapeError:
        assume(False)
    plain = drawn(layers, shape, dtype, seed, fused=False)
    x = np.random.default_rng(seed).normal(size=(1 + seed % 5, *shape)).astype(dtype)
    given_x = x.copy()
    expected = forward_of(plain, x)
    largest = max(1.0, float(np.abs(expected).max()))
    contexts = network.contexts(frozen=True)
    for _ in range(2):  # the second time in used memory, with what was folded before
        logits = network.predict(x, batch_size=2, contexts=contexts)
        np.testing.assert_allclose(logits, expected, rtol=0, atol=tolerance * largest)
    np.testing.assert_array_equal(x, given_x)
    np.testing.assert_array_equal(plain.predict(x), expected)


@settings(max_examples=150, deadline=None)
@given(
    layer=st.one_of(convolutions, dense),
    norm=norms,
    activation=activations,
    pool=st.one_of(st.none(), st.builds(MaxPool2D, windows, st.none() | st.integers(1, 3))),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 3)),
    double=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_it_answers_as_the_layers_do(
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
    assert_answers_as_the_layers_do(layers, example, dtype, seed, tolerance)


@settings(max_examples=150, deadline=None)
@given(
    layers=chains,
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 3)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_chain_answers_as_its_layers_do(
    layers: list[Layer], shape: tuple[int, int, int], seed: int
) -> None:
    # With weights at random each layer may make a difference in rounding some times larger.
    assert_answers_as_the_layers_do(layers, shape, np.float64, seed, 1e-9)


CHAIN = [
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


def test_what_becomes_of_a_chain() -> None:
    assert [use.layer for use in uses(CHAIN, (10, 12, 3), fused=True)] == [
        InstanceNorm(),
        Conv2D(4, 3, padding="same"),
        Activated(MaxPool2D(2), ReLU()),
        Activated(Conv2D(3, 3), Tanh()),
        Flatten(),
        ReLU(),
        Dense(5),
        GELU(),
        Dense(2),
    ]
    assert [use.layer for use in uses(CHAIN, (10, 12, 3), fused=False)] == CHAIN


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([ReLU(), Dense(2)], [ReLU(), Dense(2)]),  # the input is the caller's
        ([Flatten(), ReLU()], [Flatten(), ReLU()]),  # and may look like an output
        ([BatchNorm(), Dense(2)], [BatchNorm(), Dense(2)]),
        ([Dense(2), BatchNorm(), BatchNorm()], [Dense(2), BatchNorm()]),
        ([Dense(2), ReLU(), BatchNorm()], [Activated(Dense(2), ReLU()), BatchNorm()]),
        ([GELU(), MaxPool2D(2)], [GELU(), MaxPool2D(2)]),  # it falls before it rises
        ([LeakyReLU(), MaxPool2D(2)], [MaxPool2D(2), LeakyReLU()]),
        ([Tanh(), AveragePool2D(2)], [Tanh(), AveragePool2D(2)]),
        (
            [Conv2D(2, 3), BatchNorm(), ReLU(), MaxPool2D(4)],
            [ConvReLUMaxPool(Conv2D(2, 3), MaxPool2D(4))],
        ),
        (
            [BatchNorm(), ReLU(), MaxPool2D(2)],
            [BatchNormReLUMaxPool(BatchNorm(), MaxPool2D(2))],
        ),
        ([Dropout(0.5)], []),
    ],
)
def test_what_goes_and_what_stays(layers: list[Layer], expected: list[Layer]) -> None:
    shape = (4,) if any(isinstance(layer, Dense) for layer in layers) else (6, 6, 3)
    assert [use.layer for use in uses(layers, shape, fused=True)] == expected


def test_weights_that_change_are_folded_anew_unless_they_are_frozen() -> None:
    network = drawn(CHAIN, SHAPE, np.float64, 1)
    x = np.random.default_rng(2).normal(size=(3, *SHAPE))
    contexts, frozen = network.contexts(), network.contexts(frozen=True)
    before = network.predict(x, contexts=contexts)
    np.testing.assert_array_equal(network.predict(x, contexts=frozen), before)
    network.parameters *= 1.25
    after = forward_of(network, x)
    np.testing.assert_allclose(network.predict(x, contexts=contexts), after, rtol=1e-9)
    assert not np.allclose(before, after)
    folded = network.uses[1].parameters(network.parameter_views, frozen)
    assert not np.allclose(
        folded["W"], network.uses[1].parameters(network.parameter_views, contexts)["W"]
    )


def test_predicting_leaves_what_plain_layers_keep_of_frozen_weights() -> None:
    network = drawn(CHAIN, SHAPE, np.float64, 1)
    x = np.random.default_rng(2).normal(size=(3, *SHAPE))
    contexts = network.contexts(frozen=True)
    for _ in range(2):
        logits, _ = network.forward(x, contexts)
        np.testing.assert_array_equal(logits, forward_of(network, x))
        np.testing.assert_allclose(network.predict(x, contexts=contexts), logits, rtol=1e-9)


def test_predicting_and_going_forward_keep_what_they_make_of_frozen_weights_apart() -> None:
    layers = [Embedding(6, 5), Dropout(0.5), GRU(7), Dense(5)]
    network = drawn(layers, (), np.float64, 1, over_time=True)
    words = np.random.default_rng(2).integers(5, size=(3, 4))
    expected, contexts = forward_of(network, words), network.contexts(frozen=True)
    for _ in range(2):
        np.testing.assert_allclose(network.forward(words, contexts)[0], expected, rtol=1e-9)
        np.testing.assert_allclose(network.predict(words, contexts=contexts), expected, rtol=1e-9)


def test_what_was_interrupted_while_it_was_made_is_made_again() -> None:
    context = Context(frozen=True)

    def interrupted(array: Array) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        context.of_weights("W", (2,), interrupted)
    made = []
    for value in (1.0, 2.0):
        kept = context.of_weights("W", (2,), lambda array, value=value: array.fill(value))
        made.append(kept.tolist())
    assert made == [[1.0, 1.0], [1.0, 1.0]]


def test_what_was_made_for_another_shape_is_made_again() -> None:
    context = Context(frozen=True)

    def interrupted(array: Array) -> None:
        array.fill(9.0)
        raise KeyboardInterrupt

    context.of_weights("W", (2,), lambda array: array.fill(1.0))
    assert context.of_weights("W", (3,), lambda array: array.fill(2.0)).tolist() == [2.0] * 3
    with pytest.raises(KeyboardInterrupt):
        context.of_weights("W", (2,), interrupted)
    assert context.of_weights("W", (3,), lambda array: array.fill(3.0)).tolist() == [3.0] * 3
    assert context.twin(1).frozen


def test_a_layer_with_a_memory_lends_its_context() -> None:
    layers = [Embedding(3, 5), LSTM(4), Dense(5)]
    assert [use.memory for use in uses(layers, (), fused=True)] == [1, 2]
    assert [use.memory for use in uses(layers, (), fused=False)] == [0, 1, 2]


@pytest.mark.parametrize("layer", [MaxPool2D(2), BatchNorm()])
def test_what_is_written_over_is_not_gone_back_through_where_it_would_be_needed(
    layer: Layer,
) -> None:
    activated, context = Activated(layer, Tanh()), Context()
    x = np.ones((1, 2, 2, 1), np.float32)
    params = {name: np.ones(p.shape) for name, p in layer.parameters(x.shape[1:]).items()}
    y, cache = activated.forward(x, params, context)
    with pytest.raises(SettingError, match="no way back"):
        activated.backward(np.ones_like(y), cache, params, {}, context)


def test_the_parameters_themselves_stay_as_they_are() -> None:
    network = drawn(CHAIN, SHAPE, np.float32, 1)
    parameters = network.parameters.copy()
    network.predict(np.ones((2, *SHAPE), np.float32))
    np.testing.assert_array_equal(network.parameters, parameters)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_answer_with_the_same_bits(threads: int) -> None:
    network = drawn(CHAIN, SHAPE, np.float32, 1)
    x = np.random.default_rng(2).normal(size=(11, *SHAPE)).astype(np.float32)
    alone = network.predict(x, batch_size=2)
    together = network.predict(x, batch_size=2, contexts=network.contexts(threads=threads))
    np.testing.assert_array_equal(together, alone)


def test_over_time() -> None:
    layers = [Dense(3), BatchNorm(), ReLU(), LSTM(4), BatchNorm(), Dense(2), BatchNorm(), Sigmoid()]
    network = drawn(layers, (2,), np.float64, 3, over_time=True)
    assert [type(use.layer) for use in network.uses] == [Activated, LSTM, BatchNorm, Activated]
    x = np.random.default_rng(4).normal(size=(5, 6, 2))
    np.testing.assert_allclose(network.predict(x), forward_of(network, x), rtol=1e-9, atol=1e-12)


def test_contexts_that_train_do_not_predict() -> None:
    network = drawn(CHAIN, SHAPE, np.float32, 1)
    with pytest.raises(SettingError, match="contexts that train"):
        network.predict(np.ones((2, *SHAPE)), contexts=network.contexts(training=True))


def test_the_summary_says_what_is_folded() -> None:
    one, other = (Network(CHAIN, input_shape=SHAPE, fused=fused) for fused in (True, False))
    assert one.summary().folded == (
        "layer 2, BatchNorm, is part of layer 1, Conv2D",
        "layer 7, BatchNorm, is part of layer 5, Conv2D",
        "layer 12, BatchNorm, is part of layer 11, Dense",
    )
    assert str(one.summary()).endswith(f"to predict: {one.summary().folded[-1]}")
    assert other.summary().folded == ()


def test_an_example_that_is_larger_than_all_memory_still_passes() -> None:
    network = Network([Flatten(), Dense(1)], input_shape=(2,))
    assert network.predict_size > 1
    network.predict_size = 1
    assert network.predict(np.ones((3, 2), np.float32)).shape == (3, 1)
    assert Use.of(Dense(1), (Link(Dense(1), 0),)).folded == ()
