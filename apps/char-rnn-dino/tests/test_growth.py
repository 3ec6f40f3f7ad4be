"""`train --from` with characters, letters and words that the model does not know."""

from pathlib import Path

import numpy as np
import pytest
from commands import CHAR, CORPUS, DINO, corpus_file, names_file, notes, train

from char_rnn_dino.growth import start_from_fewer_tokens
from char_rnn_dino.model import load_model
from nn_core.testing import CommandLine, assert_same_run


def further_data(program: CommandLine, folder: Path) -> tuple[object, ...]:
    if program == DINO:
        return ("--data", names_file(folder / "more.txt", ["Zoë", "Zara", "Yoyo", "Bara", "Wex"]))
    return (corpus_file(folder / "more.txt", CORPUS.replace("low", "höw") + "Zz"),)


@pytest.mark.parametrize(("program", "new"), [(DINO, ("w", "y", "z", "ë")), (CHAR, ("Z", "z", "ö"))])
def test_new_characters_are_added_after_those_known(tmp_path: Path, program: CommandLine, new: tuple[str, ...]) -> None:
    known = load_model(train(program, tmp_path), program.name)
    options = ("--from", tmp_path / "model.h5", "--epochs", 1, "--learning-rate", 1e-12, "--save", tmp_path / "m.h5")
    said = notes(program, "train", *further_data(program, tmp_path), *options)
    assert said[0].endswith(f"more.txt: {len(new)} new characters added to the vocabulary: {' '.join(new)}")
    grown = load_model(tmp_path / "m.h5", program.name)
    assert grown.vocabulary.tokens == known.vocabulary.tokens + new
    V, last = len(known.vocabulary), len(known.network.layers) - 1
    before, after = known.network.params, grown.network.params
    np.testing.assert_allclose(after["0/W"][:V], before["0/W"], atol=1e-6)
    np.testing.assert_allclose(after[f"{last}/W"][:, :V], before[f"{last}/W"], atol=1e-6)
    np.testing.assert_allclose(after[f"{last}/b"][V:], before[f"{last}/b"].min(), atol=1e-6)
    x = np.arange(V)[None]
    logits = grown.network.activations(x)[-1][..., :V]
    np.testing.assert_allclose(logits, known.network.activations(x)[-1], atol=1e-4)


def test_new_words(tmp_path: Path) -> None:
    model = train(CHAR, tmp_path, "--unit", "word")
    more = corpus_file(tmp_path / "more.txt", CORPUS + "Skulls and skulls and Skulls.\n")
    said = notes(CHAR, "train", more, "--from", model, "--epochs", 1, "--save", tmp_path / "m.h5")
    assert said[0].endswith("more.txt: 1 new word added to the vocabulary: Skulls")
    assert load_model(tmp_path / "m.h5", CHAR.name).vocabulary.ids["Skulls"] > 0


@pytest.mark.parametrize("program", [DINO, CHAR], ids=["dino-gen", "char-rnn"])
def test_its_run_is_resumed_to_the_same_bits(tmp_path: Path, program: CommandLine) -> None:
    start = train(program, tmp_path)
    options = (*further_data(program, tmp_path), "--from", start, "--schedule", "constant")
    notes(program, "train", *options, "--epochs", 3, "--save", tmp_path / "whole.h5")
    notes(program, "train", *options, "--epochs", 1, "--save", tmp_path / "begun.h5")
    notes(program, "train", "--resume", tmp_path / "begun.h5", "--epochs", 3)
    assert_same_run(tmp_path / "whole.h5", tmp_path / "begun.h5")


def test_the_longest_name_of_both_lists(tmp_path: Path) -> None:
    long = names_file(tmp_path / "long.txt", ["a" * 50, "b" * 60, "c"])
    quick = ("--epochs", 1, "--save")
    notes(DINO, "train", "--data", long, "--hidden", 4, *quick, tmp_path / "long.h5")
    notes(DINO, "train", *further_data(DINO, tmp_path), "--from", tmp_path / "long.h5", *quick, tmp_path / "m.h5")
    assert load_model(tmp_path / "m.h5", DINO.name).max_length == 60


def test_the_same_vocabulary_starts_from_all_weights(tmp_path: Path) -> None:
    model = load_model(train(DINO, tmp_path), DINO.name).network
    other = load_model(tmp_path / "model.h5", DINO.name).network
    other.vector[...] = 0.0
    start_from_fewer_tokens(other, model, 18)
    np.testing.assert_array_equal(other.vector, model.vector)
