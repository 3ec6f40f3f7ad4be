"""A network: its one vector, its views by path, its shapes and errors."""

import copy
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from networks import CASES, Unembedding, padded

from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.layers import (
    GELU,
    GRU,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LeakyReLU,
    ReLU,
    Residual,
    Sigmoid,
    Tanh,
)
from nn_core.network import Network
from nn_core.reference import Reference

DEEP: list[Layer] = [
    Flatten(),
    Dense(6, initializer="he"),
    ReLU(),
    Dropout(0.3),
    Dense(5, initializer="xavier"),
    Tanh(),
    Dense(4, initializer="lecun"),
    LeakyReLU(0.1),
    Dense(4, initializer="orthogonal"),
    GELU(),
    Dense(3),
    Sigmoid(),
    Dense(2),
]


def build(
    layers: Sequence[Layer], input_shape: Sequence[int | None], *, seed: int = 0, dtype: npt.DTypeLike = np.float64
) -> Network:
    return Network(layers, input_shape=input_shape, rng=np.random.default_rng(seed), dtype=dtype)


# One vector


def test_weights_come_first_then_biases_then_statistics_then_what_is_frozen() -> None:
    layers = [Dense(2, trainable=False), BatchNorm(), Dense(3), BatchNorm(trainable=False)]
    network = build(layers, (4,))
    assert network.weight_count == 2 * 3
    assert network.trained_count == 2 * 3 + 3 + 2 + 2
    assert network.statistics_end == network.trained_count + 2 + 2
    assert network.vector.size == network.statistics_end + (4 * 2 + 2) + 4 * 3
    order = sorted(network.params, key=lambda name: network.params[name].ctypes.data)
    assert order == [
        "2/W",
        "1/gamma",
        "1/beta",
        "2/b",
        "1/running_mean",
        "1/running_variance",
        "0/W",
        "0/b",
        "3/gamma",
        "3/beta",
        "3/running_mean",
        "3/running_variance",
    ]


def test_views_are_windows_on_the_one_vector() -> None:
    network = build(DEEP, (2, 3))
    seen = np.zeros(network.vector.size, int)
    for name, values in network.params.items():
        assert np.shares_memory(values, network.vector)
        start = (values.ctypes.data - network.vector.ctypes.data) // values.itemsize
        seen[start : start + values.size] += 1
        assert (start < network.weight_count) == name.endswith("/W")
    assert (seen == 1).all()


def test_names_cannot_be_rebound() -> None:
    network = build([Dense(2)], (3,))
    with pytest.raises(TypeError, match="does not support item assignment"):
        network.params["0/W"] = np.zeros((3, 2))  # type: ignore[index]
    with pytest.raises(SettingError, match="replaces the array"):
        network.new_gradients()[1]["0/W"] = np.zeros((3, 2))  # type: ignore[index]


def test_views_of_an_optimizers_vector_have_the_same_names() -> None:
    network = build([Dense(2), BatchNorm(), Dense(1)], (3,))
    numbers = np.arange(network.vector.size, dtype=float)
    network.vector[...] = numbers
    trained = network.named(numbers[: network.trained_count])
    assert set(trained) == {"0/W", "0/b", "1/gamma", "1/beta", "2/W", "2/b"}
    for name, values in trained.items():
        np.testing.assert_array_equal(values, network.params[name])
        assert np.shares_memory(values, numbers)
    assert set(network.named(numbers)) == set(network.params)


def test_the_same_seed_gives_the_same_weights() -> None:
    one, two, other = (build(DEEP, (2, 3), seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.vector, two.vector)
    assert not np.array_equal(one.vector, other.vector)
    two.vector[...] = 0
    two.initialize(np.random.default_rng(5))
    np.testing.assert_array_equal(one.vector, two.vector)


def test_another_layer_at_the_end_changes_no_weight_before_it() -> None:
    short, long = build(DEEP[:3], (2, 3)), build(DEEP, (2, 3))
    np.testing.assert_array_equal(short.params["1/W"], long.params["1/W"])


def test_biases_begin_at_zero_and_weights_do_not() -> None:
    network = build(DEEP, (2, 3))
    assert network.vector[: network.weight_count].all()
    assert not network.vector[network.weight_count :].any()


def test_running_statistics_move_towards_the_batch() -> None:
    network = build([BatchNorm(momentum=0.75)], (2,))
    gradients, grads = network.new_gradients()
    grads["0/running_mean"][...] = [4.0, 8.0]
    grads["0/running_variance"][...] = [1.0, 5.0]
    network.update_running_stats(gradients)
    np.testing.assert_array_equal(network.params["0/running_mean"], [1.0, 2.0])
    np.testing.assert_array_equal(network.params["0/running_variance"], [1.0, 2.0])


# Tied parameters


def test_a_tied_parameter_is_an_alias_and_its_gradient_is_added_to_its_owner() -> None:
    case = CASES["tied"]
    network = case.network()
    assert network.params["3/W"] is not network.params["0/W"]
    assert np.shares_memory(network.params["3/W"], network.params["0/W"])
    apart = Network(case.layers, input_shape=(None,), dtype=np.float64)
    for name, values in network.params.items():
        apart.params[name][...] = values
    tied, untied = case.run(Reference(network)), case.run(Reference(apart))
    assert tied.loss == untied.loss
    of_tied, of_untied = network.named(tied.gradients), apart.named(untied.gradients)
    np.testing.assert_allclose(of_tied["0/W"], of_untied["0/W"] + of_untied["3/W"], rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(of_tied["1/W_x"], of_untied["1/W_x"])


@pytest.mark.parametrize(
    ("tied", "message"),
    [
        ({"1/W": "0/V"}, "no such parameter"),
        ({"2/W": "0/W"}, "no such parameter"),
        ({"1/W": "1/W"}, "not an untied parameter of its shape"),
        ({"1/b": "0/W"}, "no such parameter|not an untied parameter of its shape"),
    ],
)
def test_what_cannot_be_tied_is_refused(tied: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Network([Embedding(7, 4), Unembedding(7)], input_shape=(None,), tied=tied)


# Shapes


def test_shapes_are_inferred_along_the_chain() -> None:
    network = build(DEEP[:5], (2, 3))
    assert network.shapes == [(2, 3), (6,), (6,), (6,), (6,), (5,)]
    assert network.output_shape == (5,)
    assert build([Embedding(7, 3), GRU(4), Dense(2)], (None,)).output_shape == (None, 2)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([GRU(3)], r"^layer 0, GRU\(units=3.*"),
        ([ReLU(), Residual((Dense(2),))], r"^layer 1, Residual\(layers=\(Dense\(units=2, .*"),
    ],
)
def test_a_layer_that_does_not_fit_is_named(layers: list[Layer], message: str) -> None:
    with pytest.raises(ShapeError, match=message) as caught:
        Network(layers, input_shape=(3,))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 2), (2,), (4, 2, 1), ()])
def test_a_batch_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"the network takes \(N, 2\), not") as caught:
        build([Dense(3)], (2,)).validate_input(np.zeros(shape))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("shape", [(3,), (3, 4, 1), (3, 0)])
def test_sequences_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    network = build([Embedding(7, 4)], (None,))
    assert network.validate_input(np.zeros((3, 9), int)).shape == (3, 9)
    with pytest.raises(ShapeError, match=r"the network takes \(N, T\), not"):
        network.validate_input(np.zeros(shape, int))


@pytest.mark.parametrize("kind", [float, bool, complex])
def test_tokens_are_integers(kind: type) -> None:
    with pytest.raises(DataError, match="takes integers, not"):
        build([Embedding(7, 4)], (None,)).validate_input(np.zeros((2, 3), kind))


def test_numbers_of_another_precision_are_converted_and_others_refused() -> None:
    network = build([Dense(2)], (3,), dtype=np.float32)
    assert network.validate_input(np.ones((2, 3), np.uint8)).dtype == np.float32
    x = np.ones((2, 3), np.float32)
    assert network.validate_input(x) is x
    for kind in (complex, "U3", object):
        with pytest.raises(DataError, match="takes real numbers, not"):
            network.validate_input(np.ones((2, 3)).astype(kind))


@pytest.mark.parametrize("x", [[[1.0, 2.0, 3.0]], ((1.0, 2.0, 3.0),), None])
def test_input_must_be_an_array(x: Any) -> None:
    network = build([Dense(2)], (3,))
    for call in (network.validate_input, network.activations):
        with pytest.raises(DataError, match="takes an array of examples, not"):
            call(x)


def test_tokens_are_taken_by_the_first_layer_only() -> None:
    with pytest.raises(SettingError, match="takes integers: it must come first"):
        Network([Tanh(), Embedding(3, 2)], input_shape=(None,))


def test_an_empty_chain_and_other_number_types_are_refused() -> None:
    with pytest.raises(SettingError, match="at least one layer"):
        Network([], input_shape=(2,))
    for dtype in (np.int64, np.float16, np.complex128):
        with pytest.raises(SettingError, match=np.dtype(dtype).name):
            Network([Dense(1)], input_shape=(2,), dtype=dtype)


# Looking inside


def test_a_layer_can_be_called_with_its_weights() -> None:
    network = build([Dense(2), Tanh()], (3,), dtype=np.float32)
    x = np.arange(6.0).reshape(2, 3)
    y = network[0](x)
    np.testing.assert_allclose(y, x @ network.params["0/W"] + network.params["0/b"])
    assert network[0]([[1, 2, 3]]).dtype == np.float32
    np.testing.assert_allclose(network[-1](y), np.tanh(y))
    assert len(network) == len(list(network)) == 2
    with pytest.raises(IndexError, match="there is no layer 2; the last one is 1"):
        network[2]
    for index in ("0", slice(0, 1), 0.0):
        with pytest.raises(SettingError, match="takes the number of a layer"):
            network[index]  # type: ignore[index]
    with pytest.raises(ShapeError):
        build([GRU(2)], (None, 3))[0](np.zeros((2, 3)))
    with pytest.raises(ShapeError, match=r"examples of shape \(7,\)"):
        network[0](np.ones((2, 7)))
    for other in (x.astype(complex), np.full((2, 3), "a")):
        with pytest.raises(DataError, match="does not take"):
            network[0](other)


def test_activations_are_the_outputs_of_all_layers() -> None:
    network = build(DEEP, (2, 3))
    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    outputs = network.activations(x)
    assert len(outputs) == len(DEEP)
    np.testing.assert_array_equal(outputs[2], np.maximum(outputs[1], 0))
    np.testing.assert_array_equal(outputs[3], outputs[2])  # no dropout in prediction
    np.testing.assert_array_equal(outputs[-1], Reference(network).predict(x)[0])


def test_activations_over_time() -> None:
    network = build([Embedding(7, 3), GRU(4), Dense(7)], (None,))
    x, _ = padded(np.random.default_rng(0), 3)
    assert [y.shape for y in network.activations(x)] == [(3, 5, 3), (3, 5, 4), (3, 5, 7)]


def test_it_shows_its_layers() -> None:
    network = Network([Dense(2), ReLU()], input_shape=(3,))
    expected = "Network([Dense(units=2, initializer='he'), ReLU()], input_shape=(3,), dtype=float32)"
    assert repr(network) == expected


@pytest.mark.parametrize("duplicate", [lambda network: pickle.loads(pickle.dumps(network)), copy.deepcopy, copy.copy])
def test_a_pickled_or_copied_network_has_its_own_vector_with_the_same_values(
    duplicate: Callable[[Network], Network],
) -> None:
    rng = np.random.default_rng(0)
    tied = {"3/W": "0/W"}
    layers = [Dense(2), ReLU(), BatchNorm(), Dense(2), Dense(3, trainable=False)]
    network = Network(layers, input_shape=(2,), rng=rng, tied=tied, dtype="float64")
    other = duplicate(network)
    assert repr(other) == repr(network)
    np.testing.assert_array_equal(other.vector, network.vector)
    other.params["3/W"][...] = 7.0  # still a view of the vector, and of its owner
    np.testing.assert_array_equal(other.params["0/W"], 7.0)
    assert np.count_nonzero(other.vector == 7.0) == 4
    assert not (network.vector == 7.0).any()
