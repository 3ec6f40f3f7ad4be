"""Long texts and padded sequences: how they are cut, trained on, judged and resumed."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core import checkpoint
from nn_core.batches.minibatches import MiniBatches
from nn_core.batches.streams import StreamBatches, windows
from nn_core.errors import CheckpointError, DivergenceError, SettingError, ShapeError
from nn_core.layers import CELLS, GRU, LSTM, Dense, Dropout, Embedding, SimpleRNN
from nn_core.losses import sequence_cross_entropy
from nn_core.metrics import accuracy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam, GradientDescent
from nn_core.optim.schedules import Cosine
from nn_core.sequences import trim_padding
from nn_core.training.callbacks import Callback
from nn_core.training.evaluate import measure_text
from nn_core.training.trainer import Recipe, Trainer

V = 5
TEXT = np.random.default_rng(0).integers(V, size=203)
X, Y = TEXT[:-1], TEXT[1:]


def network_of(*cells: Any, seed: int = 1, dtype: Any = np.float32) -> Network:
    cells = cells or (LSTM(4), Dropout(0.8), GRU(3), SimpleRNN(3))
    rng = np.random.default_rng(seed)
    layers = [Embedding(3, V), *cells, Dense(V)]
    return Network(layers, input_shape=(), rng=rng, over_time=True, dtype=dtype)


def text_trainer(
    network: Network | None = None, *callbacks: Callback, epochs: int = 3, seed: int = 2
) -> Trainer:
    """Four streams of 50, in windows of 7: eight steps an epoch, the last with one."""
    recipe = Recipe(
        sequence_cross_entropy,
        Adam(),
        learning_rate=0.01,
        schedule=Cosine(warmup=0.5),
        batch_size=4,
        steps=7,
        clip_norm=0.5,
    )
    return Trainer(
        network_of() if network is None else network,
        X,
        Y,
        recipe,
        epochs=epochs,
        rng=np.random.default_rng(seed),
        validation=(X[:40], Y[:40]),
        callbacks=callbacks,
    )


# How a text is cut


@given(length=st.integers(1, 60), batch_size=st.integers(1, 8), steps=st.integers(1, 9))
def test_windows_in_order_are_the_streams(length: int, batch_size: int, steps: int) -> None:
    text = np.arange(length)
    if length < batch_size:
        with pytest.raises(SettingError, match="too short"):
            StreamBatches(text, -text, batch_size=batch_size, steps=steps)
        return
    batches = StreamBatches(text, -text, batch_size=batch_size, steps=steps)
    for _ in range(2):
        parts = [batches.next() for _ in range(batches.steps_per_epoch)]
        x = np.concatenate([x for x, _ in parts], axis=1)
        each = length // batch_size
        np.testing.assert_array_equal(x, text[: batch_size * each].reshape(batch_size, each))
        np.testing.assert_array_equal(np.concatenate([y for _, y in parts], axis=1), -x)
        assert {x.shape for x, _ in parts[:-1]} <= {(batch_size, steps)}
        assert parts[-1][0].size > 0
        means = [float(x.mean()) for x, _ in parts]
        assert batches.mean(means) == pytest.approx(x.mean(), rel=1e-12)


@pytest.mark.parametrize("position", range(9))
def test_a_stream_restored_anywhere_goes_on_the_same(position: int) -> None:
    batches, other = (StreamBatches(X, Y, batch_size=4, steps=7) for _ in range(2))
    for _ in range(position):
        batches.next()
    other.restore(json.loads(json.dumps(batches.state())))
    for _ in range(9):
        for one, another in zip(batches.next(), other.next(), strict=True):
            np.testing.assert_array_equal(one, another)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "at least one stream, not 0"),
        ({"steps": 0}, "at least one step, not 0"),
        ({"batch_size": 203}, "a text of 202 is too short for 203 streams"),
    ],
)
def test_what_makes_no_streams_is_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        StreamBatches(X, Y, **({"batch_size": 2, "steps": 3} | settings))
    with pytest.raises(ShapeError, match="a text of 202, but 203 targets"):
        StreamBatches(X, TEXT, batch_size=2, steps=3)


def test_a_position_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="step 9 of an epoch of 8"):
        StreamBatches(X, Y, batch_size=4, steps=7).restore({"position": 9})


@given(
    length=st.integers(1, 80),
    streams=st.integers(1, 9),
    steps=st.integers(1, 20),
    lead=st.integers(0, 6),
)
def test_judging_sees_each_target_once_behind_what_stands_before_it(
    length: int, streams: int, steps: int, lead: int
) -> None:
    x, y = np.arange(length), 1000 + np.arange(length)
    parts = list(windows(x, y, streams=streams, steps=steps, lead=lead))
    read = np.concatenate([x for x, _ in parts], axis=1)
    wanted = np.concatenate([y for _, y in parts], axis=1)
    assert sorted(wanted[wanted >= 0]) == y.tolist()
    assert all(x.shape[1] <= steps for x, _ in parts)
    for row, targets in zip(read, wanted, strict=True):
        own = np.flatnonzero(targets >= 0)
        if len(own):
            np.testing.assert_array_equal(targets[own], 1000 + row[own])
            np.testing.assert_array_equal(np.diff(row[: own[-1] + 1]), 1)
            assert own[0] >= min(lead, row[own[0]])  # as much was read before it is judged


# Judging


def test_a_text_is_judged_as_if_read_at_once() -> None:
    network = network_of(dtype=np.float64)
    logits = network.predict(X[None])
    expected = {
        "loss": sequence_cross_entropy(logits, Y[None])[0],
        "accuracy": accuracy(logits, Y[None]),
    }
    figures: Any = {"loss": lambda z, y: sequence_cross_entropy(z, y)[0], "accuracy": accuracy}
    for steps in (1, 7, 1000):
        received = measure_text(network, X, Y, figures, streams=1, steps=steps)
        assert received == pytest.approx(expected, rel=1e-12)
    # In several streams the state begins a hundred steps before, which forgets the rest.
    text = np.random.default_rng(5).integers(V, size=2001)
    whole, parts = (
        measure_text(network, text[:-1], text[1:], figures, streams=streams) for streams in (1, 5)
    )
    assert whole == pytest.approx(parts, rel=1e-6)
    assert whole["loss"] != parts["loss"]


def test_accuracy_counts_the_steps_that_have_a_target() -> None:
    logits = np.zeros((2, 3, 4))
    logits[..., 1] = 1.0
    labels = np.array([[1, 1, -1], [0, -1, -1]])
    assert accuracy(logits, labels) == pytest.approx(2 / 3)


# Training on a text


def test_a_step_is_truncated_backpropagation_with_the_state_carried() -> None:
    network, twin = network_of(LSTM(4)), network_of(LSTM(4))
    recipe = Recipe(
        sequence_cross_entropy, GradientDescent(), learning_rate=0.1, batch_size=4, steps=7
    )
    trainer = Trainer(network, X, Y, recipe, epochs=2, rng=np.random.default_rng(0))
    streams = X[:200].reshape(4, 50), Y[:200].reshape(4, 50)
    contexts = twin.contexts(training=True)
    for _ in range(2):
        for context in contexts:
            context.initial_state = None
        for start in range(0, 50, 7):
            x, y = (text[:, start : start + 7] for text in streams)
            value, _ = twin.loss_and_gradients(x, y, sequence_cross_entropy, contexts)
            twin.parameters -= 0.1 * twin.gradients
            assert trainer.step() == pytest.approx(value, rel=1e-6)
            for context in contexts:
                context.initial_state = context.final_state
    np.testing.assert_allclose(network.parameters, twin.parameters, rtol=1e-4, atol=1e-6)
    assert trainer.batches.steps_per_epoch == 8


@pytest.mark.parametrize("cell", CELLS.values())
def test_what_lies_further_back_than_a_window_is_learnt_through_the_state(cell: Any) -> None:
    # Each letter is that of five steps before: with windows of three, only a carried state
    # tells, though no gradient reaches back so far.
    text = np.tile([0, 1, 2, 3, 4, 4, 3, 1, 0, 2], 200)
    network = network_of(cell(24))
    recipe = Recipe(sequence_cross_entropy, Adam(), learning_rate=0.01, batch_size=10, steps=3)
    trainer = Trainer(
        network,
        text[:-1],
        text[1:],
        recipe,
        epochs=8,
        rng=np.random.default_rng(0),
        validation=(text[:-1], text[1:]),
    )
    assert trainer.run().columns["validation_loss"][-1] < 0.1


class Interruption(Exception):
    """What a run of these tests is interrupted by."""


class InterruptAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step_count == self.step:
            raise Interruption


def bits(trainer: Trainer) -> list[bytes]:
    columns = trainer.history.columns
    figures = [columns[name] for name in ("training_loss", "validation_loss")]
    arrays = [trainer.network.parameters, trainer.history.step_loss, *figures]
    arrays += [*trainer.recipe.optimizer.state().values(), *trainer.carried().values()]
    return [np.array(values, np.float64).tobytes() for values in arrays]


@pytest.mark.parametrize("step", [1, 5, 7, 8, 9, 16, 23, 24])
def test_a_run_stopped_after_any_step_and_resumed_ends_with_the_same_bits(
    tmp_path: Path, step: int
) -> None:
    expected = text_trainer()
    expected.run()
    trainer = text_trainer(None, InterruptAt(step))
    with pytest.raises(Interruption):
        trainer.run()
    path = tmp_path / "run.h5"
    checkpoint.save(path, trainer.network, program="test", details={}, trainer=trainer)
    stored = checkpoint.load(path, program="test")
    assert stored.run is not None
    assert set(stored.run.carried) == {"1.h", "1.c", "3.h", "4.h"}
    resumed = text_trainer(stored.network, seed=999)
    stored.run.resume(resumed)
    resumed.run()
    assert bits(resumed) == bits(expected)


def saved(tmp_path: Path) -> checkpoint.Run:
    trainer = text_trainer(None, InterruptAt(3))
    with pytest.raises(Interruption):
        trainer.run()
    checkpoint.save(
        tmp_path / "run.h5", trainer.network, program="test", details={}, trainer=trainer
    )
    run = checkpoint.load(tmp_path / "run.h5", program="test").run
    assert run is not None
    return run


@pytest.mark.parametrize(
    "spoil",
    [
        lambda carried: carried.pop("1.c"),
        lambda carried: carried.update({"1.c": np.zeros((4, 5))}),
        lambda carried: carried.update({"3.h": np.zeros((3, 3))}),
    ],
)
def test_a_run_without_its_states_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], Any]
) -> None:
    run = saved(tmp_path)
    spoil(run.carried)  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="the checkpoint's run is damaged"):
        run.resume(text_trainer())


def test_divergence_on_a_text_is_named() -> None:
    network = network_of(LSTM(3))
    network.parameter_views[1]["W_h"][0, 0] = np.nan
    with pytest.raises(DivergenceError, match=r"come from layer 1, LSTM\(units=3"):
        text_trainer(network).run()


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"steps": 0}, "at least one step, not 0"), ({"steps": 3, "batch_size": None}, "streams")],
)
def test_recipes_for_texts_that_make_no_sense_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        Recipe(sequence_cross_entropy, Adam(), **settings)


def test_a_text_needs_a_network_over_time() -> None:
    network = Network([Embedding(2, V), Dense(V)], input_shape=(), rng=np.random.default_rng(0))
    with pytest.raises(SettingError, match="only a network over time"):
        text_trainer(network)


# Padded sequences


def padded_words(count: int = 23, longest: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of 1 to 9 steps; x is padded with words, y with -1."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(V, size=(2, count, longest))
    lengths = rng.integers(1, longest + 1, size=count)
    y[np.arange(longest) >= lengths[:, None]] = -1
    return x, y


def test_trimming_leaves_out_what_nobody_needs() -> None:
    y = np.array([[1, 2, -1, -1, -1], [1, -1, 3, -1, -1]])
    x = np.arange(10).reshape(2, 5)
    for received, whole in zip(trim_padding(x, y), (x, y), strict=True):
        np.testing.assert_array_equal(received, whole[:, :3])
    assert trim_padding(x, np.full((2, 5), -1))[1].shape == (2, 1)
    assert trim_padding(x, np.zeros((2, 5), int))[0].shape == (2, 5)


@pytest.mark.parametrize("batch_size", [None, 4])
def test_batches_are_as_long_as_their_longest_example(batch_size: int | None) -> None:
    x, y = padded_words()
    plain, trim = (
        MiniBatches(x, y, batch_size=batch_size, rng=np.random.default_rng(0), trim=trim)
        for trim in (False, True)
    )
    for _ in range(8):
        (x_plain, y_plain), (x_trim, y_trim) = plain.next(), trim.next()
        length = x_trim.shape[1]
        np.testing.assert_array_equal(x_trim, x_plain[:, :length])
        np.testing.assert_array_equal(y_trim, y_plain[:, :length])
        assert (y_plain[:, length:] == -1).all()
        assert (y_trim[:, -1] >= 0).any()


@pytest.mark.parametrize("batch_size", [None, 4, 23])
def test_the_loss_of_an_epoch_is_the_mean_over_its_targets(batch_size: int | None) -> None:
    x, y = padded_words()
    batches = MiniBatches(x, y, batch_size=batch_size, rng=np.random.default_rng(0), trim=True)
    for _ in range(2):
        figures = []
        for _ in range(batches.steps_per_epoch):
            targets = batches.next()[1]
            figures.append(float(targets[targets >= 0].mean()))
        assert batches.mean(figures) == pytest.approx(y[y >= 0].mean(), rel=1e-12)


@pytest.mark.parametrize("cell", CELLS.values())
def test_padding_changes_neither_losses_nor_gradients(cell: Any) -> None:
    network = network_of(cell(4), dtype=np.float64)
    x, y = padded_words()
    contexts = network.contexts()
    value, _ = network.loss_and_gradients(x, y, sequence_cross_entropy, contexts)
    received = network.gradients.copy()
    expected, total = np.zeros_like(received), 0.0
    lengths = (y >= 0).sum(axis=1)
    for n, length in enumerate(lengths):
        part, _ = network.loss_and_gradients(
            x[n : n + 1, :length], y[n : n + 1, :length], sequence_cross_entropy, contexts
        )
        expected += network.gradients * (length / lengths.sum())
        total += part * (length / lengths.sum())
    assert value == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(received, expected, rtol=1e-9, atol=1e-13)


def test_padded_examples_are_learnt_by_heart() -> None:
    x, y = padded_words(V)
    x[:, 0] = np.arange(V)  # what they begin with tells them apart
    recipe = Recipe(sequence_cross_entropy, Adam(), learning_rate=0.02, batch_size=4)
    trainer = Trainer(
        network_of(GRU(32)),
        x,
        y,
        recipe,
        epochs=150,
        rng=np.random.default_rng(0),
        validation=(x, y),
    )
    columns = trainer.run().columns
    assert columns["validation_loss"][-1] < 0.2 * columns["validation_loss"][0]
    assert columns["validation_accuracy"][-1] > 0.9
    assert math.isfinite(columns["training_loss"][-1])
