"""Networks whose examples are sequences."""

import json
from pathlib import Path

import h5py
import numpy as np
import oracles
import pytest
from oracles import assert_close

from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.gradient_check import check_gradients
from nn_core.layers import (
    CELLS,
    GRU,
    LAYERS,
    LSTM,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    Recurrent,
    SimpleRNN,
    Tanh,
)
from nn_core.losses import mean_squared_error
from nn_core.network import Network
from nn_core.sequences import merge_time, split_time

V = 5
DEEP: list[Layer] = [
    Embedding(3, V),
    LSTM(4),
    Dropout(0.8),
    GRU(3),
    Dense(4),
    Tanh(),
    SimpleRNN(3),
    Dense(V),
]


def deep(dtype: type = np.float64) -> Network:
    rng = np.random.default_rng(1)
    return Network(DEEP, input_shape=(), rng=rng, dtype=dtype, over_time=True)


def words(N: int, T: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(V, size=(N, T))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("N", "T"), [(1, 1), (3, 4)])
def test_every_gradient_of_a_deep_network(training: bool, N: int, T: int) -> None:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=(N, T, V))
    report = check_gradients(
        deep(), words(N, T), targets, mean_squared_error, rng=rng, training=training
    )
    assert report.error <= 1e-6
    names = [array.name.rpartition(", ")[2] for array in report.arrays]
    assert [name for name in names if name.startswith("the")] == [
        "the initial h",
        "the initial c",
        "the initial h",
        "the initial h",
    ]
    assert len(names) == 4 + 1 + 3 + 4 + 2 + 3 + 2


@pytest.mark.parametrize("cell", CELLS.values())
def test_every_gradient_by_independent_differences(cell: type[Recurrent]) -> None:
    rng = np.random.default_rng(3)
    network = Network(
        [cell(3), Dense(2)], input_shape=(2,), rng=rng, dtype=np.float64, over_time=True
    )
    x, targets = rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 4, 2))
    contexts = network.contexts(needs_d_x=True)

    def loss() -> float:
        return mean_squared_error(network.forward(x, contexts)[0], targets)[0]

    y, caches = network.forward(x, contexts)
    d_x = network.backward(mean_squared_error(y, targets)[1], caches, contexts)
    d_x, gradients = np.array(d_x), network.gradients.copy()
    assert_close(d_x, oracles.finite_differences(loss, x))
    assert_close(gradients, oracles.finite_differences(loss, network.parameters))


def test_what_reads_no_steps_treats_each_by_itself() -> None:
    layers: list[Layer] = [Conv2D(2, 2), Flatten(), Dense(3), Tanh()]
    rng = np.random.default_rng(0)
    film = Network(layers, input_shape=(3, 4, 1), rng=rng, dtype=np.float64, over_time=True)
    photo = Network(layers, input_shape=(3, 4, 1), dtype=np.float64)
    photo.parameters[...] = film.parameters
    x = rng.normal(size=(2, 5, 3, 4, 1))
    expected = np.stack([photo.predict(x[:, t]) for t in range(5)], axis=1)
    np.testing.assert_allclose(film.predict(x), expected, rtol=1e-13)
    assert film.output_shape == (3,)


def test_lengths_may_differ_from_batch_to_batch() -> None:
    network = deep()
    contexts = network.contexts()
    x = words(3, 9)
    whole = network.predict(x)
    for T in (9, 2, 5, 1, 9):
        y, _ = network.forward(x[:, :T], contexts)
        assert y.shape == (3, T, V)
        np.testing.assert_allclose(y, whole[:, :T], rtol=1e-12)


@pytest.mark.parametrize("count", [0, 1, 4, 7])
def test_predict_over_slices_is_one_forward_pass(count: int) -> None:
    network, x = deep(), words(count, 6)
    logits = network.predict(x, batch_size=3)
    assert logits.shape == (count, 6, V)
    if count:
        np.testing.assert_allclose(logits, network.forward(x, network.contexts())[0], rtol=1e-12)


def test_a_batch_passes_as_a_whole_however_large() -> None:
    network = deep()
    x, targets = words(6, 4), np.random.default_rng(1).normal(size=(6, 4, V))
    contexts = network.contexts()
    value, logits = network.loss_and_gradients(x, targets, mean_squared_error, contexts)
    gradients, logits = network.gradients.copy(), logits.copy()
    network.slice_size = network.predict_size = 2
    again, logits_again = network.loss_and_gradients(x, targets, mean_squared_error, contexts)
    assert again == value
    np.testing.assert_array_equal(logits_again, logits)
    np.testing.assert_array_equal(network.gradients, gradients)


def test_states_begin_at_zero_unless_they_are_given() -> None:
    network, x = deep(), words(2, 6)
    contexts = network.contexts()
    first = network.forward(x, contexts)[0].copy()
    np.testing.assert_array_equal(network.forward(x, contexts)[0], first)
    whole = network.predict(x)
    parts = []
    for part in (x[:, :4], x[:, 4:]):
        parts.append(network.forward(part, contexts)[0].copy())
        for context in contexts:
            context.initial_state = context.final_state
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-12)


def test_the_summary_counts_one_step() -> None:
    ledger = deep().summary()
    assert [row.output_shape for row in ledger.rows] == [
        (3,),
        (4,),
        (4,),
        (3,),
        (4,),
        (4,),
        (3,),
        (V,),
    ]
    assert ledger.parameters == deep().parameters.size
    assert ledger.rows[1].multiply_adds == 4 * 4 * (3 + 4)


def test_it_comes_back_from_a_checkpoint(tmp_path: Path) -> None:
    network, x = deep(np.float32), words(3, 4)
    path = tmp_path / "model.h5"
    checkpoint.save(path, network, program="test", details={})
    stored = checkpoint.load(path, program="test").network
    assert stored.over_time
    assert stored.layers == network.layers
    assert stored.predict(x).tobytes() == network.predict(x).tobytes()
    layers = [
        LAYERS[row.pop("layer")](**row) for row in json.loads(json.dumps(network.architecture()))
    ]
    assert tuple(layers) == network.layers


def test_a_checkpoint_from_before_there_was_time_still_loads(tmp_path: Path) -> None:
    network = Network([Dense(2)], input_shape=(3,), rng=np.random.default_rng(0))
    path = tmp_path / "model.h5"
    checkpoint.save(path, network, program="test", details={})
    path.write_bytes(path.read_bytes().rpartition(b"\nnn-core sha256 ")[0])
    with h5py.File(path, "r+") as file:
        architecture = json.loads(file["architecture"].asstr()[()])
        del architecture["over_time"], file["architecture"]
        file["architecture"] = json.dumps(architecture)
    stored = checkpoint.load(path, program="test").network
    assert not stored.over_time
    np.testing.assert_array_equal(stored.parameters, network.parameters)


def test_shapes_and_kinds_that_do_not_fit_are_refused() -> None:
    network = deep()
    for shape in ((3,), (3, 4, 1), (3, 0), ()):
        with pytest.raises(ShapeError, match=r"takes \(N, T\), not"):
            network.forward(np.zeros(shape, int), network.contexts())
    for kind in (float, bool):
        with pytest.raises(DataError, match="takes integers, not"):
            network.predict(np.zeros((2, 3), kind))
    plain = Network([Dense(2)], input_shape=(3,), over_time=True)
    with pytest.raises(ShapeError, match=r"takes \(N, T, 3\), not \(2, 3\)"):
        plain.predict(np.zeros((2, 3)))


def test_a_layer_that_reads_steps_needs_time() -> None:
    with pytest.raises(SettingError, match=r"GRU\(units=2.* needs a network over time"):
        Network([GRU(2)], input_shape=(3,))


def test_integers_are_taken_by_the_first_layer_only() -> None:
    with pytest.raises(SettingError, match="takes integers, and can only stand first"):
        Network([Tanh(), Embedding(2, 3)], input_shape=(), over_time=True)


def test_an_embedding_needs_no_time() -> None:
    network = Network([Embedding(2, 3), Dense(2)], input_shape=(), rng=np.random.default_rng(0))
    assert network.predict(np.array([0, 2, 2])).shape == (3, 2)
    assert network.predict(np.zeros(0, int)).shape == (0, 2)


def test_rows_and_steps_are_the_same_memory() -> None:
    rows = np.arange(24).reshape(6, 4)
    steps = split_time(rows, 2, 3)
    assert steps.shape == (2, 3, 4)
    np.testing.assert_array_equal(steps[1, 2], rows[2 * 2 + 1])
    assert np.shares_memory(rows, steps)
    assert np.shares_memory(merge_time(steps), rows)
    np.testing.assert_array_equal(merge_time(steps), rows)
    apart: Array = np.ascontiguousarray(steps)
    np.testing.assert_array_equal(merge_time(apart), rows)
