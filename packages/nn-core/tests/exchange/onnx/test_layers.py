"""Every layer in ONNX: the reference evaluator, onnxruntime and `from_onnx`, compared with the network."""

from pathlib import Path

import pytest
from onnx_cases import CASES, InputShape, batch_of, network_of, run

from nn_core.exchange.onnx import from_onnx, to_onnx
from nn_core.exchange.onnx.check import relative_difference
from nn_core.layers import LAYERS, Dropout, Layer
from nn_core.reference import Reference


def test_cases_cover_every_layer() -> None:
    tried = {type(layer).__name__ for layers, _ in CASES for layer in layers}
    assert tried == set(LAYERS)


@pytest.mark.parametrize(("layers", "input_shape"), CASES, ids=repr)
def test_layer_round_trip(layers: list[Layer], input_shape: InputShape, tmp_path: Path) -> None:
    network, path = network_of(layers, input_shape), tmp_path / "network.onnx"
    x = batch_of(network)
    found = run(to_onnx(network, path, states=False), {"input": x})["output"]
    ours, _ = Reference(network).predict(x)
    assert relative_difference(found, ours) < 2e-6
    if layers == [Dropout(0.5)]:
        return  # nothing is left of it
    again, _ = Reference(from_onnx(path)).predict(x)
    assert relative_difference(again, ours) < 1e-6
