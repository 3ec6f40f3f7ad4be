"""ONNX graphs built by hand, as other programs export them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx_cases import run

from nn_core.exchange.onnx import from_onnx
from nn_core.exchange.onnx.check import relative_difference
from nn_core.layers import Layer

Weights = Mapping[str, npt.ArrayLike]
Nodes = Sequence[tuple[Any, ...]]
rng = np.random.default_rng(0)


def built(
    nodes: Nodes,
    weights: Weights,
    *,
    shape: Sequence[Any] = ("N", 4),
    kind: int = TensorProto.FLOAT,
    output: str = "y",
    opset: int = 17,
) -> onnx.ModelProto:
    """A model of operations (type, inputs, outputs, attributes); inputs and outputs are separated by spaces."""
    made = [
        helper.make_node(kind, inputs.split(), outputs.split(), **(settings[0] if settings else {}))
        for kind, inputs, outputs, *settings in nodes
    ]
    tensors = [
        numpy_helper.from_array(np.asarray(values, None if np.asarray(values).dtype == np.int64 else "f"), name)
        for name, values in weights.items()
    ]
    graph = helper.make_graph(
        made,
        "model",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def compare(
    tmp_path: Path, model: onnx.ModelProto, x: npt.NDArray[Any], axes: Sequence[int], expected: list[Layer]
) -> None:
    """Read a model; its layers, and its outputs for x with canonical axes, must match."""
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    network = from_onnx(path)
    assert list(network.layers) == expected
    (found,) = run(model, {"x": x}).values()
    assert relative_difference(network(x.transpose(axes)), found) < 2e-6


def images(*shape: int) -> npt.NDArray[Any]:
    return rng.normal(size=shape).astype(np.float32)


def cell(kind: str, units: int, inputs: int) -> dict[str, npt.NDArray[Any]]:
    blocks = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind]
    shapes = {"W": (1, blocks * units, inputs), "R": (1, blocks * units, units), "B": (1, 2 * blocks * units)}
    return {name: 0.5 * images(*shape) for name, shape in shapes.items()}
