"""Checkpoints of version 1, written by nn-core 0.1: every kind of layer, and what it predicted.

mlp.h5 holds a run, too. The outputs are those of the program that wrote the files.
"""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_files import load

from nn_core import checkpoint
from nn_core.engine.engine import Engine
from nn_core.errors import CheckpointError
from nn_core.layers import GELU, GRU, AveragePool2D, Conv2D, Dropout, Embedding, MaxPool2D
from nn_core.reference import Reference

DATA = Path(__file__).parent / "data"
NAMES = ["mlp", "cnn", "rnn", "features"]


def version_1(name: str, folder: Path) -> Path:
    path = folder / f"{name}.h5"
    path.write_bytes(gzip.decompress((DATA / f"{name}.h5.gz").read_bytes()))
    return path


@pytest.mark.parametrize("backend", [Reference, Engine])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_version_1_predicts_as_it_did(tmp_path: Path, name: str, backend: Any) -> None:
    stored = load(version_1(name, tmp_path))
    assert (stored.version, stored.snapshot) == (1, None)
    assert stored.details == {"made by": "nn-core 0.1"}
    with np.load(DATA / "outputs.npz") as outputs:
        x, expected = outputs[f"{name}_x"], outputs[f"{name}_y"]
    received, _ = backend(stored.network).predict(x)
    assert received.dtype == expected.dtype
    rtol, atol = (1e-5, 1e-6) if expected.dtype == np.float32 else (1e-12, 1e-14)
    np.testing.assert_allclose(received, expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_saved_again_as_version_2(tmp_path: Path, name: str) -> None:
    old = load(version_1(name, tmp_path))
    checkpoint.save(tmp_path / "new.h5", old.network, program="test", details=old.details)
    new = load(tmp_path / "new.h5")
    assert new.version == 2
    assert new.network.layers == old.network.layers
    assert new.network.vector.tobytes() == old.network.vector.tobytes()


def test_settings_have_their_new_names(tmp_path: Path) -> None:
    layers = [layer for name in NAMES for layer in load(version_1(name, tmp_path)).network.layers]
    for expected in (
        Conv2D(3, (3, 2), strides=(2, 1), padding="same"),
        Conv2D(4, 2, padding=(1, 0)),
        MaxPool2D((2, 3), strides=(1, 2)),
        AveragePool2D(2),
        Dropout(0.2),
        Dropout(0.1, spatial=True),
        Embedding(6, 3),
        GELU(approximate=True),
        GRU(3, reset_after=True),
    ):
        assert expected in layers


def test_time_is_in_the_input_shape(tmp_path: Path) -> None:
    shapes = {name: load(version_1(name, tmp_path)).network.input_shape for name in NAMES}
    assert shapes == {"mlp": (2, 3), "cnn": (8, 7, 2), "rnn": (None,), "features": (None, 2)}


def test_a_run_of_version_1_cannot_be_resumed(tmp_path: Path) -> None:
    stored = load(version_1("mlp", tmp_path))
    with pytest.raises(CheckpointError) as caught:
        stored.require_snapshot()
    assert "\n" not in str(caught.value)
    assert "it can predict, but its run cannot be resumed" in str(caught.value)
