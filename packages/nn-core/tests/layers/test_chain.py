"""Chains and residuals: shapes, names, states, and which gradients they compute."""

from typing import Any

import numpy as np
import pytest
from layer_call import LayerCall, run

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.gradient_check import check_layer
from nn_core.layers import (
    BatchNorm,
    Cache,
    Chain,
    Context,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    MaxPool2D,
    Residual,
    SimpleRNN,
    Tanh,
)
from nn_core.layers.chain import below
from nn_core.losses import mean_squared_error
from nn_core.network import Network
from nn_core.reference import Reference


class Recording(Layer):
    """The identity, which notes with which contexts it was called."""

    def __init__(self, trainable: bool = True) -> None:
        object.__setattr__(self, "trainable", trainable)
        object.__setattr__(self, "seen", [])

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        self.seen.append(("forward", context.path, context.training))  # type: ignore[attr-defined]
        return x, None

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        self.seen.append(("backward", context.path, context.needs_d_x))  # type: ignore[attr-defined]
        return d_y


def test_a_chain_is_its_layers_one_after_the_other() -> None:
    call = LayerCall(Chain((Dense(3), Tanh(), Dense(2))), (4, 5))
    y, d_x = call.run()
    first, second = (below(call.params, index) for index in (0, 2))
    h, cache = Dense(3).forward(call.x, first, Context())
    a = np.tanh(h)
    expected, second_cache = Dense(2).forward(a, second, Context())
    np.testing.assert_array_equal(y, expected)
    grads = {name: np.empty_like(values) for name, values in call.grads.items()}
    d = Dense(2).backward(call.d_y, second_cache, second, below(grads, 2), Context())
    assert d is not None
    d = Dense(3).backward(d * (1 - a * a), cache, first, below(grads, 0), Context())
    assert d is not None
    np.testing.assert_allclose(d_x, d, rtol=1e-14)
    for name, gradient in call.grads.items():
        np.testing.assert_allclose(gradient, grads[name], rtol=1e-14)


def test_a_residual_by_hand() -> None:
    # f(x) = x W + b with W = [[2, 0], [1, 3]]: y = x + f(x), d_x = d_y + d_y W^T.
    layer = Residual((Dense(2),))
    W = np.array([[2.0, 0.0], [1.0, 3.0]])
    y, d_x, grads = run(layer, [[1.0, 10.0]], [[1.0, 100.0]], {"0/W": W, "0/b": [5.0, 7.0]})
    np.testing.assert_array_equal(y, [[1 + 2 + 10 + 5, 10 + 30 + 7]])
    np.testing.assert_array_equal(d_x, [[1 + 2, 100 + 1 + 300]])
    np.testing.assert_array_equal(grads["0/W"], [[1, 100], [10, 1000]])
    np.testing.assert_array_equal(grads["0/b"], [1, 100])


def test_parameters_are_named_by_position() -> None:
    chain = Chain((Dense(3), Residual((Tanh(), Dense(3))), BatchNorm()))
    assert list(chain.parameters((2,))) == [
        "0/W",
        "0/b",
        "1/1/W",
        "1/1/b",
        "2/gamma",
        "2/beta",
        "2/running_mean",
        "2/running_variance",
    ]
    assert chain.parameters((2,))["0/W"].shape == (2, 3)
    assert chain.parameters((2,))["1/1/W"].shape == (3, 3)
    assert chain.macs((2,)) == 6 + 9 + 3
    assert below({"1/W": 1, "1/1/b": 2, "11/W": 3}, 1) == {"W": 1, "1/b": 2}


def test_layers_may_be_given_as_a_list() -> None:
    from_json: Any = Chain([Dense(3), Tanh()])  # type: ignore[arg-type]
    assert from_json == Chain((Dense(3), Tanh()))
    assert hash(from_json) == hash(Chain((Dense(3), Tanh())))
    assert Chain((Dense(3),)) != Residual((Dense(3),))


def test_what_is_frozen_is_frozen_all_the_way_down() -> None:
    layers = (Dense(3), Residual((BatchNorm(),)))
    assert [p.region for p in Chain(layers).parameters((2,)).values()] == [0, 1, 1, 1, 2, 2]
    frozen = Chain((Chain(layers, trainable=False), Dense(2)))
    assert [p.region for p in frozen.parameters((2,)).values()] == [3] * 6 + [0, 1]


def test_frozen_layers_run_as_in_prediction() -> None:
    inner = (Dropout(0.5), BatchNorm(epsilon=1e-12), Dropout(0.5))
    network = Network([Chain(inner, trainable=False)], input_shape=(3,), dtype=np.float64)
    network.initialize(np.random.default_rng(0))
    x = np.full((4, 3), 2.0)
    y, _, _ = network.chain.forward_with_state(x, network.initial_state(4), network.params, Context())
    np.testing.assert_allclose(y, x, rtol=1e-11)  # running mean 0, variance 1


def test_every_layer_gets_its_path_and_mode() -> None:
    leaf, frozen = Recording(), Recording(trainable=False)
    chain = Chain((Tanh(), Chain((leaf,)), frozen))
    y, cache = chain.forward(np.ones((2, 3)), {}, Context(path=(7,)))
    chain.backward(y, cache, {}, {}, Context(path=(7,)))
    seen = leaf.seen + frozen.seen  # type: ignore[attr-defined]
    assert ("forward", (7, 1, 0), True) in seen
    assert ("forward", (7, 2), False) in seen


@pytest.mark.parametrize("first", [Dense(3), Residual((Dense(3), Tanh())), Chain((Dense(3),))])
def test_nothing_is_computed_for_the_data_where_no_one_asks(first: Layer) -> None:
    chain = Chain((first, Dense(2)))
    for needs_d_x in (True, False):
        call = LayerCall(chain, (4, 3), needs_d_x=needs_d_x)
        d_x = call.backward(call.forward()[1])
        assert (d_x is not None) == needs_d_x
        assert all(gradient.any() for gradient in call.grads.values())


def test_layers_before_the_first_that_learns_are_not_asked_for_gradients() -> None:
    before, after = Recording(), Recording()
    chain = Chain((before, Dense(3), after))
    params = {"1/W": np.ones((2, 3)), "1/b": np.ones(3)}
    grads = {name: np.zeros_like(values) for name, values in params.items()}
    context = Context(needs_d_x=False)
    y, cache = chain.forward(np.ones((2, 2)), params, context)
    assert chain.backward(y, cache, params, grads, context) is None
    assert [call[0] for call in before.seen] == ["forward"]  # type: ignore[attr-defined]
    assert after.seen[-1] == ("backward", (2,), True)  # type: ignore[attr-defined]


def test_states_go_in_and_come_out_by_layer() -> None:
    chain = Chain((Dense(3), Residual((SimpleRNN(3), Tanh())), SimpleRNN(2)))
    call = LayerCall(chain, (2, 6, 3))
    state = chain.initial_state(2, (None, 3), np.float64)
    assert [len(part) for part in state] == [0, 2, 1]
    whole, left, _ = chain.forward_with_state(call.x, state, call.params, Context())
    parts = []
    for rows in (slice(0, 2), slice(2, 3), slice(3, 6)):
        y, state, _ = chain.forward_with_state(call.x[:, rows], state, call.params, Context())
        parts.append(y)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-13)
    np.testing.assert_allclose(state[1][0][0], left[1][0][0], rtol=1e-13)
    np.testing.assert_allclose(state[2][0], left[2][0], rtol=1e-13)


def test_a_chain_of_tokens_takes_integers() -> None:
    assert Chain((Embedding(5, 3), Tanh())).takes_integers
    assert not Chain((Tanh(),)).takes_integers
    assert not Chain(()).takes_integers
    network = Network([Chain((Embedding(5, 3), Dense(2)))], input_shape=(None,), dtype=np.float64)
    network.initialize(np.random.default_rng(0))
    x = np.array([[0, 4, 2], [1, 1, 3]])
    result = Reference(network).loss_and_gradients(x, np.zeros((2, 3, 2)), mean_squared_error)
    assert result.gradients.any()
    check_layer(network.layers[0], x, rng=np.random.default_rng(0))


def test_an_empty_chain_and_an_empty_residual() -> None:
    x = np.ones((2, 3))
    for layer, factor in ((Chain(()), 1), (Residual(()), 2)):
        y, d_x, _ = run(layer, x, x)
        np.testing.assert_array_equal(y, factor * x)
        np.testing.assert_array_equal(d_x, factor * x)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Chain((Dense(3), MaxPool2D(2))), (4,), r"^layer 1, MaxPool2D\(.*\): expected an image"),
        (
            Chain((Dense(3), Chain((Tanh(), Flatten(), MaxPool2D(2))))),
            (4,),
            r"^layer 1, Chain\(.*\): layer 2, MaxPool2D\(.*\): expected an image",
        ),
        (Residual((Dense(3),)), (4,), r"Residual needs equal input and output shapes, not \(4,\) and \(3,\)"),
    ],
)
def test_layers_that_do_not_fit(layer: Layer, shape: Shape, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        layer.output_shape(shape)
