"""`dino-gen evaluate`."""

import math
from pathlib import Path

import pytest
from commands import CHAR, DINO, NAMES, names_file, train
from small_models import probability_of

from char_rnn_dino.model import load_model


def test_equals_the_definition(tmp_path: Path) -> None:
    """Each letter and the end of each name, one forward pass for each of them."""
    model = train(DINO, tmp_path, "--epochs", 10)
    given = ("Bara", "lupelta", "kik")
    data = names_file(tmp_path / "g.txt", given)
    found = DINO.json("evaluate", "--model", model, "--data", data)
    trained = load_model(model, DINO.name)
    nats = [-math.log(probability_of(trained.network, trained.vocabulary, name.lower(), ends=True)) for name in given]
    tokens = sum(len(name) + 1 for name in given)
    assert found["nats_per_character"] == pytest.approx(sum(nats) / tokens, rel=1e-5)
    assert found["names"] == 3


def test_the_default_is_the_names_held_out(tmp_path: Path) -> None:
    model = train(DINO, tmp_path)
    found = DINO.json("evaluate", "--model", model)
    again = DINO.json("train", "--resume", model)
    assert found["data"].endswith("names.txt, held out")
    assert found["nats_per_character"] == pytest.approx(again["nats_per_character"], rel=1e-5)


def test_the_shipped_network() -> None:
    assert DINO.json("evaluate")["nats_per_character"] < 1.7


def test_text(tmp_path: Path) -> None:
    model = train(DINO, tmp_path)
    (line,) = DINO.succeed("evaluate", "--model", model).stdout.splitlines()
    assert ": 4 names, " in line
    assert line.endswith("; uniform guess: 2.8904 nats")  # log 18


def test_unknown_characters(tmp_path: Path) -> None:
    model, given = train(DINO, tmp_path), names_file(tmp_path / "g.txt", ["wyz"])
    line = DINO.refusal("evaluate", "--model", model, "--data", given, status=1)
    said = f"{given} has characters that are not in the model's vocabulary: w y z; it has "
    assert line.startswith(said)


def test_the_other_program(tmp_path: Path) -> None:
    text = train(CHAR, tmp_path)
    assert "was written by" in DINO.refusal("evaluate", "--model", text, status=1)


def test_a_list_that_has_changed(tmp_path: Path) -> None:
    model = train(DINO, tmp_path)
    (tmp_path / "names.txt").write_text("\n".join(sorted(NAMES)[1:]), "utf-8")
    for asked in (
        ("--novel", "--model", model),
        ("evaluate", "--model", model),
        ("novelty", "--model", model, "--figure", tmp_path / "n.png"),
    ):
        line = DINO.refusal(*asked, status=1)
        assert line.endswith("is not the data that the model was trained on; give it with --data FILE")
