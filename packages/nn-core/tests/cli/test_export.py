"""`export`: a network without its training state, in each format."""

import json
import sys
from pathlib import Path

import click
import numpy as np
import onnxruntime
import pytest
from toy_runs import build, leftovers, run_toy, settings_of

from nn_core import checkpoint
from nn_core.checkpoint import Checkpoint
from nn_core.cli.app import App
from nn_core.cli.export import OnnxGraph, export_command
from nn_core.exchange.safetensors import from_safetensors
from nn_core.reference import Reference
from nn_core.testing import CommandLine, contents

ROWS = np.random.default_rng(0).normal(size=(5, 3))


class Model:
    """A program's model, with its checkpoint."""

    def __init__(self, path: Path) -> None:
        self.checkpoint: Checkpoint = checkpoint.load(path, program="toy")


def onnx_graph(model: Model, *, error: float = 0.0) -> OnnxGraph:
    y, _ = Reference(model.checkpoint.network).predict(ROWS)
    settings = {"outputs": ["logits"], "classes": ["no", "yes"]}
    return OnnxGraph(settings, {"input": ROWS}, {"logits": y + error}, "5 rows")


@click.group(cls=App)
def main() -> None:
    pass


main.add_command(export_command("toy", Model, onnx_graph))
TOY = CommandLine("toy", main, module="toy")


def trained(folder: Path) -> Path:
    run_toy(build(settings_of()), save=folder / "model.h5")
    return folder / "model.h5"


def test_the_network_and_its_details_are_kept_and_the_run_is_not(tmp_path: Path) -> None:
    model, small = trained(tmp_path), tmp_path / "small.h5"
    said = TOY.succeed("export", "--model", model, "--save", small).stdout
    sizes = small.stat().st_size, model.stat().st_size
    assert said == f"{small}: {sizes[0]:,} bytes, from {sizes[1]:,}\n"
    assert sizes[0] < sizes[1]
    before, after = (checkpoint.load(path, program="toy") for path in (model, small))
    np.testing.assert_array_equal(after.network.vector, before.network.vector)
    assert after.details == before.details
    assert (before.snapshot is None, after.snapshot is None) == (False, True)


def test_safetensors_and_the_sidecar(tmp_path: Path) -> None:
    model, save = trained(tmp_path), tmp_path / "model.safetensors"
    said = TOY.succeed("export", "--model", model, "--save", save, "--format", "safetensors").stdout
    sidecar = tmp_path / "model.json"
    assert said == f"{save}: {save.stat().st_size:,} bytes, 4 arrays\n{sidecar}: architecture and details\n"
    np.testing.assert_array_equal(from_safetensors(save).vector, Model(model).checkpoint.network.vector)
    assert json.loads(sidecar.read_text("utf-8"))["metadata"] == {"program": "toy", "classes": ["no", "yes"]}
    assert TOY.json("export", "--model", model, "--save", save) == {
        "file": str(save),
        "format": "safetensors",
        "bytes": save.stat().st_size,
        "sidecar": str(sidecar),
        "arrays": 4,
    }


def test_onnx_report(tmp_path: Path) -> None:
    model, save = trained(tmp_path), tmp_path / "model.onnx"
    result = TOY.json("export", "--model", model, "--save", save)
    assert result.pop("largest_difference") < 1e-12
    assert result == {
        "file": str(save),
        "format": "onnx",
        "bytes": save.stat().st_size,
        "opset": 20,
        "inputs": [{"name": "input", "type": "float64", "shape": ["N", 3]}],
        "outputs": [{"name": "logits", "type": "float64", "shape": ["N", 1]}],
        "checked_on": "5 rows",
    }
    text = TOY.succeed("export", "--model", model, "--save", save).stdout.splitlines()
    assert text[0] == f"{save}: {save.stat().st_size:,} bytes, opset 20"
    assert [line.split() for line in text[1:3]] == [
        ["inputs", "input", "float64", "(N,", "3)"],
        ["outputs", "logits", "float64", "(N,", "1)"],
    ]
    assert text[3].startswith("largest difference ")
    assert text[3].endswith("e-16, on 5 rows") or text[3].endswith("0.0e+00, on 5 rows")
    session = onnxruntime.InferenceSession(save)
    expected, _ = Reference(Model(model).checkpoint.network).predict(ROWS)
    np.testing.assert_allclose(session.run(None, {"input": ROWS})[0], expected, atol=1e-12)


def test_mismatching_onnx_model_is_not_written(tmp_path: Path) -> None:
    @click.group(cls=App)
    def other() -> None:
        pass

    other.add_command(export_command("toy", Model, lambda model: onnx_graph(model, error=1e-3)))
    model = trained(tmp_path)
    before = contents(tmp_path)
    said = CommandLine("toy", other, module="toy").refusal(
        "export", "--model", model, "--save", tmp_path / "model.onnx", status=1
    )
    assert said.startswith("not written: output 'logits' of the ONNX model differs from the network by ")
    assert contents(tmp_path) == before


def test_what_it_refuses(tmp_path: Path) -> None:
    model = trained(tmp_path)
    for save, message in (
        (model, "would overwrite --model"),
        (tmp_path / "a.txt", "must end in .h5 or .hdf5 or .onnx or .safetensors"),
    ):
        assert message in TOY.refusal("export", "--model", model, "--save", save, status=2)
    gone, small = tmp_path / "gone.h5", tmp_path / "small.h5"
    assert "gone.h5" in TOY.refusal("export", "--model", gone, "--save", small, status=1)
    said = TOY.refusal("export", "--model", model, "--save", small, "--to", "onnx", status=2)
    assert "--format onnx writes .onnx, not 'small.h5'" in said
    assert not small.exists()


@pytest.mark.parametrize(("extra", "module"), [("onnx", "onnx"), ("safetensors", "safetensors.numpy")])
def test_a_missing_package_is_one_line(
    extra: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = trained(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    said = TOY.refusal("export", "--model", model, "--save", tmp_path / f"model.{extra}", status=1)
    assert said == f'{extra} is not installed; install it: python -m pip install "./packages/nn-core[{extra}]"'
    assert [path.name for path in tmp_path.iterdir()] == ["model.h5"]
    assert leftovers(tmp_path) == []
