"""`char-rnn novelty`."""

from pathlib import Path

import numpy as np
import pytest
from commands import CHAR, CORPUS, corpus_file, notes, train
from matplotlib.figure import Figure


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that knows its text by heart."""
    return train(CHAR, tmp_path_factory.mktemp("text"), "--hidden", 32, "--epochs", 40, "--learning-rate", 0.02)


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_greedy_text_is_copied_and_the_hottest_is_not(model: Path) -> None:
    asked = ("--temperatures", "0,9", "--count", 2, "--length", 60, "--shortest", 12)
    found = CHAR.json("novelty", "--model", model, *asked)
    greedy, hot = found["rows"]
    assert greedy["copied"] > 0.5
    assert greedy["longest"] >= 12
    assert greedy["passage"] in CORPUS
    assert (hot["copied"], hot["longest"], hot["passage"]) == (0, 0, "")
    assert found["held_out"]["copied"] > 0.5
    assert found["training_tokens"] == round(0.9 * len(CORPUS))


def test_table_and_figure(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: figures.append(figure))
    asked = ("--temperatures", "1.5,0.5", "--count", 2, "--length", 40)
    lines = CHAR.succeed("novelty", "--model", model, *asked).stdout.splitlines()
    assert "characters for training; 2 texts of 40 characters per temperature" in lines[0]
    assert lines[1].split() == ["temperature", "copied", "longest", "passage"]
    assert [line.split()[0] for line in lines[2:]] == ["1.5", "0.5", "held"]
    (figure,) = figures
    assert [axes.get_ylabel() for axes in figure.axes] == ["fraction of characters", "length (characters)"]
    assert np.asarray(figure.axes[0].lines[0].get_xdata()).tolist() == [0.5, 1.5]


def test_words(tmp_path: Path) -> None:
    model = train(CHAR, tmp_path, "--unit", "word")
    found = CHAR.json("novelty", "--model", model, "--temperatures", 1, "--count", 2, "--length", 30)
    assert found["shortest"] == 5
    assert "<unknown>" not in found["rows"][0]["passage"]


def test_rare_words_are_not_alike(tmp_path: Path) -> None:
    text = corpus_file(tmp_path / "rare.txt", "a b a b " + " ".join(f"word{i}" for i in range(200)))
    CHAR.succeed("train", text, "--unit", "word", "--epochs", 1, "--hidden", 4, "--save", tmp_path / "m.h5")
    asked = ("--temperatures", 1, "--count", 1, "--length", 9)
    assert CHAR.json("novelty", "--model", tmp_path / "m.h5", *asked)["held_out"]["copied"] == 0


def test_a_text_that_has_been_moved_or_changed(tmp_path: Path) -> None:
    model = train(CHAR, tmp_path)
    moved = (tmp_path / "corpus.txt").rename(tmp_path / "moved.txt")
    for asked in (("novelty", "--model", model), ("evaluate", "--model", model)):
        assert CHAR.refusal(*asked, status=1).endswith("; give it with --data FILE")
    asked = ("novelty", "--model", model, "--temperatures", 1, "--count", 1, "--length", 9, "--data")
    assert CHAR.json(*asked, moved)["held_out"] is not None
    assert CHAR.json("evaluate", "--model", model, "--data", moved)["data"] == f"{moved}, held out"
    other = corpus_file(tmp_path / "other.txt", CORPUS + "Ω")
    assert notes(CHAR, *asked, other) == [f"{other}: not the training data of the model, but used in its place"]
