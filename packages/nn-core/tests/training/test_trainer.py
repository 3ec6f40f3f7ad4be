"""The loop against the same arithmetic written out, step by step."""

import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nn_core.errors import DivergenceError, SettingError
from nn_core.layers import Dense, Dropout, Flatten, Layer, ReLU, Tanh
from nn_core.losses import binary_cross_entropy, mean_squared_error, softmax_cross_entropy
from nn_core.metrics import accuracy
from nn_core.network import Network
from nn_core.optim.optimizers import OPTIMIZERS, Adam, GradientDescent, optimizer
from nn_core.optim.schedules import Cosine, schedule
from nn_core.training.callbacks import Callback
from nn_core.training.history import History
from nn_core.training.trainer import Recipe, Trainer

COUNT = 22
X = np.random.default_rng(0).normal(size=(COUNT, 3)).astype(np.float32)
Y = (X @ [1.0, -2.0, 0.5] > 0).astype(np.int64)
SCHEDULES = [
    "constant",
    "inverse-time:rate=0.5,interval=10",
    "step:gamma=0.7,interval=10",
    "exponential:rate=0.02",
    "cosine:warmup=3",
]


def small_network(*layers: Layer, seed: int = 1) -> Network:
    layers = layers or (Dense(4), Tanh(), Dense(1))
    return Network(layers, input_shape=(3,), rng=np.random.default_rng(seed))


def small_trainer(
    network: Network | None = None,
    recipe: Recipe | None = None,
    *,
    epochs: int = 2,
    seed: int = 2,
    **settings: Any,
) -> Trainer:
    """A run of 22 examples in batches of 8, 8 and 6, unless asked otherwise."""
    return Trainer(
        small_network() if network is None else network,
        X,
        Y,
        recipe_of() if recipe is None else recipe,
        epochs=epochs,
        rng=np.random.default_rng(seed),
        **settings,
    )


def recipe_of(**settings: Any) -> Recipe:
    defaults = {"optimizer": GradientDescent(), "learning_rate": 0.1, "batch_size": 8}
    return Recipe(binary_cross_entropy, **(defaults | settings))


def slope(network: Network, x: Any, y: Any) -> np.ndarray:
    """The gradient of the bare loss on these examples."""
    network.loss_and_gradients(x, y, binary_cross_entropy, network.contexts())
    return network.gradients.copy()


@pytest.mark.parametrize(
    ("outputs", "loss"), [(1, binary_cross_entropy), (3, softmax_cross_entropy)]
)
def test_one_batch_of_random_labels_is_learnt_by_heart(outputs: int, loss: Any) -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, max(outputs, 2), 8)
    network = small_network(Dense(16), Tanh(), Dense(outputs))
    recipe = Recipe(loss, Adam(), learning_rate=0.05, batch_size=8)
    trainer = Trainer(network, X[:8], labels, recipe, epochs=300, rng=rng)
    history = trainer.run()
    assert history.step_loss[0] > 0.5
    assert history.step_loss[-1] < 1e-3
    assert trainer.measure(X[:8], labels)["accuracy"] == 1.0


@pytest.mark.parametrize("schedule_text", SCHEDULES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns_under_every_schedule(name: str, schedule_text: str) -> None:
    recipe = recipe_of(
        optimizer=optimizer(name), learning_rate=None, schedule=schedule(schedule_text)
    )
    loss = small_trainer(recipe=recipe, epochs=30).run().columns["training_loss"]
    assert loss[-1] < 0.8 * loss[0]


@pytest.mark.parametrize("schedule_text", SCHEDULES)
def test_a_step_goes_down_the_slope_by_the_rate_of_its_time(schedule_text: str) -> None:
    shape = schedule(schedule_text)
    trainer = small_trainer(
        recipe=recipe_of(learning_rate=0.3, schedule=shape, batch_size=None), epochs=5
    )
    network = trainer.network
    for step in range(5):
        rate = 0.3 * shape(step, 1, 5)
        assert trainer.learning_rate(trainer.step_count) == rate
        before = network.parameters.copy()
        expected = before - rate * slope(network, X, Y)
        loss = binary_cross_entropy(network.predict(X), Y)[0]
        assert trainer.step() == loss
        np.testing.assert_allclose(network.parameters, expected, rtol=0, atol=1e-7)
        assert not np.array_equal(network.parameters, before)
    assert trainer.step_count == 5


def test_the_schedule_knows_the_steps_and_the_epochs_of_the_run() -> None:
    trainer = small_trainer(recipe=recipe_of(schedule=Cosine(warmup=1.0)), epochs=4)
    rates = []
    for _ in range(12):
        rates.append(trainer.learning_rate(trainer.step_count))
        trainer.step()
    rise = [1 / 3, 2 / 3, 1.0]
    fall = [(1 + math.cos(math.pi * step / 9)) / 2 for step in range(9)]
    np.testing.assert_allclose(rates, 0.1 * np.array(rise + fall), rtol=1e-12)


def test_the_default_rate_is_the_optimizers() -> None:
    default = recipe_of(optimizer=Adam(), learning_rate=None)
    assert default.rate == Adam.default_learning_rate
    assert recipe_of(optimizer=Adam(), learning_rate=0.5).rate == 0.5


@pytest.mark.parametrize("batch_size", [None, 8])
def test_l2_pulls_weights_and_not_biases_by_its_full_strength(batch_size: int | None) -> None:
    plain, pulled = (
        small_trainer(recipe=recipe_of(l2=l2, batch_size=batch_size)) for l2 in (0.0, 0.25)
    )
    for trainer in (plain, pulled):
        trainer.network.parameter_views[0]["b"][...] = 3.0
    weights = plain.network.parameters.copy()
    weights[plain.network.weight_count :] = 0.0
    assert plain.step() == pulled.step()
    difference = pulled.network.gradients - plain.network.gradients
    np.testing.assert_allclose(difference, 0.25 * weights, rtol=1e-5, atol=1e-7)
    assert not difference[plain.network.weight_count :].any()


def test_l2_leaves_smaller_weights() -> None:
    norms = []
    for l2 in (0.0, 0.1):
        trainer = small_trainer(recipe=recipe_of(l2=l2), epochs=20)
        trainer.run()
        norms.append(np.linalg.norm(trainer.network.parameters[: trainer.network.weight_count]))
    assert norms[1] < 0.8 * norms[0]


@pytest.mark.parametrize(("value", "norm"), [(None, 0.05), (0.01, None), (0.02, 0.03), (1e6, 1e6)])
def test_the_gradient_is_clipped_after_l2_and_before_the_step(
    value: float | None, norm: float | None
) -> None:
    trainer = small_trainer(
        recipe=recipe_of(batch_size=None, l2=2.0, clip_value=value, clip_norm=norm)
    )
    network = trainer.network
    before = network.parameters.copy()
    expected = slope(network, X, Y)
    expected[: network.weight_count] += 2.0 * before[: network.weight_count]
    if value is not None:
        expected = np.clip(expected, -value, value)
    if norm is not None:
        expected *= min(1.0, norm / np.linalg.norm(expected))
    trainer.step()
    np.testing.assert_allclose(network.gradients, expected, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(network.parameters, before - 0.1 * expected, rtol=0, atol=1e-7)


def test_the_loss_of_an_epoch_is_the_mean_over_its_examples() -> None:
    history = small_trainer(epochs=3).run()
    assert len(history.step_loss) == 9
    per_epoch = np.array(history.step_loss).reshape(3, 3)
    expected = np.average(per_epoch, axis=1, weights=[8, 8, 6])
    np.testing.assert_allclose(history.columns["training_loss"], expected, rtol=1e-12)
    assert not np.allclose(expected, per_epoch.mean(axis=1), rtol=1e-6)


def test_a_step_reports_the_loss_of_its_batch_before_it() -> None:
    trainer, twin = small_trainer(), small_trainer()
    for _ in range(7):
        x, y = twin.batches.next()
        logits = trainer.network.predict(x)
        assert trainer.step() == pytest.approx(binary_cross_entropy(logits, y)[0], rel=1e-6)


def test_each_epoch_leaves_a_row() -> None:
    history = small_trainer(recipe=recipe_of(learning_rate=0.2), epochs=3).run()
    assert list(history.columns) == ["epoch", "step", "seconds", "learning_rate", "training_loss"]
    assert history.columns["epoch"] == [1, 2, 3]
    assert history.columns["step"] == [3, 6, 9]
    assert history.columns["learning_rate"] == [0.2] * 3


def test_a_run_of_no_epochs_does_nothing() -> None:
    trainer = small_trainer(epochs=0)
    before = trainer.network.parameters.copy()
    assert len(trainer.run()) == 0
    np.testing.assert_array_equal(trainer.network.parameters, before)


def test_validation_is_measured_after_the_epoch_without_noise_or_penalty() -> None:
    trainer = small_trainer(
        small_network(Dense(4), Tanh(), Dropout(0.5), Dense(1)),
        recipe_of(l2=0.5),
        validation=(X[:10], Y[:10]),
        epochs=1,
    )
    row = trainer.run().row(0)
    logits = trainer.network.predict(X[:10])
    assert row["validation_loss"] == binary_cross_entropy(logits, Y[:10])[0]
    assert row["validation_accuracy"] == accuracy(logits, Y[:10])
    assert trainer.measure(X[:10], Y[:10]) == trainer.measure(X[:10], Y[:10])


def test_metrics_are_those_asked_for() -> None:
    def largest(logits: Any, targets: Any) -> float:
        assert len(logits) == len(targets) == 10
        return float(logits.max())

    metrics = {"largest": largest}
    trainer = small_trainer(validation=(X[:10], Y[:10]), metrics=metrics, epochs=1)
    row = trainer.run().row(0)
    assert row["validation_largest"] == trainer.network.predict(X[:10]).max()
    assert "validation_accuracy" not in row
    assert set(small_trainer(metrics={}).measure(X, Y)) == {"loss"}


def test_the_training_examples_are_measured_after_the_epoch_if_so_asked() -> None:
    network = small_network(Dense(4), Tanh(), Dropout(0.5), Dense(1))
    trainer = small_trainer(network, measure_training=True, validation=(X[:9], Y[:9]), epochs=1)
    row = trainer.run().row(0)
    for part, x, y in (("training", X, Y), ("validation", X[:9], Y[:9])):
        logits = network.predict(x)
        assert row[f"{part}_loss"] == binary_cross_entropy(logits, y)[0]
        assert row[f"{part}_accuracy"] == accuracy(logits, y)


def test_measuring_changes_nothing_in_the_run() -> None:
    layers = Dense(4), Tanh(), Dropout(0.7), Dense(1)
    plain = small_trainer(small_network(*layers), epochs=3)
    measured = small_trainer(
        small_network(*layers), epochs=3, validation=(X[:9], Y[:9]), measure_training=True
    )
    assert plain.run().step_loss == measured.run().step_loss
    np.testing.assert_array_equal(plain.network.parameters, measured.network.parameters)


def test_seconds_are_those_of_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def tick() -> float:
        nonlocal now
        now += 1.0
        return now

    class Slow(Callback):
        def on_step(self, trainer: Trainer) -> None:
            tick()

        def on_epoch(self, trainer: Trainer) -> None:
            tick()

    def slow_metric(logits: Any, targets: Any) -> float:
        return tick()

    trainer = small_trainer(
        validation=(X, Y),
        measure_training=True,
        metrics={"slow": slow_metric},
        callbacks=[Slow()],
        epochs=2,
    )
    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", tick)
        history = trainer.run()
    assert history.columns["seconds"] == [3.0, 6.0]
    assert trainer.seconds == 6.0


def test_one_seed_gives_the_same_bits_again() -> None:
    runs = []
    for seed in (2, 2, 3):
        network = small_network(Dense(4), Tanh(), Dropout(0.7), Dense(1))
        history = small_trainer(network, recipe_of(optimizer=Adam()), seed=seed).run()
        runs.append((history.step_loss, network.parameters.tolist()))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_noise_leaves_the_order_of_the_batches_alone() -> None:
    plain = small_trainer()
    noisy = small_trainer(small_network(Dropout(0.5), Dense(1)))
    for trainer in (plain, noisy):
        trainer.run()
    assert plain.batches.state() == noisy.batches.state()
    assert plain.noise_rng.bit_generator.state != noisy.noise_rng.bit_generator.state


def test_a_new_run_forgets_what_the_optimizer_of_an_earlier_one_knew() -> None:
    recipe = recipe_of(optimizer=Adam())
    first, second = (small_trainer(recipe=recipe).run().step_loss for _ in range(2))
    assert first == second


def test_the_examples_stay_as_they_are() -> None:
    x, y = X.copy(), Y.copy()
    small_trainer(
        small_network(ReLU(), Dropout(0.5), Dense(1)),
        recipe_of(batch_size=None, l2=0.1, clip_norm=0.1),
        validation=(X, Y),
    ).run()
    np.testing.assert_array_equal(X, x)
    np.testing.assert_array_equal(Y, y)


def lose_weight_of_layer(index: int) -> Callable[[Network], None]:
    def lose(network: Network) -> None:
        network.parameter_views[index]["W"][0, 0] = np.nan

    return lose


def enlarge_output(network: Network) -> None:
    network.parameter_views[-1]["b"][...] = 1e30


@pytest.mark.parametrize(
    ("spoil", "culprit"),
    [
        (lose_weight_of_layer(1), "come from layer 1, Dense(units=4, initializer='he');"),
        (lose_weight_of_layer(4), "come from layer 4, Dense(units=1, initializer='lecun');"),
        (enlarge_output, "come from the loss itself;"),
    ],
)
def test_divergence_names_the_first_layer_that_is_not_finite(
    spoil: Callable[[Network], None], culprit: str
) -> None:
    class SpoilLater(Callback):
        def on_step(self, trainer: Trainer) -> None:
            if trainer.step_count == 4:
                spoil(trainer.network)

    network = small_network(Flatten(), Dense(4), Tanh(), Dropout(0.9), Dense(1, "lecun"))
    trainer = Trainer(
        network,
        X,
        np.zeros((COUNT, 1), np.float32),
        Recipe(mean_squared_error, GradientDescent(), batch_size=8),
        epochs=9,
        rng=np.random.default_rng(0),
        callbacks=[SpoilLater()],
    )
    with pytest.raises(DivergenceError) as caught:
        trainer.run()
    message = str(caught.value)
    assert culprit in message
    assert " at step 5 (epoch 2): " in message
    assert "\n" not in message
    assert trainer.step_count == len(trainer.history.step_loss) == 4


def test_a_step_that_diverges_moves_nothing() -> None:
    trainer = small_trainer(recipe=recipe_of(optimizer=Adam()))
    trainer.network.parameters[-1] = np.nan
    before = trainer.network.parameters.copy()
    with pytest.raises(DivergenceError, match="the loss is nan at step 1 "):
        trainer.step()
    np.testing.assert_array_equal(trainer.network.parameters, before)
    assert (trainer.step_count, trainer.recipe.optimizer.steps) == (0, 0)
    assert trainer.history == History()


class LoseWeight(Callback):
    """Makes a weight infinite behind a layer that saturates, so that no loss shows it."""

    def on_step(self, trainer: Trainer) -> None:
        trainer.network.parameter_views[0]["b"][0] = np.inf


def test_weights_that_are_not_finite_end_the_epoch_though_no_loss_shows_them() -> None:
    trainer = small_trainer(callbacks=[LoseWeight()])
    with pytest.raises(DivergenceError, match=r"epoch 1\)"):
        trainer.run()
    assert (len(trainer.history.step_loss), len(trainer.history)) == (3, 0)


def test_weights_that_are_not_finite_are_named() -> None:
    with pytest.raises(DivergenceError) as caught:
        small_trainer(callbacks=[LoseWeight()]).run()
    message = str(caught.value)
    assert "weights" in message
    assert "nan" not in message
    assert " step 3 " in message
    assert "layer 0, Dense(units=4" in message


def test_a_measured_loss_that_is_not_finite_is_divergence_too() -> None:
    trainer = small_trainer(validation=(np.full_like(X, np.nan), Y))
    with pytest.raises(DivergenceError, match="the validation loss is nan after step 3 ") as caught:
        trainer.run()
    assert "come from the examples" in str(caught.value)
    assert len(trainer.history) == 0


@pytest.mark.parametrize("hidden", [ReLU(), Tanh()])
def test_numbers_that_overflow_raise_one_error_and_no_warning(hidden: Layer) -> None:
    network = small_network(Dense(4), hidden, Dense(1))
    handling = np.geterr()
    recipe = Recipe(mean_squared_error, GradientDescent(), learning_rate=1e30, batch_size=8)
    targets = Y[:, None].astype(np.float32)
    trainer = Trainer(network, X, targets, recipe, epochs=9, rng=np.random.default_rng(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergenceError):
            trainer.run()
    assert np.isfinite(trainer.history.step_loss).all()
    assert np.geterr() == handling


def test_divergence_is_named_for_examples_of_another_type_too() -> None:
    recipe = recipe_of(optimizer=GradientDescent(), learning_rate=1e38)
    network = small_network(Dense(4), ReLU(), Dense(1))
    x = X.astype(np.float64)
    trainer = Trainer(network, x, Y, recipe, epochs=9, rng=np.random.default_rng(0))
    with pytest.raises(DivergenceError, match="come from layer 2, Dense"):
        trainer.run()


def test_examples_that_are_not_finite_are_named() -> None:
    x = X.copy()
    x[3, 1] = np.nan
    trainer = Trainer(small_network(), x, Y, recipe_of(), epochs=1, rng=np.random.default_rng(0))
    with pytest.raises(DivergenceError, match="come from the examples"):
        trainer.run()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": -1.0}, "learning_rate must be positive, not -1.0"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"learning_rate": math.inf}, "learning_rate must be positive"),
        ({"learning_rate": math.nan}, "learning_rate must be positive"),
        ({"clip_norm": 0.0}, "clip_norm must be positive"),
        ({"clip_value": -0.5}, "clip_value must be positive"),
        ({"l2": -0.1}, "l2 cannot be negative: -0.1"),
        ({"l2": math.nan}, "l2 cannot be negative: nan"),
        ({"l2": math.inf}, "l2 cannot be negative: inf"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        recipe_of(**settings)


def test_a_run_cannot_be_shorter_than_nothing() -> None:
    with pytest.raises(SettingError, match="cannot have -1 epochs"):
        small_trainer(epochs=-1)
