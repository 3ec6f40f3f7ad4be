"""Weights of examples and targets in training."""

from typing import Any

import numpy as np
import pytest
from small_runs import (
    COUNT,
    InterruptAt,
    Interruption,
    MakeBackend,
    X,
    Y,
    bits,
    on_both_backends,
    recipe_of,
    small_network,
    small_trainer,
)

from nn_core.errors import SettingError
from nn_core.layers import GRU, Dense, Embedding, LastStep
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.reference import Reference
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer

WEIGHTS = np.arange(COUNT) % 3 + 0.5


@on_both_backends
def test_unit_weights_change_nothing(make: MakeBackend) -> None:
    plain, weighted = small_trainer(make=make), small_trainer(make=make, weights=np.ones(COUNT))
    plain.run()
    weighted.run()
    np.testing.assert_allclose(weighted.network.vector, plain.network.vector, rtol=1e-6)


def test_weight_two_repeats_an_example() -> None:
    twice = np.concatenate([X, X[:5]]), np.concatenate([Y, Y[:5]])
    weights = np.where(np.arange(COUNT) < 5, 2.0, 1.0)
    whole = recipe_of(batch_size=None)
    doubled = Trainer(Reference(small_network()), *twice, whole, epochs=5, seed=0)
    weighted = Trainer(Reference(small_network()), X, Y, whole, epochs=5, seed=0, weights=weights)
    for trainer in (doubled, weighted):
        trainer.run()
    np.testing.assert_allclose(weighted.network.vector, doubled.network.vector, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(weighted.state.history.step_loss, doubled.state.history.step_loss, rtol=1e-6)
    expected = doubled.evaluate(*twice)["loss"]
    assert weighted.evaluate(X, Y, weights=weights)["loss"] == pytest.approx(expected, rel=1e-6)


def test_an_epoch_without_updates_has_the_weighted_mean() -> None:
    recipe = recipe_of(learning_rate=1e-30)
    trainer = small_trainer(recipe=recipe, weights=WEIGHTS, measure_training=False, epochs=1)
    expected = trainer.evaluate(X, Y, weights=WEIGHTS)["loss"]
    assert trainer.run().columns["training_loss"][0] == pytest.approx(expected, rel=1e-6)
    measured = small_trainer(recipe=recipe, weights=WEIGHTS, measure_training=True, epochs=1)
    assert measured.run().columns["training_loss"][0] == pytest.approx(expected, rel=1e-6)
    assert trainer.evaluate(X, Y)["loss"] != pytest.approx(expected, rel=1e-3)


@on_both_backends
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_weighted_run_resumes_to_the_same_bits(make: MakeBackend, step: int) -> None:
    settings: dict[str, Any] = {"make": make, "weights": WEIGHTS, "epochs": 3}
    whole, stopped, resumed = (small_trainer(**settings) for _ in range(3))
    whole.run()
    stopped.callbacks = (InterruptAt(step),)
    with pytest.raises(Interruption):
        stopped.run()
    resumed.resume(stopped.state.snapshot())
    resumed.run()
    assert bits(resumed) == bits(whole)


def sequences(*layers: Any) -> Network:
    return Network([Embedding(5, 3), GRU(4), *layers, Dense(5)], input_shape=(None,), rng=np.random.default_rng(0))


@on_both_backends
def test_sequences_are_weighted_by_example_or_by_step(make: MakeBackend) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, (2, 10, 7))
    y[np.arange(7) >= rng.integers(1, 8, 10)[:, None]] = -1
    weights = rng.uniform(0.5, 2, 10)
    by_step = np.broadcast_to(weights[:, None], y.shape)
    trained = []
    for given in (weights, by_step):
        recipe = Recipe("softmax-cross-entropy", batch_size=4)
        trainer = Trainer(make(sequences()), x, y, recipe, epochs=3, seed=0, weights=given)
        trainer.run()
        trained.append(trainer.network.vector)
    np.testing.assert_allclose(trained[0], trained[1], rtol=1e-6)
    output, _ = trainer.backend.predict(x)
    expected = softmax_cross_entropy(output, y, by_step)[0]
    assert trainer.evaluate(x, y, weights=weights)["loss"] == pytest.approx(expected, rel=1e-6)
    last = Trainer(make(sequences(LastStep())), x, y[:, 0], recipe, epochs=1, weights=weights)
    assert np.isfinite(last.run().step_loss).all()


def test_weights_are_rejected_with_bptt() -> None:
    text = np.arange(30) % 5
    recipe = Recipe("softmax-cross-entropy", batch_size=2, bptt_length=5)
    with pytest.raises(SettingError, match="weights are not supported with bptt_length"):
        Trainer(Reference(sequences()), text[:-1], text[1:], recipe, epochs=1, weights=np.ones(29))
