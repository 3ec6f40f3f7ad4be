"""Networks with a layer that a plug-in registers."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import DINO, each_program, train

from char_rnn_dino.model import load_model
from nn_core import checkpoint, plugins
from nn_core.layers import LAYERS
from nn_core.network import Network
from nn_core.plugins import load_plugin
from nn_core.testing import CommandLine

SOURCE = """
from dataclasses import dataclass
from nn_core.layers import LAYERS, Layer

@LAYERS.register
@dataclass(frozen=True)
class Twice(Layer):
    def forward(self, x, params, context):
        return 2 * x, None

    def backward(self, d_y, cache, params, grads, context):
        return 2 * d_y
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "twice.py"
    path.write_text(SOURCE, "utf-8")
    monkeypatch.setattr(plugins, "loaded", [])
    monkeypatch.setattr(LAYERS, "_entries", dict(LAYERS._entries))
    yield path
    sys.modules.pop("plugin_twice", None)


def sharpened(program: CommandLine, folder: Path, plugin: Path) -> Path:
    """A model that doubles its logits, as at temperature 1/2."""
    model = load_model(train(program, folder), program.name)
    layers = [*model.network.layers, load_plugin(str(plugin)).Twice()]
    network = Network(layers, input_shape=(None,))
    network.vector[...] = model.network.vector
    path = folder / "twice.h5"
    checkpoint.save(path, network, program=program.name, details=model.checkpoint.details)
    return path


@each_program
def test_is_generated_from(tmp_path: Path, plugin: Path, program: CommandLine) -> None:
    twice = sharpened(program, tmp_path, plugin)
    command = () if program == DINO else ("sample", "--length", 30)
    options = (*command, "--seed", 1)
    found = program.succeed(*options, "--model", twice, "--plugin", plugin).stdout
    half = program.succeed(*options, "--model", tmp_path / "model.h5", "--temperature", 0.5)
    assert found == half.stdout


@each_program
def test_is_evaluated(tmp_path: Path, plugin: Path, program: CommandLine) -> None:
    twice = sharpened(program, tmp_path, plugin)
    nats = [
        program.json("evaluate", "--model", model, "--plugin", plugin)["nats_per_character"]
        for model in (twice, tmp_path / "model.h5")
    ]
    assert np.isfinite(nats).all()
    assert nats[0] != nats[1]
