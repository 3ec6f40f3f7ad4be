"""Large batches of sequences in two halves: the same gradients, the same bits for any threads."""

import numpy as np
import pytest

from nn_core import halves
from nn_core.layers import GRU, LSTM, BatchNorm, Dense, Dropout, Embedding, Layer, SimpleRNN
from nn_core.losses import sequence_cross_entropy
from nn_core.network import Network
from nn_core.optimizers import Adam
from nn_core.threads import Crew
from nn_core.training import Recipe, Trainer

V = 7


def network_of(*middle: Layer, dtype: str = "float64") -> Network:
    layers = [Embedding(5, V), *middle, Dense(V)]
    rng = np.random.default_rng(0)
    return Network(layers, input_shape=(), rng=rng, dtype=dtype, over_time=True)


def batch(N: int = 33, T: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x, y = rng.integers(V, size=(2, N, T))
    y[rng.random((N, T)) < 0.3] = -1
    return x, y


@pytest.fixture
def halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches that are small enough for a test are halved too."""
    monkeypatch.setattr(halves, "MULTIPLY_ADDS", 0)


@pytest.mark.parametrize("cell", [SimpleRNN(4), GRU(4), LSTM(4)])
def test_halves_are_the_whole(cell: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = batch()
    network = network_of(cell)
    results = []
    for least in (10**12, 0):
        monkeypatch.setattr(halves, "MULTIPLY_ADDS", least)
        contexts = network.contexts(training=True)
        rng = np.random.default_rng(2)
        states = tuple(rng.normal(size=(len(x), 4)) for _ in contexts[1].final_state or "ab")
        contexts[1].initial_state = states[: 2 if isinstance(cell, LSTM) else 1]
        value, logits = network.loss_and_gradients(x, y, sequence_cross_entropy, contexts)
        ends = contexts[1].final_state
        assert ends is not None
        results.append((np.array(value), logits.copy(), network.gradients.copy(), *ends))
    for whole, halved in zip(*results, strict=True):
        np.testing.assert_allclose(halved, whole, rtol=1e-10, atol=1e-12)


def test_bits_do_not_depend_on_threads(halved: None) -> None:
    text = np.random.default_rng(3).integers(V, size=2000)
    found = []
    for threads in (1, 2, 3):
        network = network_of(GRU(6), Dropout(0.7), dtype="float32")
        recipe = Recipe(sequence_cross_entropy, Adam(), batch_size=33, steps=7)
        rng = np.random.default_rng(4)
        trainer = Trainer(
            network, text[:-1], text[1:], recipe, epochs=2, rng=rng, threads=threads, metrics={}
        )
        trainer.run()
        found.append((network.parameters, trainer.history.step_loss))
    for parameters, losses in found[1:]:
        np.testing.assert_array_equal(parameters, found[0][0])
        assert losses == found[0][1]


def test_what_stays_whole(halved: None) -> None:
    x, y = batch()
    assert halves.halves_of(network_of(GRU(4)), x, y) == (slice(0, 16), slice(16, 33))
    assert halves.halves_of(network_of(GRU(4)), x[:31], y[:31]) is None
    assert halves.halves_of(network_of(GRU(4), BatchNorm()), x, y) is None
    y[20:] = -1
    assert (
        halves.halves_of(network_of(GRU(4)), x, np.where(np.arange(33)[:, None] > 15, -1, y))
        is None
    )


def test_small_work_stays_whole() -> None:
    assert halves.halves_of(network_of(GRU(4)), *batch()) is None


def test_an_error_in_a_half_reaches_the_caller_and_leaves_the_states(halved: None) -> None:
    x, y = batch()
    network = network_of(GRU(4))
    contexts = network.contexts(training=True, threads=Crew(2))
    state = (np.ones((33, 4)),)
    contexts[1].initial_state = state
    y[-1, 0] = V
    with pytest.raises(Exception, match=str(V)):
        network.loss_and_gradients(x, y, sequence_cross_entropy, contexts)
    assert contexts[1].initial_state is state
