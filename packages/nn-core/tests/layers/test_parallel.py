"""Parallel branches: numbers worked out by hand, mixed features, frozen branches, errors."""

from typing import Any

import numpy as np
import pytest
from layer_call import run
from networks import CASES

from nn_core.checkpoint.architecture import describe_network, network_from
from nn_core.engine.engine import Engine
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.gradient_check import check_gradients
from nn_core.layers import (
    LSTM,
    BatchNorm,
    Chain,
    Context,
    Dense,
    Dropout,
    Embedding,
    Parallel,
    ReLU,
    Reshape,
    Select,
    Tanh,
)
from nn_core.losses import MeanSquaredError, SoftmaxCrossEntropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.reference import Backend, Reference

W = {"0/W": [[1.0], [2.0]], "0/b": [0.5]}


def test_concat_by_hand() -> None:
    """Branch 0 is x @ W + b, branch 1 is x itself."""
    layer = Parallel([Dense(1), []])
    y, d_x, grads = run(layer, [[1.0, 3.0]], [[2.0, 5.0, 7.0]], W)
    np.testing.assert_array_equal(y, [[7.5, 1.0, 3.0]])  # 1 + 2 * 3 + 0.5
    np.testing.assert_array_equal(grads["0/W"], [[2.0], [6.0]])
    np.testing.assert_array_equal(d_x, [[2.0 * 1.0 + 5.0, 2.0 * 2.0 + 7.0]])


@pytest.mark.parametrize(("merge", "share"), [("add", 1.0), ("mean", 0.5)])
def test_add_and_mean_by_hand(merge: str, share: float) -> None:
    layer = Parallel([Dense(1), Select([1])], merge=merge)
    y, d_x, grads = run(layer, [[1.0, 3.0]], [[2.0]], W)
    np.testing.assert_array_equal(y, [[share * 10.5]])  # 7.5 + 3
    np.testing.assert_array_equal(grads["0/b"], [share * 2.0])
    np.testing.assert_array_equal(d_x, [[share * 2.0, share * (4.0 + 2.0)]])


def test_two_inputs_match_two_separate_networks() -> None:
    """Features 0 to 2 and 3 to 4 pass through separate networks."""
    first, second = [Dense(3), Tanh()], [Dense(2), ReLU()]
    layer = Parallel([[Select(range(3)), *first], [Select([3, 4]), *second]])
    network = Network([layer], input_shape=5, seed=0, dtype="float64")
    x = np.random.default_rng(1).normal(size=(4, 5))
    apart = []
    for branch, (layers, columns) in enumerate([(first, slice(0, 3)), (second, slice(3, 5))]):
        alone = Network(layers, input_shape=columns.stop - columns.start, dtype="float64")
        for name in alone.params:
            index, _, last = name.partition("/")
            alone.params[name][...] = network.params[f"0/{branch}/{int(index) + 1}/{last}"]
        apart.append(alone(x[:, columns]))
    np.testing.assert_allclose(network(x), np.concatenate(apart, axis=1), rtol=1e-12)


@pytest.mark.parametrize("name", ["mixed features", "last step", "mean over time", "parallel"])
def test_gradients_of_whole_networks(name: str) -> None:
    case = CASES[name]
    x, y = case.batch(np.random.default_rng(0), 6)
    report = check_gradients(case.network(), x, y, SoftmaxCrossEntropy(), rng=np.random.default_rng(1))
    assert report.error <= 1e-6
    assert ("the input x" in {array.name for array in report.arrays}) == (name in ("mean over time", "parallel"))


@pytest.mark.parametrize("backend", [Reference, Engine])
def test_learns_categorical_and_numeric_features(backend: type[Backend]) -> None:
    """y = offset of the category + 2 x1 - x2; without the embedding, the offsets cannot be learned."""
    rng = np.random.default_rng(0)
    offsets = np.array([3.0, -2.0, 0.5, 4.0, -4.0])
    x = rng.normal(size=(256, 3)).astype(np.float32)
    category = rng.integers(5, size=256)
    x[:, 0] = category
    y = (offsets[category] + 2 * x[:, 1] - x[:, 2]).astype(np.float32)[:, None]
    layers = [Parallel([[Select(0), Embedding(5, 2)], Select([1, 2])]), Dense(1)]
    network = Network(layers, input_shape=3, seed=0)
    engine: Any = backend(network)  # type: ignore[call-arg]
    optimizer = Adam(0.05)
    state = optimizer.init(network.trained)
    loss = MeanSquaredError()
    for step in range(1, 201):
        result = engine.loss_and_gradients(x, y, loss)
        engine.update(optimizer, result.gradients, state, learning_rate=0.05, step=step)
    assert loss(network(x), y)[0] < 1e-3


def test_tokens_in_a_branch_are_validated() -> None:
    network = Network([Select(0), Embedding(5, 2)], input_shape=3, seed=0)
    for engine in (Reference(network), Engine(network)):
        expected = network.params["1/W"][[4, 0]]
        np.testing.assert_array_equal(engine.predict(np.array([[4.0, 7, 7], [0, 7, 7]]))[0], expected)
        for wrong, message in ((0.5, "integers"), (np.nan, "integers"), (5, "token 5 is outside 0 to 4")):
            with pytest.raises(DataError, match=message):
                engine.predict(np.array([[wrong, 1.0, 2.0]]))


def test_embedding_after_a_computing_layer_is_rejected() -> None:
    for layer in (Embedding(5, 2), Parallel([[Select(0), Embedding(5, 2)], []]), Chain([Select(0), Embedding(5, 2)])):
        with pytest.raises(SettingError, match="takes integers: it must come first"):
            Network([Dense(3), layer], input_shape=3)
    with pytest.raises(SettingError, match="must come first"):
        Parallel([[Dense(3), Embedding(5, 2)]])
    assert Network([Reshape((2, 2)), Select([0]), Embedding(5, 2)], input_shape=4).output_shape == (2, 1, 2)


def test_a_frozen_branch_keeps_its_parameters_and_does_not_train() -> None:
    layer = Parallel([[BatchNorm(trainable=False), Dropout(0.5, trainable=False)], [Dense(2), BatchNorm()]])
    assert layer.batch_dependent
    assert not Parallel([BatchNorm(trainable=False), Chain([BatchNorm()], trainable=False)]).batch_dependent
    network = Network([layer], input_shape=2, seed=0)
    assert {name for name, p in network.declared.items() if p.region == 3} == {
        f"0/0/0/{name}" for name in ("gamma", "beta", "running_mean", "running_variance")
    }
    frozen = Network([Parallel([Dense(2), Dense(2)], trainable=False), Dense(1)], input_shape=2)
    assert frozen.trained_count == 4 + 1


def test_branches_draw_independent_noise() -> None:
    x = np.ones((200, 4))
    layer = Parallel([Dropout(0.5), Dropout(0.5), [Dropout(0.5)]])
    y, _, _ = layer.forward_with_state(x, layer.initial_state(200, (4,), np.float64), {}, Context(path=(3,)))
    first, second, third = np.split(y, 3, axis=1)
    assert (first != second).any()
    assert (second != third).any()
    alone = Dropout(0.5).forward(x, {}, Context(path=(3, 1)))[0]
    np.testing.assert_array_equal(second, alone)


def test_states_of_branches_continue_a_sequence() -> None:
    network = Network([Parallel([LSTM(3), [LSTM(2), Dense(3)]], merge="add")], input_shape=(None, 2), seed=0)
    x = np.random.default_rng(0).normal(size=(4, 6, 2)).astype(np.float32)
    for engine in (Reference(network), Engine(network)):
        whole, _ = engine.predict(x)
        start, state = engine.predict(x[:, :2])
        end, _ = engine.predict(x[:, 2:], state)
        np.testing.assert_allclose(np.concatenate([start, end], axis=1), whole, atol=1e-6)


def test_checkpoint_round_trip() -> None:
    for case in ("parallel", "mixed features", "mean over time"):
        network = CASES[case].network()
        again = network_from(describe_network(network))
        assert again.layers == network.layers
        assert again.padding == network.padding
        assert not again.vector.any()


@pytest.mark.parametrize(
    ("branches", "settings", "error", "message"),
    [
        ([], {}, SettingError, "at least one branch"),
        (Dense(3), {}, SettingError, r"Parallel takes a list of layers: Parallel\(\[Dense\(3\)\]\)"),
        ([Dense], {}, SettingError, r"branch 0 is the class Dense; use Dense\(8\)"),
        ([[Dense(3), None]], {}, SettingError, "layer 1 is None"),
        ([Dense(3)], {"merge": "sum"}, SettingError, "merge must be one of concat, add, mean, not 'sum'"),
        ([Dense(3), Dense(4)], {"merge": "add"}, ShapeError, "needs branches of equal output shapes"),
        ([Select(0), []], {}, ShapeError, "differ in the last axis only"),
        ([[], Select(9)], {}, ShapeError, "branch 1, .*column 9 is out of range for 2 columns"),
    ],
)
def test_invalid_branches(branches: Any, settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Network([Parallel(branches, **settings)], input_shape=2)
