"""`export`: to a checkpoint, and to ONNX with the whole classifier in the graph."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image
from program import PHOTOS, json_of, refusal, succeed, trained
from small_models import CLASSES, network_of

from cnn_sign_digits import PROGRAM
from cnn_sign_digits.datasets.photos import Photos
from cnn_sign_digits.model import Model, load_model
from cnn_sign_digits.synthetic.renderer import render_dataset
from nn_core import checkpoint
from nn_core.exchange.safetensors import from_safetensors
from nn_core.testing import contents, printed_by_script

PAGE = Path(__file__).parents[4] / "docs" / "export.md"
TURNED = [[0.0, False], [180.0, True]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that classifies the three signs without error."""
    folder = tmp_path_factory.mktemp("model")
    return trained(folder, "--epochs", 30, "--batch-size", 10)


@cache
def hands() -> Photos:
    """A hundred different photos."""
    return render_dataset(100, rng=np.random.default_rng(7))[0]


def untrained(path: Path, preset: str, dtype: str, transforms: list[list[object]]) -> Path:
    details = {"settings": {}, "classes": CLASSES, "fingerprint": "none", "test_time_augmentation": transforms}
    checkpoint.save(path, network_of(preset, dtype), program=PROGRAM, details=details)
    return path


def test_smaller_and_the_same(model: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.h5"
    said = succeed("export", "--model", model, "--save", small).stdout
    assert said.startswith(f"{small}: {small.stat().st_size:,} bytes, from ")
    assert small.stat().st_size < model.stat().st_size / 1.5
    one, other = load_model(model), load_model(small)
    np.testing.assert_array_equal(one.log_probabilities(PHOTOS), other.log_probabilities(PHOTOS))
    assert isinstance(other, Model)
    assert other.checkpoint.snapshot is None


def test_safetensors_round_trip(model: Path, tmp_path: Path) -> None:
    succeed("export", "--model", model, "--save", tmp_path / "signs.safetensors")
    back = from_safetensors(tmp_path / "signs.safetensors")
    np.testing.assert_array_equal(back.vector, load_model(model).network.vector, strict=True)
    sidecar = json.loads((tmp_path / "signs.json").read_text("utf-8"))
    assert (sidecar["metadata"]["program"], sidecar["metadata"]["classes"]) == (PROGRAM, ["a", "b", "c"])


@pytest.mark.parametrize(("preset", "dtype"), [("classic", "float64"), ("accurate", "float32")])
def test_onnxruntime_matches_the_program(preset: str, dtype: str, tmp_path: Path) -> None:
    transforms = TURNED if preset == "classic" else TURNED[:1]
    path = untrained(tmp_path / "model.h5", preset, dtype, transforms)
    result = json_of("export", "--model", path, "--save", tmp_path / "signs.onnx")
    assert result["largest_difference"] <= 1e-5
    assert result["inputs"] == [{"name": "input", "type": "uint8", "shape": ["N", 64, 64, 3]}]
    session = onnxruntime.InferenceSession(tmp_path / "signs.onnx")
    p, label = session.run(["probabilities", "label"], {"input": hands()})
    expected = load_model(path).probabilities(hands())
    assert np.ptp(expected, axis=0).max() > 0.03  # it tells them apart
    np.testing.assert_allclose(p, expected, atol=1e-5)
    np.testing.assert_array_equal(label, p.argmax(axis=1))
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == list(CLASSES)
    assert json.loads(metadata["test_time_augmentation"]) == transforms


def test_shipped_network_with_the_script_of_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save = Path("signs.onnx")
    said = succeed("export", "--save", save).stdout
    assert "opset 20" in said
    assert said.splitlines()[-1].endswith(", on 2 synthetic photos")
    few = hands()[:10]
    p = onnxruntime.InferenceSession(save).run(["probabilities"], {"input": few})[0]
    np.testing.assert_allclose(p, load_model(None).assess(few).probabilities, atol=1e-5)
    if PAGE.exists():  # it is in the repository only
        Image.fromarray(few[0]).save("photo.png")
        (found,) = json_of("predict", "photo.png")
        said = f"{found['class']} {found['probability']:.1%}\n"
        assert printed_by_script(PAGE, "cnn-sign") == said


def test_never_over_the_model_itself(model: Path) -> None:
    before = contents(model.parent)
    assert "would overwrite --model" in refusal("export", "--model", model, "--save", model, status=2)
    assert contents(model.parent) == before
