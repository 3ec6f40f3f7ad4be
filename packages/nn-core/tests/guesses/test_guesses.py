"""Guesses of Keras, PyTorch and scikit-learn users: each line works, or its error shows corrected code."""

from pathlib import Path

import pytest
from guesses import layer_guesses, module_guesses, training_guesses
from guesses.guess import Guess, outcome

from nn_core import Dense, Model, Network, checkpoint

GUESSES = [*module_guesses.GUESSES, *layer_guesses.GUESSES, *training_guesses.GUESSES]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a saved model and a saved network."""
    path = tmp_path_factory.mktemp("guesses")
    network = Network([Dense(2)], input_shape=(4,), seed=0)
    Model(network, "softmax-cross-entropy").save(path / "model.h5")
    checkpoint.save(path / "network.h5", network)
    return path


@pytest.mark.parametrize("guess", GUESSES, ids=[guess.code for guess in GUESSES])
def test_guess(guess: Guess, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found, message = outcome(guess)
    assert found == ("works" if guess.instead is None else "corrected"), message


def test_guesses_are_distinct() -> None:
    assert len({guess.code for guess in GUESSES}) == len(GUESSES) >= 300
