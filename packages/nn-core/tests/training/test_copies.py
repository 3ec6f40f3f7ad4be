"""Copies of trained models, best weights after resuming, and targets and weights of examples."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nn_core import GRU, Dense, LastStep, Model, Network, Recipe, Reference, ReLU, RestoreBestWeights, Trainer
from nn_core.errors import DataError, ShapeError
from nn_core.registry import UnknownNameError
from nn_core.training.validation import hold_out

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int)
SEQUENCES = RNG.normal(size=(200, 6, 3))
LAST = (SEQUENCES[:, -1, :2] > 0).astype(int)


def trained() -> Model:
    model = Model(Network([Dense(8), ReLU(), Dense(2)], input_shape=4, seed=0), "softmax-cross-entropy")
    model.fit(X, Y, epochs=2, seed=0, verbose=False)
    return model


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_of_a_trained_model_trains_on_its_own(copied: Callable[[Model], Model]) -> None:
    model = trained()
    other = copied(model)
    before = model.network.vector.copy()
    losses = other.fit(X, Y, epochs=2, seed=1, verbose=False).step_loss
    np.testing.assert_array_equal(model.network.vector, before)
    assert model.fit(X, Y, epochs=2, seed=1, verbose=False).step_loss == losses
    np.testing.assert_array_equal(model.network.vector, other.network.vector)


def test_an_unknown_name_crosses_processes() -> None:
    error = UnknownNameError("loss", "hinge", ["huber"])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_integer_targets_of_whole_sequences_do_not_shorten_them() -> None:
    network = Network([GRU(8), LastStep(), Dense(2)], input_shape=(None, 3), seed=0)
    model = Model(network, "binary-cross-entropy", learning_rate=0.03)
    model.fit(SEQUENCES, LAST, epochs=30, seed=0, verbose=False)
    assert model.evaluate(SEQUENCES, LAST)["accuracy"] > 0.95


@pytest.mark.parametrize(
    ("loss", "units"), [("softmax-cross-entropy", 2), ("binary-cross-entropy", 1), ("mean-squared-error", 1)]
)
def test_an_output_per_step_needs_a_target_per_step(loss: str, units: int) -> None:
    model = Model(Network([GRU(4), Dense(units)], input_shape=(None, 3), seed=0), loss)
    y: Any = LAST[:, 0] if "cross" in loss else LAST[:, 0] * 1.0
    with pytest.raises(ShapeError, match=r"add LastStep\(\)"):
        model.fit(SEQUENCES, y, epochs=1, seed=0, verbose=False)


def test_labels_of_minus_one_and_one_are_refused() -> None:
    with pytest.raises(DataError, match="labels are 0 and 1, not -1 and 1"):
        trained().fit(X, 2 * Y - 1, epochs=1, verbose=False)


def test_weights_are_split_with_their_examples() -> None:
    """Mislabeled examples of weight 0, scattered among the others, must not count."""
    wrong = RNG.random(60) < 0.5
    labels = np.where(wrong, 1 - Y, Y)
    model = Model(Network([Dense(2)], input_shape=4, seed=0), "softmax-cross-entropy", learning_rate=0.1)
    weights = np.where(wrong, 0.0, 1.0)
    model.fit(X, labels, epochs=40, validation=0.2, sample_weight=weights, seed=0, verbose=False)
    assert model.evaluate(X, Y)["accuracy"] > 0.9


def test_validation_examples_are_stratified_and_depend_on_the_seed() -> None:
    y = np.r_[np.zeros(90, int), np.ones(10, int)]
    x = np.arange(100.0)[:, None]
    parts = [hold_out(x, y, None, 0.2, stratified=True, seed=seed).validation for seed in (0, 0, 1)]
    held_out = [[] if part is None else part[0][:, 0].tolist() for part in parts]
    assert all(part is not None and part[1].sum() == 2 and len(part[1]) == 20 for part in parts)
    assert held_out[0] == held_out[1] != held_out[2]


def test_a_run_resumed_after_its_best_epoch_restores_it() -> None:
    """The best weights are in the snapshot: a resumed run that only gets worse returns to them."""
    x, y = np.ones((8, 1), np.float32), np.ones(8, int)

    def trainer(labels: Any, epochs: int) -> Trainer:
        network = Network([Dense(2)], input_shape=1, seed=0)
        best = RestoreBestWeights(monitor="validation_loss")
        return Trainer(
            Reference(network),
            x,
            labels,
            Recipe("softmax-cross-entropy", "gradient-descent"),
            epochs=epochs,
            seed=0,
            validation=(x, y),
            callbacks=best,
        )

    first = trainer(y, 2)
    first.run()
    longer = trainer(1 - y, 5)  # from now on, every epoch is worse
    longer.resume(first.state.snapshot())
    longer.run()
    assert longer.state.history.best("validation_loss") == 1
    np.testing.assert_array_equal(longer.network.vector, first.network.vector)


def test_a_model_stratifies_the_held_out_part() -> None:
    y = np.r_[np.zeros(50, int), np.ones(10, int)]
    for seed in range(5):
        part = trained()._split(X, y, None, 0.2, seed).validation
        assert part is not None
        assert part[1].sum() == 2
