"""Users of Keras, PyTorch and scikit-learn guess: each line works, or is refused with the line that does."""

from pathlib import Path

import pytest
from guesses import of_layers, of_modules, of_training
from guesses.guess import Guess, outcome

from nn_core import Dense, Model, Network, checkpoint

GUESSES = [*of_modules.GUESSES, *of_layers.GUESSES, *of_training.GUESSES]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to save in, with a saved model and a saved network."""
    path = tmp_path_factory.mktemp("guesses")
    network = Network([Dense(2)], input_shape=(4,), seed=0)
    Model(network, "softmax-cross-entropy").save(path / "model.h5")
    checkpoint.save(path / "network.h5", network)
    return path


@pytest.mark.parametrize("guess", GUESSES, ids=[guess.code for guess in GUESSES])
def test_a_guess_works_or_is_refused_with_the_line_that_does(
    guess: Guess, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    found, message = outcome(guess)
    assert found == ("works" if guess.instead is None else "refused"), message


def test_there_are_many_guesses_and_each_counts_once() -> None:
    assert len({guess.code for guess in GUESSES}) == len(GUESSES) >= 300
