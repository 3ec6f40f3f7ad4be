"""Frozen layers."""

from typing import Any

import numpy as np
import pytest

from nn_core.engine.engine import Engine
from nn_core.errors import SettingError
from nn_core.layers import BatchNorm, Dense, Dropout, Parallel, ReLU, Residual
from nn_core.network import Network
from nn_core.reference import Backend, Reference
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)


def network() -> Network:
    layers = [
        Dense(8),
        BatchNorm(),
        ReLU(),
        Residual([Dense(8), BatchNorm(), "tanh", Parallel([[], [Dense(8), Dropout(0.1)]], merge="mean")]),
        Dense(2),
    ]
    return Network(layers, input_shape=4, seed=0)


def train(network: Network, backend: Any = Engine, epochs: int = 3) -> None:
    Trainer(backend(network), X, Y, Recipe("softmax-cross-entropy", "adam", batch_size=16), epochs=epochs, seed=1).run()


@pytest.mark.parametrize("backend", [Reference, Engine])
def test_frozen_weights_do_not_change(backend: type[Backend]) -> None:
    whole = network()
    train(whole)
    frozen = whole.freeze("0", 1, "3/1", "3/3/1/0")
    assert set(frozen.params) == set(whole.params)
    for name, array in whole.params.items():
        np.testing.assert_array_equal(frozen.params[name], array)
    np.testing.assert_array_equal(frozen(X), whole(X))
    before = {name: array.copy() for name, array in frozen.params.items()}
    train(frozen, backend)
    for name, array in frozen.params.items():
        kept = name.startswith(("0/", "1/", "3/1/", "3/3/1/0/"))
        assert (array.tobytes() == before[name].tobytes()) is kept, name
        np.testing.assert_array_equal(whole.params[name], before[name])  # the network it came from


def test_transfer_learning() -> None:
    """All but the head of a trained network is frozen, and a new head learns on other labels."""
    source = network()
    train(source, epochs=60)
    head = Network([*source.layers[:-1], Dense(1)], input_shape=4, seed=1)
    for name, array in source.params.items():
        if not name.startswith("4/"):
            head.params[name][...] = array
    head = head.freeze(0, 1, 3)
    assert head.trained_count == 8 + 1
    features = head.activations(X)[3]
    recipe = Recipe("mean-squared-error", "adam", learning_rate=0.01)
    Trainer(Engine(head), X, 2 * Y[:, None] - 1.0, recipe, epochs=60, seed=1).run()
    np.testing.assert_array_equal(head.activations(X)[3], features)
    assert ((head(X)[:, 0] > 0) == Y).mean() > 0.9


def test_unfreezing_gives_back_the_same_network() -> None:
    whole = network()
    again = whole.freeze("0", "3/3").unfreeze(0, "3/3")
    assert again.layers == whole.layers
    np.testing.assert_array_equal(again.vector, whole.vector)
    assert whole.freeze(-1).layers == whole.freeze("4").layers
    assert whole.freeze("0").seed == whole.seed == 0


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("9", "there is no layer '9'"),
        ("0/1", "there is no layer '0/1'"),
        ("0/W", "'0/W' is not the path of a layer, such as '2' or '2/1'; the layer of 'W' is '0'"),
        ("head", "'head' is not the path of a layer"),
    ],
)
def test_paths_without_a_layer(path: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        network().freeze(path)


def test_layers_inside_a_frozen_layer_stay_frozen() -> None:
    frozen = network().freeze("3")
    with pytest.raises(SettingError, match="layer '3/3/1' is inside layer '3', which is frozen: unfreeze '3'"):
        frozen.unfreeze("3/3/1")
    for change in (frozen.freeze, frozen.unfreeze):
        with pytest.raises(SettingError, match="takes the paths of layers"):
            change()
