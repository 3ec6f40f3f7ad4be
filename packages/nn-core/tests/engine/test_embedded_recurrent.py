"""An embedding and a recurrent layer in one: values, gradients and states of the two."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_close

from nn_core.errors import DataError
from nn_core.layers import CELLS, Dense, Dropout, Embedding, Layer, State
from nn_core.layers.embedded_recurrent import EmbeddedRecurrent
from nn_core.network import Network


def chain(cell: str, vocabulary: int, units: int) -> list[Layer]:
    return [Embedding(3, vocabulary), CELLS[cell](units), Dense(2)]


def network_of(layers: list[Layer], *, fused: bool, **options: Any) -> Network:
    rng = np.random.default_rng(5)
    network = Network(
        layers, input_shape=(), dtype=np.float64, over_time=True, fused=fused, **options
    )
    network.parameters[...] = rng.normal(size=network.parameters.size)
    return network


@settings(max_examples=60, deadline=None)
@given(
    cell=st.sampled_from(sorted(CELLS)),
    vocabulary=st.integers(1, 9),
    units=st.integers(1, 5),
    N=st.integers(1, 5),
    T=st.integers(1, 6),
    begins=st.booleans(),
    seed=st.integers(0, 99),
)
def test_fused_is_layer_by_layer(
    cell: str, vocabulary: int, units: int, N: int, T: int, begins: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    words = rng.integers(vocabulary, size=(N, T))
    d_y = rng.normal(size=(N, T, 2))
    count = len(CELLS[cell].state_names)
    first, beyond = (tuple(rng.normal(size=(count, N, units))) for _ in range(2))
    found = []
    for fused in (False, True):
        network = network_of(chain(cell, vocabulary, units), fused=fused)
        assert len(network.stages) == 3 - fused
        network.gradients.fill(np.nan)
        contexts = network.contexts(training=True)
        for _ in range(2):  # the second time in used memory
            if begins:
                contexts[1].initial_state, contexts[1].d_final_state = first, beyond
            y, caches = network.forward(words, contexts)
            network.backward(d_y, caches, contexts)
        states: list[State | None] = [contexts[1].final_state, contexts[1].d_initial_state]
        found.append((y.copy(), network.gradients, *states))
    (y, gradients, *states), (y_fused, gradients_fused, *states_fused) = found
    assert_close(y_fused, y, relative=1e-12)
    assert_close(gradients_fused, gradients, relative=1e-10)
    for mine, plain in zip(states_fused, states, strict=True):
        for a, b in zip(mine, plain, strict=True):
            assert_close(a, b, relative=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_weights_that_stay_are_multiplied_once_and_those_that_change_each_time(cell: str) -> None:
    network = network_of(chain(cell, 4, 3), fused=True)
    plain = network_of(chain(cell, 4, 3), fused=False)
    words = np.array([[0, 1, 2], [3, 3, 0]])
    frozen, free = network.contexts(frozen=True), network.contexts()
    for _ in range(2):
        for contexts in (frozen, free):
            assert_close(network.forward(words, contexts)[0], plain.predict(words), relative=1e-12)
    network.parameters *= 0.5
    plain.parameters *= 0.5
    assert_close(network.forward(words, free)[0], plain.predict(words), relative=1e-12)


def test_states_are_those_of_the_recurrent_layer() -> None:
    network = network_of(chain("gru", 4, 3), fused=True)
    contexts = network.contexts()
    words = np.array([[0, 1, 2, 3]])
    whole = network.forward(words, contexts)[0].copy()
    parts = []
    for t in range(4):
        parts.append(network.forward(words[:, t : t + 1], contexts)[0].copy())
        for context in contexts:
            context.carry()
    assert contexts[0].final_state is None
    assert_close(np.concatenate(parts, axis=1), whole, relative=1e-12)


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        ([Embedding(3, 256), CELLS["rnn"](2)], ["EmbeddedRecurrent"]),
        ([Embedding(3, 257), CELLS["rnn"](2)], ["Embedding", "SimpleRNN"]),
        ([Embedding(3, 9), Dropout(0.9), CELLS["gru"](2)], ["Embedding", "Dropout", "GRU"]),
        ([Embedding(3, 9), CELLS["lstm"](2), CELLS["gru"](2)], ["EmbeddedRecurrent", "GRU"]),
    ],
)
def test_where_it_stands(layers: list[Layer], names: list[str]) -> None:
    network = network_of(layers, fused=True)
    assert [type(stage.layer).__name__ for stage in network.stages] == names
    fused = "fused: layers 0 to 1 as EmbeddedRecurrent" in str(network.summary())
    assert fused == (names[0] == "EmbeddedRecurrent")


def test_it_knows_the_shapes_and_the_work_of_both() -> None:
    plain = Network(chain("lstm", 5, 4), input_shape=(), over_time=True)
    kernel = EmbeddedRecurrent(Embedding(3, 5), CELLS["lstm"](4))
    assert kernel.output_shape(()) == (4,)
    assert set(kernel.parameters(())) == {"W", "W_x", "W_h", "b"}
    assert kernel.multiply_adds(()) == plain.layers[1].multiply_adds((3,))


@pytest.mark.parametrize("word", [-1, 5])
def test_a_number_that_is_no_word_is_refused(word: int) -> None:
    network = network_of(chain("rnn", 5, 2), fused=True)
    with pytest.raises(DataError, match=f"{word} is no word of a vocabulary of 0 to 4"):
        network.predict(np.array([[0, word]]))
