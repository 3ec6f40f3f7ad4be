"""Training on a long text, and on padded sequences; evaluation of a text."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from small_runs import MakeBackend, bits, on_both_backends, snapshot_at

from nn_core.engine.engine import Engine
from nn_core.errors import CheckpointError, DataError, DivergenceError, SettingError
from nn_core.layers import GRU, LSTM, Dense, Dropout, Embedding, Layer, SimpleRNN
from nn_core.losses import softmax_cross_entropy
from nn_core.metrics import Metric, accuracy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam, GradientDescent
from nn_core.optim.schedules import Cosine
from nn_core.reference import Reference
from nn_core.training.callbacks import Callback
from nn_core.training.evaluate import evaluate_text
from nn_core.training.recipe import Recipe
from nn_core.training.state import Snapshot
from nn_core.training.trainer import Trainer

V = 5
TEXT = np.random.default_rng(0).integers(V, size=203)
X, Y = TEXT[:-1], TEXT[1:]
MakeCell = Callable[[int], Layer]
each_cell = pytest.mark.parametrize("cell", [SimpleRNN, GRU, LSTM])


def network_of(*cells: Layer, seed: int = 1, dtype: npt.DTypeLike = np.float32) -> Network:
    cells = cells or (LSTM(4), Dropout(0.2), GRU(3), SimpleRNN(3))
    rng = np.random.default_rng(seed)
    layers = [Embedding(V, 3), *cells, Dense(V)]
    return Network(layers, input_shape=(None,), rng=rng, dtype=dtype)


def text_trainer(
    network: Network | None = None, *callbacks: Callback, make: MakeBackend = Reference, epochs: int = 3, seed: int = 2
) -> Trainer:
    """Four streams of 50, in chunks of 7: eight steps an epoch, the last with one."""
    recipe = Recipe(
        softmax_cross_entropy,
        Adam(),
        learning_rate=0.01,
        schedule=Cosine(warmup=0.5),
        batch_size=4,
        bptt_length=7,
        clip_norm=0.5,
    )
    return Trainer(
        make(network_of() if network is None else network),
        X,
        Y,
        recipe,
        epochs=epochs,
        seed=seed,
        validation=(X[:40], Y[:40]),
        callbacks=callbacks,
    )


def nats(logits: Any, labels: Any) -> float:
    return softmax_cross_entropy(logits, labels)[0]


@pytest.mark.parametrize("engine", [False, True])
def test_a_text_is_evaluated_as_if_read_at_once(engine: bool) -> None:
    network = network_of(dtype=np.float64)
    backend = Engine(network, threads=2) if engine else Reference(network)
    logits, _ = backend.predict(X[None])
    metrics: dict[str, Metric] = {"loss": nats, "accuracy": accuracy}
    expected = {name: metric(logits, Y[None]) for name, metric in metrics.items()}
    for length in (1, 7, 1000):
        received = evaluate_text(backend, X, Y, metrics, streams=1, bptt_length=length)
        assert received == pytest.approx(expected, rel=1e-12)
    # In several streams the state begins a hundred steps before, which forgets the rest.
    text = np.random.default_rng(5).integers(V, size=2001)
    whole, parts = (evaluate_text(backend, text[:-1], text[1:], metrics, streams=streams) for streams in (1, 5))
    assert whole == pytest.approx(parts, rel=1e-6)
    assert whole["loss"] != parts["loss"]


def test_a_text_of_bytes_is_evaluated_like_one_of_integers() -> None:
    backend, metrics = Reference(network_of()), {"loss": nats, "accuracy": accuracy}
    text = np.random.default_rng(5).integers(V, size=2001)
    signed = evaluate_text(backend, text[:-1], text[1:], metrics, streams=5)
    unsigned = text.astype(np.uint8)
    assert evaluate_text(backend, unsigned[:-1], unsigned[1:], metrics, streams=5) == signed


def test_a_text_without_labels_is_refused() -> None:
    with pytest.raises(DataError, match="no labels to evaluate on"):
        evaluate_text(Reference(network_of()), X, np.full_like(Y, -1), {"loss": nats})


@on_both_backends
def test_a_step_is_truncated_backpropagation_with_the_state_carried(make: MakeBackend) -> None:
    network, twin = network_of(LSTM(4)), Reference(network_of(LSTM(4)))
    recipe = Recipe(softmax_cross_entropy, GradientDescent(), learning_rate=0.1, batch_size=4, bptt_length=7)
    trainer = Trainer(make(network), X, Y, recipe, epochs=2, seed=0)
    streams = X[:200].reshape(4, 50), Y[:200].reshape(4, 50)
    for _ in range(2):
        state = None
        for start in range(0, 50, 7):
            x, y = (text[:, start : start + 7] for text in streams)
            loss, gradients, state = twin.loss_and_gradients(x, y, softmax_cross_entropy, state=state)
            twin.network.vector -= 0.1 * gradients
            assert trainer.step() == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(network.vector, twin.network.vector, rtol=1e-4, atol=1e-6)
    assert trainer.batches.steps_per_epoch == 8


@each_cell
def test_what_lies_further_back_than_a_chunk_is_learned_through_the_state(cell: MakeCell) -> None:
    # Each letter is that of five steps before: with chunks of three, only a carried state
    # tells, though no gradient reaches back so far.
    text = np.tile([0, 1, 2, 3, 4, 4, 3, 1, 0, 2], 200)
    recipe = Recipe(softmax_cross_entropy, Adam(), learning_rate=0.01, batch_size=10, bptt_length=3)
    trainer = Trainer(
        Engine(network_of(cell(24))), text[:-1], text[1:], recipe, epochs=8, seed=0, validation=(text[:-1], text[1:])
    )
    assert trainer.run().columns["validation_loss"][-1] < 0.1


def test_the_loss_of_an_epoch_is_the_mean_over_its_positions() -> None:
    history = text_trainer(epochs=1).run()
    expected = np.average(history.step_loss, weights=[7] * 7 + [1])
    assert history.columns["training_loss"][0] == pytest.approx(expected, rel=1e-12)


@on_both_backends
@pytest.mark.parametrize("step", [1, 5, 7, 8, 9, 16, 23, 24])
def test_a_run_stopped_after_any_step_and_resumed_ends_with_the_same_bits(step: int, make: MakeBackend) -> None:
    whole = text_trainer(make=make)
    whole.run()
    snapshot = snapshot_at(step, lambda *callbacks: text_trainer(None, *callbacks, make=make))
    assert (snapshot.recurrent_state is None) == (step % 8 == 0)
    resumed = text_trainer(seed=999, make=make)
    resumed.resume(snapshot)
    resumed.run()
    assert bits(resumed) == bits(whole)


def state_at_3() -> Snapshot:
    return snapshot_at(3, lambda *callbacks: text_trainer(None, *callbacks))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: None,
        lambda state: state[:-1],
        lambda state: tuple(() if part == () else tuple(h[:3] for h in part) for part in state),
        lambda state: tuple(() if part == () else part[:1] for part in state),
    ],
)
def test_a_run_without_its_state_is_refused(spoil: Callable[[Any], Any]) -> None:
    snapshot = state_at_3()
    spoiled = replace(snapshot, recurrent_state=spoil(snapshot.recurrent_state))
    with pytest.raises(CheckpointError, match="recurrent state has another shape"):
        text_trainer().resume(spoiled)


def test_divergence_on_a_text_is_named() -> None:
    network = network_of(LSTM(3))
    network.params["1/W_h"][0, 0] = np.nan
    with pytest.raises(DivergenceError, match=r"come from layer 1, LSTM\(units=3"):
        text_trainer(network).run()


def test_a_text_needs_a_network_with_a_time_axis() -> None:
    network = Network([Embedding(V, 2), Dense(V)], input_shape=(), rng=np.random.default_rng(0))
    with pytest.raises(SettingError, match="bptt_length needs a network whose input has a time axis"):
        text_trainer(network)


# Padded sequences


def padded_words(count: int = 23, longest: int = 9) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Sequences of 1 to 9 steps; x is padded with words, y with -1."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(V, size=(2, count, longest))
    lengths = rng.integers(1, longest + 1, size=count)
    y[np.arange(longest) >= lengths[:, None]] = -1
    return x, y


@each_cell
def test_padding_changes_neither_losses_nor_gradients(cell: MakeCell) -> None:
    backend = Reference(network_of(cell(4), dtype=np.float64))
    x, y = padded_words()
    whole = backend.loss_and_gradients(x, y, softmax_cross_entropy)
    expected, total = np.zeros_like(whole.gradients), 0.0
    lengths = (y >= 0).sum(axis=1)
    for n, length in enumerate(lengths):
        part = backend.loss_and_gradients(x[n : n + 1, :length], y[n : n + 1, :length], softmax_cross_entropy)
        expected += part.gradients * (length / lengths.sum())
        total += part.loss * (length / lengths.sum())
    assert whole.loss == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(whole.gradients, expected, rtol=1e-9, atol=1e-13)


def test_the_loss_of_an_epoch_is_the_mean_over_its_targets() -> None:
    x, y = padded_words()
    recipe = Recipe(softmax_cross_entropy, Adam(), batch_size=4)
    trainer = Trainer(Reference(network_of(GRU(3))), x, y, recipe, epochs=1, seed=0)
    history = trainer.run()
    counts = [np.count_nonzero(trainer.batches.batch((0, step))[1] >= 0) for step in range(1, 7)]
    assert sum(counts) == np.count_nonzero(y >= 0)
    expected = np.average(history.step_loss, weights=counts)
    assert history.columns["training_loss"][0] == pytest.approx(expected, rel=1e-12)


def test_training_leaves_out_the_steps_that_no_target_of_a_batch_has() -> None:
    x, y = padded_words()
    recipe = Recipe(softmax_cross_entropy, Adam(), batch_size=4)
    batches = Trainer(Engine(network_of(GRU(3))), x, y, recipe, epochs=1, seed=0).batches
    for step in range(1, 7):
        given, targets, _ = batches.batch((0, step))
        assert given.shape[1] == targets.shape[1] == (targets >= 0).sum(axis=1).max()


def test_padded_examples_are_memorized() -> None:
    x, y = padded_words(V)
    x[:, 0] = np.arange(V)  # what they begin with tells them apart
    recipe = Recipe(softmax_cross_entropy, Adam(), learning_rate=0.02, batch_size=4)
    trainer = Trainer(Engine(network_of(GRU(32))), x, y, recipe, epochs=150, seed=0, validation=(x, y))
    columns = trainer.run().columns
    assert columns["validation_loss"][-1] < 0.2 * columns["validation_loss"][0]
    assert columns["validation_accuracy"][-1] > 0.9
    assert math.isfinite(columns["training_loss"][-1])
