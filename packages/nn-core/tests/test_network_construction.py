"""Constructing a network: seed, list of layers, input shape, and errors."""

import pickle
from typing import Any

import numpy as np
import pytest

from nn_core.errors import SettingError, ShapeError
from nn_core.layers import Conv2D, Dense, Flatten, Layer, LeakyReLU, MaxPool2D, ReLU, Residual, Tanh
from nn_core.network import Network


def test_weights_are_initialized_by_default() -> None:
    for settings in ({}, {"seed": None}, {"rng": None}, {"seed": 0}, {"rng": 0}, {"rng": np.random.default_rng(0)}):
        network = Network([Dense(3), "relu", Dense(1)], input_shape=2, **settings)  # type: ignore[arg-type]
        assert network.weights.all()
        assert network.vector.dtype == np.float32
    assert not Network([Dense(3)], input_shape=2, initialize=False).vector.any()


def test_a_seed_is_an_integer_a_generator_or_drawn_and_recorded() -> None:
    first, second = (Network([Dense(3)], input_shape=2) for _ in range(2))
    assert first.seed != second.seed
    assert (first.weights != second.weights).any()
    again = Network([Dense(3)], input_shape=2, seed=first.seed)
    np.testing.assert_array_equal(again.vector, first.vector)
    five = [
        Network([Dense(3)], input_shape=2, seed=5),
        Network([Dense(3)], input_shape=2, rng=5),
        Network([Dense(3)], input_shape=2, rng=np.random.default_rng(5)),
    ]
    assert [network.seed for network in five] == [5, 5, None]
    for network in five:
        np.testing.assert_array_equal(network.vector, five[0].vector)
    assert pickle.loads(pickle.dumps(five[0])).seed == 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": 1, "rng": 2}, "the seed is set twice: seed=1 and rng=2"),
        ({"seed": 1.5}, "seed takes an integer, not 1.5"),
        ({"seed": -1}, "the seed must be at least 0, not -1"),
        ({"rng": np.random}, r"rng takes an integer or np.random.default_rng\(0\), not <module"),
        ({"dtype": "half"}, "float32 or float64, not float16"),
        ({"dtype": "doubel"}, "float32 or float64, not doubel"),
        ({"padding": 0}, "padding is for sequences"),
    ],
)
def test_invalid_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Network([Dense(3)], input_shape=2, **settings)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Dense(3), ReLU], r"layer 1 is the class ReLU; use ReLU\(\)"),
        ([Dense], r"layer 0 is the class Dense; use Dense\(8\)"),
        ([Dense(3), [ReLU()]], r"layer 1 is a list; unpack it with \*, or write Chain\(\[...\]\)"),
        ([None], "layer 0 is None; omit it"),
        (["rely"], "layer 0: unknown activation 'rely'; did you mean 'relu'?"),
        ([np.tanh], 'layer 0 is the function tanh; use the name of an activation, such as "relu"'),
        ([Network([Dense(3)], input_shape=2)], "layer 0 is a Network"),
        ([3], "layer 0 is 3, not a layer"),
        (Dense(3), r"Network takes a list of layers: Network\(\[Dense\(3\)\], input_shape=\(4,\)\)"),
        ("relu", "Network takes a list of layers"),
    ],
)
def test_items_that_are_not_layers(layers: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Network(layers, input_shape=2)


def test_strings_are_activations() -> None:
    network = Network([Dense(3), "leaky-relu:slope=0.2", Residual(["tanh"])], input_shape=2)
    assert network.layers[1:] == (LeakyReLU(0.2), Residual([Tanh()]))


@pytest.mark.parametrize(
    ("layers", "shape", "refused"),
    [
        ([Conv2D(4, 3), Flatten()], (3, 64, 64), True),
        ([MaxPool2D(2), Flatten()], (1, 28, 28), True),
        ([Conv2D(4, 3)], (3, 48, 64), True),
        ([Conv2D(4, 3)], (64, 64, 3), False),
        ([Conv2D(4, (1, 3))], (1, 28, 28), False),
        ([Conv2D(4, 3)], (16, 16, 16), False),
        ([Flatten(), Dense(4)], (3, 64, 64), False),
        ([Conv2D(4, 3)], (3, 16, 64), True),
        ([Conv2D(4, 3)], (3, 15, 64), False),  # a strip three pixels high
        ([Conv2D(4, 3)], (3, 64, 15), False),
        ([Conv2D(4, 3)], (1, 8, 8), True),
        ([Conv2D(4, (1, 1))], (1, 7, 7), False),
        ([Conv2D(4, (1, 1))], (1, 28, 30), False),
    ],
)
def test_channels_first_is_refused(layers: list[Layer], shape: tuple[int, ...], refused: bool) -> None:
    if refused:
        with pytest.raises(ShapeError, match=r"channels first; use channels last: input_shape=\(\d+, \d+, [13]\)"):
            Network(layers, input_shape=shape)
    else:
        assert Network(layers, input_shape=shape).input_shape == shape


def test_a_network_is_called_and_counts_its_parameters() -> None:
    network = Network([Dense(3), ReLU(), Dense(2)], input_shape=2)
    x = [[1.0, 2.0], [3.0, 4.0]]
    first, kept = network(x), network(x).copy()
    network([[0.0, 1.0], [5.0, 6.0]])
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(first, network.activations(np.array(x))[-1])
    assert first.dtype == np.float32
    assert Network([Dense(3)], input_shape=2, dtype="float64")(x).dtype == np.float64
    assert network.count_params() == 2 * 3 + 3 + 3 * 2 + 2
