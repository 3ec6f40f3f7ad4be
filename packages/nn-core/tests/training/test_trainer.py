"""The training loop against the same arithmetic written out, step by step."""

import math
import time
from typing import Any

import numpy as np
import pytest
from small_runs import BACKENDS, X, Y, noisy_network, on_both_backends, recipe_of, small_network, small_trainer

from nn_core.arrays import Array
from nn_core.errors import NNError, SettingError, ShapeError
from nn_core.layers import Dense, Dropout, ReLU, Tanh
from nn_core.losses import Loss, binary_cross_entropy, mean_squared_error, softmax_cross_entropy
from nn_core.metrics import accuracy
from nn_core.network import Network
from nn_core.optim.optimizers import OPTIMIZERS, Adam, optimizer
from nn_core.optim.schedules import Cosine, Step, schedule
from nn_core.reference import Reference
from nn_core.training.callbacks import Callback
from nn_core.training.recipe import Recipe
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer

SCHEDULES = [
    "constant",
    "inverse-time:rate=0.5,interval=10",
    "step:gamma=0.7,interval=10",
    "exponential:rate=0.02",
    "cosine:warmup=3",
]


def slope(network: Network, x: Array, y: Any) -> Array:
    """The gradient of the bare loss on these examples."""
    return Reference(network).loss_and_gradients(x, y, binary_cross_entropy).gradients


def outputs_of(network: Network, x: Array) -> Array:
    return Reference(network).predict(x)[0]


@pytest.mark.parametrize(("outputs", "loss"), [(1, binary_cross_entropy), (3, softmax_cross_entropy)])
def test_one_batch_of_random_labels_is_memorized(outputs: int, loss: Loss) -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, max(outputs, 2), 8)
    network = small_network(Dense(16), Tanh(), Dense(outputs))
    recipe = Recipe(loss, Adam(), learning_rate=0.05, batch_size=8)
    trainer = Trainer(Reference(network), X[:8], labels, recipe, epochs=300, seed=0)
    history = trainer.run()
    assert history.step_loss[0] > 0.5
    assert history.step_loss[-1] < 1e-3
    assert trainer.evaluate(X[:8], labels)["accuracy"] == 1.0


@pytest.mark.parametrize("schedule_text", SCHEDULES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns_under_every_schedule(name: str, schedule_text: str) -> None:
    rate = 0.01 if name == "lion" else None  # few steps, all of the same size
    recipe = recipe_of(optimizer=optimizer(name), learning_rate=rate, schedule=schedule(schedule_text))
    loss = small_trainer(recipe=recipe, epochs=30).run().columns["training_loss"]
    assert loss[-1] < 0.8 * loss[0]


@pytest.mark.parametrize("schedule_text", SCHEDULES)
def test_a_step_goes_down_the_slope_by_the_rate_of_its_time(schedule_text: str) -> None:
    shape = schedule(schedule_text)
    trainer = small_trainer(recipe=recipe_of(learning_rate=0.3, schedule=shape, batch_size=None), epochs=5)
    network = trainer.network
    for step in range(5):
        rate = 0.3 * shape(step, 1, 5)
        assert trainer.learning_rate(step + 1) == rate
        before = network.vector.copy()
        expected = before - rate * slope(network, X, Y)
        loss = binary_cross_entropy(outputs_of(network, X), Y)[0]
        assert trainer.step() == pytest.approx(loss, rel=1e-6)
        np.testing.assert_allclose(network.vector, expected, rtol=0, atol=1e-7)
        assert not np.array_equal(network.vector, before)
    assert trainer.state.step == 5


def test_the_schedule_knows_the_steps_and_the_epochs_of_the_run() -> None:
    trainer = small_trainer(recipe=recipe_of(schedule=Cosine(warmup=1.0)), epochs=4)
    rates = [trainer.learning_rate(step) for step in range(1, 13)]
    rise = [1 / 3, 2 / 3, 1.0]
    fall = [(1 + math.cos(math.pi * step / 9)) / 2 for step in range(9)]
    np.testing.assert_allclose(rates, 0.1 * np.array(rise + fall), rtol=1e-12)


def test_the_default_rate_is_the_optimizers() -> None:
    default = recipe_of(optimizer=Adam(), learning_rate=None)
    assert default.base_rate == Adam.default_learning_rate
    assert recipe_of(optimizer=Adam(), learning_rate=0.5).base_rate == 0.5


@pytest.mark.parametrize("batch_size", [None, 8])
def test_l2_pulls_weights_and_not_biases_by_its_full_strength(batch_size: int | None) -> None:
    plain, pulled = (small_trainer(recipe=recipe_of(l2=l2, batch_size=batch_size)) for l2 in (0.0, 0.25))
    for trainer in (plain, pulled):
        trainer.network.params["0/b"][...] = 3.0
    weights = plain.network.vector.copy()
    weights[plain.network.weight_count :] = 0.0
    assert plain.step() == pulled.step()
    difference = plain.network.vector - pulled.network.vector
    np.testing.assert_allclose(difference, 0.1 * 0.25 * weights, rtol=1e-4, atol=1e-7)
    assert not difference[plain.network.weight_count :].any()


def test_l2_leaves_smaller_weights() -> None:
    norms = []
    for l2 in (0.0, 0.1):
        trainer = small_trainer(recipe=recipe_of(l2=l2), epochs=20)
        trainer.run()
        norms.append(np.linalg.norm(trainer.network.vector[: trainer.network.weight_count]))
    assert norms[1] < 0.8 * norms[0]


@pytest.mark.parametrize(("value", "norm"), [(None, 0.05), (0.01, None), (0.02, 0.03), (1e6, 1e6)])
def test_the_gradient_is_clipped_after_l2_and_before_the_step(value: float | None, norm: float | None) -> None:
    trainer = small_trainer(recipe=recipe_of(batch_size=None, l2=2.0, clip_value=value, clip_norm=norm))
    network = trainer.network
    before = network.vector.copy()
    expected = slope(network, X, Y)
    expected[: network.weight_count] += 2.0 * before[: network.weight_count]
    if value is not None:
        expected = np.clip(expected, -value, value)
    if norm is not None:
        expected *= min(1.0, norm / float(np.linalg.norm(expected)))
    trainer.step()
    np.testing.assert_allclose(network.vector, before - 0.1 * expected, rtol=0, atol=1e-7)


def test_the_loss_of_an_epoch_is_the_mean_over_its_examples() -> None:
    history = small_trainer(epochs=3).run()
    assert len(history.step_loss) == 9
    per_epoch = np.array(history.step_loss).reshape(3, 3)
    expected = np.average(per_epoch, axis=1, weights=[8, 8, 6])
    np.testing.assert_allclose(history.columns["training_loss"], expected, rtol=1e-12)
    assert not np.allclose(expected, per_epoch.mean(axis=1), rtol=1e-6)


def test_a_step_reports_the_loss_of_its_batch_before_it() -> None:
    trainer, twin = small_trainer(), small_trainer()
    for step in range(1, 8):
        x, y, _ = twin.batches.batch((2, step))
        logits = outputs_of(trainer.network, x)
        assert trainer.step() == pytest.approx(binary_cross_entropy(logits, y)[0], rel=1e-6)


def test_each_epoch_leaves_a_row() -> None:
    history = small_trainer(recipe=recipe_of(learning_rate=0.2), epochs=3).run()
    assert list(history.columns) == ["epoch", "step", "seconds", "learning_rate", "training_loss"]
    assert history.columns["epoch"] == [1, 2, 3]
    assert history.columns["step"] == [3, 6, 9]
    assert history.columns["learning_rate"] == [0.2] * 3


def test_a_run_of_no_epochs_does_nothing() -> None:
    trainer = small_trainer(epochs=0)
    before = trainer.network.vector.copy()
    assert len(trainer.run()) == 0
    np.testing.assert_array_equal(trainer.network.vector, before)


def test_validation_is_measured_after_the_epoch_without_noise_or_penalty() -> None:
    trainer = small_trainer(noisy_network(), recipe_of(l2=0.5), validation=(X[:10], Y[:10]), epochs=1)
    row = trainer.run().row(0)
    logits = outputs_of(trainer.network, X[:10])
    assert row["validation_loss"] == binary_cross_entropy(logits, Y[:10])[0]
    assert row["validation_accuracy"] == accuracy(logits, Y[:10])
    assert trainer.evaluate(X[:10], Y[:10]) == trainer.evaluate(X[:10], Y[:10])


def test_metrics_are_those_asked_for() -> None:
    def largest(logits: Array, targets: Any) -> float:
        assert len(logits) == len(targets) == 10
        return float(logits.max())

    metrics = {"largest": largest}
    trainer = small_trainer(validation=(X[:10], Y[:10]), metrics=metrics, epochs=1)
    row = trainer.run().row(0)
    assert row["validation_largest"] == outputs_of(trainer.network, X[:10]).max()
    assert "validation_accuracy" not in row
    assert set(small_trainer(metrics={}).evaluate(X, Y)) == {"loss"}


def test_the_training_examples_are_measured_after_the_epoch_if_so_asked() -> None:
    network = noisy_network()
    trainer = small_trainer(network, measure_training=True, validation=(X[:9], Y[:9]), epochs=1)
    row = trainer.run().row(0)
    for part, x, y in (("training", X, Y), ("validation", X[:9], Y[:9])):
        logits = outputs_of(network, x)
        assert row[f"{part}_loss"] == binary_cross_entropy(logits, y)[0]
        assert row[f"{part}_accuracy"] == accuracy(logits, y)


def test_evaluation_changes_nothing_in_the_run() -> None:
    plain = small_trainer(noisy_network(), epochs=3)
    measured = small_trainer(noisy_network(), epochs=3, validation=(X[:9], Y[:9]), measure_training=True)
    assert plain.run().step_loss == measured.run().step_loss
    np.testing.assert_array_equal(plain.network.vector, measured.network.vector)


def test_seconds_are_those_of_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def tick() -> float:
        nonlocal now
        now += 1.0
        return now

    class Slow(Callback):
        def on_step(self, state: TrainingState) -> None:
            tick()

        def on_epoch(self, state: TrainingState) -> None:
            tick()

    def slow_metric(logits: Array, targets: Any) -> float:
        return tick()

    trainer = small_trainer(
        validation=(X, Y), measure_training=True, metrics={"slow": slow_metric}, callbacks=[Slow()], epochs=2
    )
    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", tick)
        history = trainer.run()
    assert history.columns["seconds"] == [3.0, 6.0]
    assert trainer.state.seconds == 6.0


@on_both_backends
def test_one_seed_gives_the_same_bits_again(make: Any) -> None:
    runs = []
    for seed in (2, 2, 3):
        network = noisy_network()
        history = small_trainer(network, recipe_of(optimizer=Adam()), seed=seed, make=make).run()
        runs.append((history.step_loss, network.vector.tolist()))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_engine_trains_to_the_numbers_of_the_reference() -> None:
    runs = []
    for make in BACKENDS.values():
        trainer = small_trainer(
            noisy_network(), recipe_of(optimizer=Adam(), l2=0.1, clip_norm=0.5), make=make, validation=(X, Y), epochs=4
        )
        history = trainer.run()
        runs.append([*history.step_loss, *history.columns["validation_loss"]])
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-5)


@on_both_backends
def test_each_step_has_noise_of_its_own(make: Any) -> None:
    # Dropout alone, of weights that hardly move: the losses of one batch differ by their masks.
    trainer = small_trainer(
        small_network(Dropout(0.5), Dense(1)), recipe_of(learning_rate=1e-12, batch_size=None), make=make, epochs=20
    )
    assert len(set(trainer.run().step_loss)) > 15


def test_the_examples_stay_as_they_are() -> None:
    x, y = X.copy(), Y.copy()
    small_trainer(
        small_network(ReLU(), Dropout(0.5), Dense(1)),
        recipe_of(batch_size=None, l2=0.1, clip_norm=0.1),
        validation=(X, Y),
    ).run()
    np.testing.assert_array_equal(X, x)
    np.testing.assert_array_equal(Y, y)


def test_the_recorded_learning_rate_is_that_of_the_last_step_of_the_epoch() -> None:
    # Three steps an epoch; the rate is halved after every step.
    recipe = recipe_of(schedule=Step(gamma=0.5, interval=1 / 3), learning_rate=0.8)
    history = small_trainer(recipe=recipe, epochs=2).run()
    assert history.columns["learning_rate"] == pytest.approx([0.8 / 4, 0.8 / 32])


def test_the_loss_of_an_epoch_weighs_batches_by_what_their_loss_counts() -> None:
    # A label of -1 is no target: the batches have 8, 8 and 6 examples, and fewer targets.
    y = np.where(np.arange(len(X)) % 3 == 0, -1, Y)
    network = small_network(Dense(2))
    recipe = Recipe(softmax_cross_entropy, Adam(), batch_size=8)
    trainer = Trainer(Reference(network), X, y, recipe, epochs=1, seed=0, metrics={})
    history = trainer.run()
    counts = [np.count_nonzero(trainer.batches.batch((0, step))[1] >= 0) for step in (1, 2, 3)]
    assert sum(counts) == 14
    expected = np.average(history.step_loss, weights=counts)
    assert history.columns["training_loss"][0] == pytest.approx(expected, rel=1e-12)


def test_a_run_cannot_be_shorter_than_nothing() -> None:
    with pytest.raises(SettingError, match="epochs must be at least 0, not -1"):
        small_trainer(epochs=-1)
    with pytest.raises(SettingError, match="the seed must be at least 0, not -1"):
        small_trainer(seed=-1)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X.astype(complex), Y, "x must be real numbers, not complex128"),
        (X, Y.astype(complex), "targets are an array of numbers, not complex128"),
        (X.astype(str), Y, "x has non-numeric values"),
        (X.astype(object), Y, r"x has non-numeric values \(object\); encode strings"),
        (np.float32(1), Y, "x is an array of examples, not float32"),
    ],
)
@pytest.mark.parametrize("bptt_length", [None, 3])
def test_examples_that_are_not_arrays_of_real_numbers_are_refused(
    x: Any, y: Any, message: str, bptt_length: int | None
) -> None:
    network = Network([Dense(1)], input_shape=(None, 3) if bptt_length else (3,))
    recipe = Recipe(mean_squared_error, Adam(), batch_size=2, bptt_length=bptt_length)
    with pytest.raises(NNError, match=message):
        Trainer(Reference(network), x, y, recipe, epochs=1, seed=0)
    with pytest.raises(NNError, match=message):
        Trainer(Reference(network), X, Y, recipe, epochs=1, seed=0, validation=(x, y))


def test_validation_examples_and_targets_are_equally_many() -> None:
    with pytest.raises(ShapeError, match="22 examples, but 21 targets"):
        small_trainer(validation=(X, Y[1:]))


def test_repr() -> None:
    trainer = small_trainer(epochs=2)
    assert repr(trainer) == "Trainer(0 of 2 epochs, 21 parameters)"
    loss = trainer.run().columns["training_loss"][-1]
    assert repr(trainer) == f"Trainer(2 of 2 epochs, 21 parameters, training loss {loss:.4g})"
