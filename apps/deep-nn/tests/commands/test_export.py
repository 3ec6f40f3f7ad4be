"""The command `export`: from raw examples to the output of `predict`."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from command_line import PHOTOS, POINTS, json_of, succeed, trained, write_csv

from deep_nn.datasets import RawExamples
from deep_nn.model import load_model
from nn_core.exchange.safetensors import from_safetensors
from nn_core.testing import contents, printed_by_script

PAGE = Path(__file__).parents[4] / "docs" / "export.md"


def run(path: Path, x: RawExamples) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    p, label = onnxruntime.InferenceSession(path).run(["probabilities", "label"], {"input": x})
    return p, label


@pytest.mark.parametrize(
    ("name", "classes", "checked_on"),
    [
        ("moons", ["upper", "lower"], "100 validation examples"),
        ("thirds-model", ["a", "b", "c"], "12 validation examples"),
        ("cats", ["non-cat", "cat"], "8 validation examples"),
    ],
)
def test_onnxruntime_matches_predict(
    name: str, classes: list[str], checked_on: str, folder: Path, tmp_path: Path
) -> None:
    save = tmp_path / "model.onnx"
    result = json_of("export", "--model", folder / f"{name}.h5", "--save", save)
    model = load_model(folder / f"{name}.h5")
    x = PHOTOS if name == "cats" else POINTS
    assert result["largest_difference"] <= 1e-5
    assert result["checked_on"] == checked_on
    assert result["inputs"] == [{"name": "input", "type": x.dtype.name, "shape": ["N", *x.shape[1:]]}]
    p, label = run(save, x)
    expected = model.probabilities(x, "x")
    np.testing.assert_allclose(p, expected, atol=1e-5)
    np.testing.assert_array_equal(label, expected.argmax(axis=1))
    metadata = onnxruntime.InferenceSession(save).get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == classes
    assert metadata["program"] == "deep-nn"


def test_columns_of_very_different_scales(tmp_path: Path) -> None:
    """Seconds since 1970 and a price: float32 would lose the seconds."""
    rng = np.random.default_rng(0)
    seconds = 1.7e9 + np.arange(60.0)
    rows = np.stack([seconds, rng.uniform(0, 1e-3, 60)], axis=1)
    lines = [f"{time!r},{price!r},{int(time > seconds[30])}" for time, price in rows.tolist()]
    (tmp_path / "rows.csv").write_text("\n".join(["time,price,late", *lines]), "utf-8")
    path = trained(tmp_path / "model.h5", "--data", tmp_path / "rows.csv", "--epochs", 100)
    succeed("export", "--model", path, "--save", tmp_path / "model.onnx")
    metadata = onnxruntime.InferenceSession(tmp_path / "model.onnx").get_modelmeta().custom_metadata_map
    assert [column["name"] for column in json.loads(metadata["columns"])] == ["time", "price"]
    p, label = run(tmp_path / "model.onnx", rows)
    np.testing.assert_allclose(p, load_model(path).probabilities(rows, "rows"), atol=1e-5)
    assert (label == (seconds > seconds[30])).mean() > 0.9


def test_check_uses_random_examples_without_the_training_data(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "sides.csv")
    path = trained(tmp_path / "model.h5", "--data", data)
    data.unlink()
    result = json_of("export", "--model", path, "--save", tmp_path / "model.onnx")
    assert result["checked_on"] == "100 random rows"


def test_safetensors_and_a_checkpoint(folder: Path, tmp_path: Path) -> None:
    before = contents(folder)
    for name in ("small.h5", "small.safetensors"):
        succeed("export", "--model", folder / "cats.h5", "--save", tmp_path / name)
    network = load_model(folder / "cats.h5").network
    np.testing.assert_array_equal(load_model(tmp_path / "small.h5").network.vector, network.vector)
    np.testing.assert_array_equal(from_safetensors(tmp_path / "small.safetensors").vector, network.vector)
    sidecar = json.loads((tmp_path / "small.json").read_text("utf-8"))
    assert sidecar["metadata"]["classes"] == ["non-cat", "cat"]
    assert sidecar["metadata"]["preprocessing"]["shape"] == [6, 5, 3]
    assert contents(folder) == before


@pytest.mark.skipif(not PAGE.exists(), reason="the page is in the repository only")
def test_script_of_docs_matches_predict(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    succeed("export", "--model", folder / "thirds-model.h5", "--save", "points.onnx")
    np.savetxt("new-points.csv", POINTS[:7], delimiter=",")
    found = json_of("predict", "--model", folder / "thirds-model.h5", "new-points.csv")
    printed = printed_by_script(PAGE, "deep-nn").splitlines()
    assert printed == [f"{row['class']} {row['probability']:.1%}" for row in found]
