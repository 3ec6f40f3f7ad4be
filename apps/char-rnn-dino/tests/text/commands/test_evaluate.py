"""`char-rnn evaluate`."""

from pathlib import Path

import numpy as np
import pytest
from commands import CHAR, CORPUS, DINO, corpus_file, train

from char_rnn_dino.model import load_model


def test_the_default_is_the_text_held_out(tmp_path: Path) -> None:
    model = train(CHAR, tmp_path)
    found = CHAR.json("evaluate", "--model", model)
    again = CHAR.json("train", "--resume", model)
    assert found["data"].endswith("corpus.txt, held out")
    assert found["nats_per_character"] == pytest.approx(again["nats_per_character"], rel=1e-5)


def test_the_end_of_a_text_is_held_out(tmp_path: Path) -> None:
    model = train(CHAR, tmp_path, "--validation", 0.25)
    found = CHAR.json("evaluate", "--model", model)
    count = round(0.25 * len(CORPUS))
    assert found["tokens"] == count
    end = corpus_file(tmp_path / "end.txt", CORPUS[-count - 1 :])
    again = CHAR.json("evaluate", "--model", model, "--data", end)
    assert again["nats_per_character"] == found["nats_per_character"]


@pytest.mark.parametrize("characters", [2, 350])
def test_equals_one_pass_over_the_whole_text(tmp_path: Path, characters: int) -> None:
    model = train(CHAR, tmp_path, "--epochs", 6, "--cell", "lstm")
    text = CORPUS[:characters]
    data = corpus_file(tmp_path / "g.txt", text)
    found = CHAR.json("evaluate", "--model", model, "--data", data)
    trained = load_model(model, CHAR.name)
    tokens = trained.vocabulary.encode(text)
    logits = trained.network.activations(tokens[None, :-1])[-1][0].astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    nats = -log_p[np.arange(len(tokens) - 1), tokens[1:]].mean()
    assert found["nats_per_character"] == pytest.approx(nats, rel=1e-5)
    assert found["tokens"] == characters - 1


def test_text(tmp_path: Path) -> None:
    (line,) = CHAR.succeed("evaluate", "--model", train(CHAR, tmp_path)).stdout.splitlines()
    assert " nats per character (" in line


def test_unusable_data(tmp_path: Path) -> None:
    model, data = train(CHAR, tmp_path), corpus_file(tmp_path / "g.txt", "Ω day")
    asked = ("evaluate", "--model", model, "--data", data)
    assert "not in the model's vocabulary: Ω; it has" in CHAR.refusal(*asked, status=1)
    corpus_file(data, "D")
    assert CHAR.refusal(*asked, status=1).endswith("is too short: no tokens to predict")


def test_the_other_program(tmp_path: Path) -> None:
    names = train(DINO, tmp_path)
    assert "was written by" in CHAR.refusal("evaluate", "--model", names, status=1)


def test_the_model_is_required() -> None:
    assert "missing --model FILE; e.g. char-rnn evaluate" in CHAR.refusal("evaluate", status=2)
