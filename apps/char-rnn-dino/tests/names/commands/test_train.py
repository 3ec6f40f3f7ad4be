"""`dino-gen train`."""

import math
from pathlib import Path

import pytest
from commands import DINO, SMALL, names_file, notes, train

from char_rnn_dino.metrics import token_metrics
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.cli.terminal import echo_json
from nn_core.layers import CELLS
from nn_core.testing import assert_same_run, strict_json


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names_file(tmp_path / "names.txt")


@pytest.mark.parametrize("cell", CELLS)
def test_each_cell_learns(cell: str) -> None:
    asked = ("--cell", cell, "--data", "names.txt", "--epochs", 40, "--hidden", 24)
    result = DINO.json("train", *asked, "--learning-rate", 0.02, "--batch-size", 12)
    nats = result["nats_per_character"]
    assert nats < 0.8 * math.log(18)
    assert result["training_loss"] < 1.2
    assert result["bits_per_character"] == pytest.approx(nats / math.log(2))
    assert result["perplexity"] == pytest.approx(math.exp(nats))


def test_report() -> None:
    said = DINO.succeed("train", "--data", "names.txt", "--epochs", 2, *SMALL).stdout
    lines = said.splitlines()
    assert lines[0] == "names.txt: 36 names, 4 held out, 17 distinct letters"
    assert lines[1].startswith("GRU, 8 units, ")
    assert lines[1].endswith(" parameters")
    assert lines[2].startswith("2 epochs, 6 steps in ")
    assert lines[3].startswith("held out: ")


def test_samples_are_printed_five_times() -> None:
    asked = ("train", "--data", "names.txt", "--epochs", 10, *SMALL)
    lines = DINO.succeed(*asked).stderr.splitlines()
    headings = [i for i, line in enumerate(lines) if line.startswith("epoch") and line[-1] == ":"]
    assert [lines[i] for i in headings] == [f"epoch {epoch}:" for epoch in (2, 4, 6, 8, 10)]
    assert all(len(lines[i + 1].split(", ")) == 5 for i in headings)


def test_line_endings_and_a_byte_order_mark_make_no_difference(tmp_path: Path) -> None:
    windows = tmp_path / "windows"
    windows.mkdir()
    content = (tmp_path / "names.txt").read_bytes().replace(b"\n", b"\r\n")
    (windows / "names.txt").write_bytes(b"\xef\xbb\xbf" + content)
    assert_same_run(train(DINO, tmp_path), train(DINO, windows))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["rex"], "d.txt: only one name, so none can be held out; add names, or train with --validation 0"),
        (["rex", "a\tb"], r"d.txt, line 2: control characters in 'A\tb'; keep the column of names only"),
    ],
)
def test_unusable_names(tmp_path: Path, names: list[str], said: str) -> None:
    names_file(tmp_path / "d.txt", names)
    assert DINO.refusal("train", "--data", "d.txt", status=1) == said


def test_six_names_of_one_letter_are_enough(tmp_path: Path) -> None:
    names_file(tmp_path / "d.txt", ["a", "aa", "aaa", "aaaa", "aaaaa", "aaaaaa"])
    result = DINO.json("train", "--data", "d.txt", "--epochs", 2, *SMALL)
    assert result["nats_per_character"] > 0


def test_three_names_are_enough(tmp_path: Path) -> None:
    names_file(tmp_path / "d.txt", ["rex", "allo", "yuty"])
    (said,) = notes(DINO, "train", "--data", "d.txt", "--epochs", 2, *SMALL, "--save", "m.h5")
    assert said.startswith("d.txt: only 3 names, 1 of them held out; 2 epochs may be too few")
    assert len(DINO.succeed("--model", "m.h5", "--count", 3).stdout.splitlines()) == 3


def test_a_perplexity_that_overflows_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    echo_json(token_metrics(711.0, Vocabulary(("a", "b"))))
    found = strict_json(capsys.readouterr().out)
    assert found["nats_per_character"] == 711.0
    assert found["perplexity"] is None
