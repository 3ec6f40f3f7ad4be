"""Trained models can be copied, and sequences with one target per example are not shortened."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nn_core import GRU, Dense, LastStep, Model, Network, ReLU
from nn_core.errors import DataError, ShapeError
from nn_core.registry import UnknownNameError

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
