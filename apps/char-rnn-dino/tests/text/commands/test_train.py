"""`char-rnn train`."""

import math
from pathlib import Path

import pytest
from commands import CHAR, CORPUS, SMALL, corpus_file, notes

from char_rnn_dino.text.commands.train import default_epochs
from nn_core.layers import CELLS


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    corpus_file(tmp_path / "corpus.txt")


@pytest.mark.parametrize("cell", CELLS)
def test_each_cell_learns(cell: str) -> None:
    asked = ("--cell", cell, "corpus.txt", "--epochs", 20, "--hidden", 32)
    result = CHAR.json("train", *asked, "--batch-size", 4, "--bptt-length", 20)
    assert result["nats_per_character"] < 1.5 < math.log(len(set(CORPUS)))


def test_words() -> None:
    asked = ("corpus.txt", "--unit", "word", "--lowercase", "--epochs", 20, "--batch-size", 4)
    result = CHAR.json("train", *asked, "--hidden", 32, "--bptt-length", 10)
    assert result["nats_per_word"] < 1.5
    assert result["perplexity"] == pytest.approx(math.exp(result["nats_per_word"]))


def test_report() -> None:
    asked = ("corpus.txt", "--epochs", 1, "--batch-size", 4, "--layers", 2, "--unit", "word")
    lines = CHAR.succeed("train", *asked, *SMALL).stdout.splitlines()
    assert lines[0].startswith("corpus.txt: ")
    assert " words, " in lines[0]
    assert lines[1].startswith("GRU, 2 layers of 8 units, ")
    assert " nats per word (" in lines[3]


def test_samples_are_printed() -> None:
    asked = ("corpus.txt", "--epochs", 4, "--batch-size", 4, *SMALL)
    lines = CHAR.succeed("train", *asked).stderr.splitlines()
    assert [line for line in lines if line[-1:] == ":"] == [f"epoch {i}:" for i in (1, 2, 3, 4)]
    assert sum(line.startswith("    ") for line in lines) >= 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" * 5000, "d.txt has only one distinct character; nothing to predict"),
        ("ab", "d.txt is too short: 1 character for training and 1 for validation, but 2 and 1 are needed"),
    ],
)
def test_unusable_texts(tmp_path: Path, text: str, said: str) -> None:
    corpus_file(tmp_path / "d.txt", text)
    assert said in CHAR.refusal("train", "d.txt", "--save", "m.h5", status=1)
    assert not (tmp_path / "m.h5").exists()


def test_a_short_text_is_read_as_fewer_streams(tmp_path: Path) -> None:
    corpus_file(tmp_path / "d.txt", "The river is low. We dug all day. Bones!")
    (said,) = notes(CHAR, "train", "d.txt", "--hidden", 32, "--save", "m.h5")
    assert said == "d.txt: only 36 characters for training, read as 1 stream instead of 50 (--batch-size)"
    asked = ("sample", "--model", "m.h5", "--temperature", 0, "--start", "The river is ", "--length", 4)
    assert CHAR.json(*asked)["text"] == "low."


def test_thai_has_no_words(tmp_path: Path) -> None:
    corpus_file(tmp_path / "d.txt", "ภาษาไทย ไม่มีเว้นวรรค\n" * 30)
    said = notes(CHAR, "train", "d.txt", "--unit", "word", "--epochs", 1, "--batch-size", 4, *SMALL)
    assert said[0].startswith("d.txt: Thai has no spaces between words")


def test_a_text_without_a_repeated_word(tmp_path: Path) -> None:
    corpus_file(tmp_path / "d.txt", "each word once")
    line = CHAR.refusal("train", "d.txt", "--unit", "word", status=1)
    assert line == "d.txt repeats no word; nothing to predict"


def test_default_epochs_depend_on_the_number_of_tokens(tmp_path: Path) -> None:
    corpus_file(tmp_path / "words.txt", "stone and bone \n" * 500)
    options = {"data": "words.txt", "validation": 0.1, "batch_size": 2, "bptt_length": 5}
    assert [default_epochs(options | {"unit": unit}) for unit in ("char", "word")] == [5, 20]


def test_the_data_may_stand_without_its_option() -> None:
    corpus_file(Path("d.txt"))
    quick = ("--epochs", 1, *SMALL)
    assert CHAR.json("train", "d.txt", *quick)["data"] == CHAR.json("train", "--data", "d.txt", *quick)["data"]
    for both in (("d.txt", "--data", "d.txt"), ("--data", "d.txt", "d.txt")):
        said = CHAR.refusal("train", *both, *quick, status=2)
        assert "--data and 'd.txt' are two spellings of the same; omit one" in said
    assert "CORPUS" not in CHAR.help_of("train")
