"""Hidden states and predictions at each letter of a name."""

import numpy as np
import pytest
from small_models import AB, network_of, probability_of

from char_rnn_dino.names.trace import trace, varied_units
from nn_core.errors import DataError, SettingError
from nn_core.layers import CELLS, Dense, Embedding
from nn_core.network import Network


def test_probabilities_are_those_of_the_network() -> None:
    network = network_of(AB)
    traced = trace(network, AB, "abba")
    assert traced.next_tokens.tolist() == [1, 2, 2, 1, 0]
    p = traced.probabilities[np.arange(5), traced.next_tokens]
    assert p.prod() == pytest.approx(probability_of(network, AB, "abba", ends=True))
    np.testing.assert_allclose(traced.probabilities.sum(axis=1), 1)


def test_states_of_each_layer() -> None:
    layers = [Embedding(3, 3), CELLS["rnn"](4), CELLS["lstm"](5), Dense(3, initializer="xavier")]
    rng = np.random.default_rng(0)
    network = Network(layers, input_shape=(None,), rng=rng, dtype=np.float64)
    embedding, rnn, _, dense = (layer.params for layer in network)
    first, last = trace(network, AB, "ab", 1), trace(network, AB, "ab")
    h = np.zeros(4)
    for t, token in enumerate([0, 1, 2]):
        h = np.tanh(embedding["W"][token] @ rnn["W_x"] + h @ rnn["W_h"] + rnn["b"])
        np.testing.assert_allclose(first.states[t], h)
    assert (first.layer, last.layer) == (1, 2)
    p = np.exp(last.states @ dense["W"] + dense["b"])
    np.testing.assert_allclose(last.probabilities, p / p.sum(axis=1, keepdims=True))


def test_gates_make_the_next_state() -> None:
    """h[t] = (1 - u) n + u h[t-1], so that u = (h[t] - n) / (h[t-1] - n), with n by hand."""
    network = network_of(AB)
    traced = trace(network, AB, "abba")
    assert list(traced.gates) == ["update", "reset"]
    embedding, gru, _ = (layer.params for layer in network)
    W_xn, W_hn = gru["W_x"][:, 10:], gru["W_h"][:, 10:]
    before = np.zeros(5)
    for t, token in enumerate([0, 1, 2, 2, 1]):
        x, r, u = embedding["W"][token], traced.gates["reset"][t], traced.gates["update"][t]
        n = np.tanh(x @ W_xn + gru["b"][10:] + r * (before @ W_hn + gru["b_h"]))
        np.testing.assert_allclose(traced.states[t], (1 - u) * n + u * before)
        before = traced.states[t]


def test_gates_of_an_lstm() -> None:
    layers = [Embedding(3, 3), CELLS["lstm"](4), Dense(3, initializer="xavier")]
    network = Network(layers, input_shape=(None,), seed=0, dtype=np.float64)
    traced = trace(network, AB, "ab")
    o, i, f = (traced.gates[name] for name in ("output", "input", "forget"))
    embedding, lstm, _ = (layer.params for layer in network)
    c, h = np.zeros(4), np.zeros(4)
    for t, token in enumerate([0, 1, 2]):
        z_g = (embedding["W"][token] @ lstm["W_x"] + lstm["b"] + h @ lstm["W_h"])[12:]
        c = f[t] * c + i[t] * np.tanh(z_g)
        h = o[t] * np.tanh(c)
        np.testing.assert_allclose(traced.states[t], h)


def test_units_of_the_largest_variance() -> None:
    states = np.array([[0, 1, 0, 5], [1, 1, 3, 6], [0, 1, 0, 5]])  # variances 2/9, 0, 2, 2/9
    assert varied_units(states, 1).tolist() == [2]
    assert varied_units(states, 2).tolist() == [0, 2]
    assert varied_units(states, 9).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("layer", [0, 2])
def test_a_layer_that_does_not_exist(layer: int) -> None:
    with pytest.raises(SettingError, match=f"no recurrent layer {layer}; the network has 1"):
        trace(network_of(AB), AB, "a", layer)


def test_a_network_without_a_recurrent_layer() -> None:
    network = Network([Embedding(3, 3), Dense(3)], input_shape=(None,))
    with pytest.raises(DataError, match="no recurrent layer"):
        trace(network, AB, "a")
