"""`export` of dino-gen and char-rnn: onnxruntime generates the same names and texts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from commands import CHAR, DINO, each_program, train
from small_models import names_drawn

from char_rnn_dino.model import CHAR_RNN, DINO_GEN, load_model
from char_rnn_dino.text.generate_text import generate_text
from nn_core.exchange.safetensors import from_safetensors
from nn_core.generate import sample
from nn_core.testing import CommandLine, printed_by_script

PAGE = Path(__file__).parents[3] / "docs" / "export.md"
in_repository = pytest.mark.skipif(not PAGE.exists(), reason="the page is in the repository only")


class OnnxPredictor:
    """Steps through an exported file, as `nn_core.generate` steps through a network."""

    def __init__(self, path: Path) -> None:
        self.session = onnxruntime.InferenceSession(path)
        self.states = [given.name for given in self.session.get_inputs()[1:]]
        self.units = [int(given.shape[1]) for given in self.session.get_inputs()[1:]]
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.tokens: list[str] = json.loads(metadata["vocabulary"])["tokens"]

    def predict(self, x: npt.NDArray[Any], state: Any = None) -> tuple[npt.NDArray[Any], Any]:
        zeros = (np.zeros((len(x), units), np.float32) for units in self.units)
        logits, *left = self.session.run(None, {"input": x, **dict(zip(self.states, state or zeros, strict=True))})
        return logits, tuple(left)


def exported(program: CommandLine, save: Path, *arguments: object) -> OnnxPredictor:
    result = program.json("export", "--save", save, *arguments)
    assert result["largest_difference"] <= 1e-5
    assert result["opset"] == 20
    return OnnxPredictor(save)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_shipped_network_generates_the_same_names(temperature: float, tmp_path: Path) -> None:
    """With the same random numbers, and greedily from five letters."""
    predictor = exported(DINO, tmp_path / "names.onnx")
    model = load_model(None, DINO_GEN)
    names, ours = [], []
    for start in ("", "") if temperature else tuple("adpty"):
        count, seed = (5 if temperature else 1), len(names)
        prefix = np.array([[0, *(predictor.tokens.index(letter) for letter in start)]] * count)
        rng = np.random.default_rng(seed)
        endings = sample(
            lambda: predictor, prefix, rng=rng, max_length=40 - len(start), temperature=temperature, end_token=0
        )
        names += [start + "".join(predictor.tokens[token] for token in ending) for ending in endings]
        rng = np.random.default_rng(seed)
        ours += names_drawn(model.network, model.vocabulary, start, count, rng=rng, temperature=temperature)
    assert names == ours
    assert len({*names}) >= 5


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_cell_generates_the_same_text(cell: str, dtype: str, tmp_path: Path) -> None:
    path = train(CHAR, tmp_path, "--cell", cell, "--layers", 2, "--dtype", dtype, "--epochs", 1)
    predictor = exported(CHAR, tmp_path / "text.onnx", "--model", path)
    assert len(predictor.states) == (4 if cell == "lstm" else 2)
    model = load_model(path, CHAR_RNN)
    prime = [model.vocabulary.ids[letter] for letter in "Day "]
    steps = generate_text(model.network, model.vocabulary, "Day ", 30, rng=np.random.default_rng(0), temperature=0.0)
    logits, state = predictor.predict(np.array([prime]))
    letters = []
    for _ in range(30):
        token = int(logits[0, -1].argmax())
        letters.append(predictor.tokens[token])
        logits, state = predictor.predict(np.array([[token]]), state)
    assert "".join(letters) == "".join(steps)


@each_program
def test_safetensors_and_a_checkpoint(program: CommandLine, tmp_path: Path) -> None:
    path = train(program, tmp_path)
    for name in ("small.h5", "small.safetensors"):
        program.succeed("export", "--model", path, "--save", tmp_path / name)
    network = load_model(path, program.name).network
    np.testing.assert_array_equal(load_model(tmp_path / "small.h5", program.name).network.vector, network.vector)
    np.testing.assert_array_equal(from_safetensors(tmp_path / "small.safetensors").vector, network.vector)
    metadata = json.loads((tmp_path / "small.json").read_text("utf-8"))["metadata"]
    assert metadata["vocabulary"]["tokens"] == list(load_model(path, program.name).vocabulary.tokens)


@in_repository
def test_names_script_of_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    DINO.succeed("export", "--save", "names.onnx")
    names = printed_by_script(PAGE, "dino-gen").split()
    assert len(names) == 5
    assert all(name.isalpha() and name.istitle() for name in names)


@in_repository
def test_text_script_of_docs_matches_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = train(CHAR, tmp_path)
    monkeypatch.chdir(tmp_path)
    CHAR.succeed("export", "--model", path, "--save", "notes.onnx")
    sampled = CHAR.succeed("sample", "--model", path, "--start", "Day 1", "--length", 100, "--temperature", 0).stdout
    assert printed_by_script(PAGE, "char-rnn") == sampled
