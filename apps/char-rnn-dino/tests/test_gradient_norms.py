"""Gradient norms backward through time, against the formulas."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from char_rnn_dino.gradient_norms import GradientNorms, gradient_norms, random_text, untrained_network
from nn_core.errors import DataError
from nn_core.layers import CELLS, Context, Dense, Embedding
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network

each_cell = pytest.mark.parametrize("cell", CELLS)


def norms_of(
    cell: str,
    *,
    steps: int = 6,
    scale: float = 1.0,
    gate_bias: float | None = None,
    clip_norm: float = 5.0,
    hidden: int = 7,
) -> GradientNorms:
    rng = np.random.default_rng(0)
    network = untrained_network(cell, hidden=hidden, scale=scale, gate_bias=gate_bias, rng=rng)
    return gradient_norms(network, random_text(steps, rng), clip_norm=clip_norm)


def same_network(cell: str, rng: np.random.Generator) -> Network:
    """The network of `norms_of`."""
    layers = [Embedding(27, 32), CELLS[cell](7), Dense(27, initializer="xavier")]
    return Network(layers, input_shape=(None,), rng=rng, dtype=np.float64)


def test_the_plain_cell_equals_its_formula() -> None:
    """dL/dh[t-1] = (dL/dh[t] (1 - h[t]^2)) @ W_h^T, with the same random numbers."""
    rng = np.random.default_rng(0)
    embedding, rnn, dense = (layer.params for layer in same_network("rnn", rng))
    text = rng.integers(27, size=(16, 7))
    W_h = 1.7 * rnn["W_h"]
    states = [np.zeros((16, 7))]
    for t in range(6):
        x = embedding["W"][text[:, t]]
        states.append(np.tanh(x @ rnn["W_x"] + states[-1] @ W_h + rnn["b"]))
    p = np.exp(states[-1] @ dense["W"] + dense["b"])
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(16), text[:, 6]] -= 1
    d_h = p / 16 @ dense["W"].T
    norms = [np.linalg.norm(d_h)]
    for h in states[:0:-1]:
        d_h = (d_h * (1 - h * h)) @ W_h.T
        norms.append(np.linalg.norm(d_h))
    found = norms_of("rnn", scale=1.7)
    np.testing.assert_allclose(found.state, np.array(norms) / norms[0])


@each_cell
def test_shapes(cell: str) -> None:
    found = norms_of(cell)
    assert found.state.shape == (7,)
    assert found.state[0] == 1
    assert found.weights.shape == found.clipped.shape == (6,)
    assert found.growth == pytest.approx(found.state[-1] ** (1 / 6))


@each_cell
def test_all_steps_together_equal_one_pass_over_the_text(cell: str) -> None:
    found = norms_of(cell, clip_norm=1e9)
    rng = np.random.default_rng(0)
    network = same_network(cell, rng)
    text: npt.NDArray[Any] = rng.integers(27, size=(16, 7))
    targets = np.full((16, 6), -1)
    targets[:, -1] = text[:, -1]
    chain, params, context = network.chain, network.params, Context()
    state = network.initial_state(16)
    logits, _, cache = chain.forward_with_state(text[:, :-1], state, params, context)
    _, d_logits = softmax_cross_entropy(logits, targets)
    gradients, grads = network.new_gradients()
    _, d_state = chain.backward_with_state(d_logits, (), cache, params, grads, context)
    last = np.linalg.norm(d_logits[:, -1] @ params["2/W"].T)
    first = np.linalg.norm(np.stack(d_state[1]))  # of h, or of h and c
    assert found.state[-1] == pytest.approx(first / last)
    assert found.weights[-1] == pytest.approx(np.linalg.norm(gradients))


def test_clipped_norms_do_not_exceed_the_maximum() -> None:
    found = norms_of("rnn", steps=30, scale=4.0, hidden=32, clip_norm=2.0)
    assert found.weights.max() > 100
    np.testing.assert_allclose(found.clipped, np.minimum(found.weights, 2.0))


@each_cell
def test_larger_weights_keep_more_of_the_gradient(cell: str) -> None:
    left = [norms_of(cell, steps=20, scale=scale, hidden=32).state[-1] for scale in (0.5, 3)]
    assert left[0] < 1e-2 < left[1]


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_open_gates_keep_the_gradient(cell: str) -> None:
    """By sigmoid(bias) per step, if nothing else passed through: 0.5^20 = 1e-6, and 0.9933^20 = 0.87."""
    kept = [norms_of(cell, steps=20, gate_bias=bias, hidden=32).state[-1] for bias in (0, 1, 3, 5)]
    assert kept == sorted(kept)
    assert kept[0] < 1e-3
    assert kept[-1] > 0.3


def test_the_gradient_of_a_cell_that_keeps_everything() -> None:
    """With W_h = 0 and gates open by sigmoid(5) at every input, dL/dh is multiplied by it at each step."""
    rng = np.random.default_rng(0)
    network = untrained_network("gru", hidden=3, rng=rng, scale=0.0, gate_bias=5.0)
    network.params["1/W_x"][:, 3:6] = 0.0
    found = gradient_norms(network, random_text(10, rng), clip_norm=5.0)
    gate = 1 / (1 + np.exp(-5))
    np.testing.assert_allclose(found.state, gate ** np.arange(11))


def test_the_states_of_all_layers_count() -> None:
    layers = [Embedding(4, 3), CELLS["rnn"](3), CELLS["rnn"](3), Dense(4)]
    network = Network(layers, input_shape=(None,), seed=0)
    text = np.array([[0, 1, 2]])
    found = gradient_norms(network, text, clip_norm=5.0)
    chain, params, context = network.chain, network.params, Context()
    logits, state, _ = chain.forward_with_state(text[:, :1], network.initial_state(1), params, context)
    logits, _, cache = chain.forward_with_state(text[:, 1:2], state, params, context)
    _, d_logits = softmax_cross_entropy(logits, text[:, 2:])
    _, d_state = chain.backward_with_state(d_logits, (), cache, params, network.new_gradients()[1], context)
    norm = np.sqrt(sum(float((part**2).sum()) for of_layer in d_state for part in of_layer))
    assert found.state[1] == pytest.approx(norm / np.linalg.norm(d_logits[:, 0] @ params["3/W"].T), rel=1e-5)


def test_a_network_without_a_last_dense_layer() -> None:
    network = Network([Embedding(3, 3), CELLS["rnn"](3)], input_shape=(None,), seed=0)
    with pytest.raises(DataError, match="the last layer of the network is not Dense"):
        gradient_norms(network, np.array([[0, 1]]), clip_norm=5.0)
