"""Read a network from an ONNX file: a chain of layers, with residual blocks."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nn_core.arrays import Shape
from nn_core.errors import DataError, NNError
from nn_core.exchange.onnx.axis_readers import outer_order
from nn_core.exchange.onnx.graph import CHANNELS_FIRST, ENDS, ENDS_KEY, TIME_FIRST, Order
from nn_core.exchange.onnx.model_file import read_model, type_name
from nn_core.exchange.onnx.position import Position
from nn_core.exchange.onnx.readers import Part
from nn_core.exchange.onnx.source import ANY_ORDER, CELLS, IMAGES, Source, unsupported
from nn_core.exchange.onnx.walk import Walk, named
from nn_core.extras import import_extra
from nn_core.layers.chain import Chain
from nn_core.network import Network
from nn_core.storage.files import check_size, decoding_errors, printable
from nn_core.storage.json_file import parse_json

if TYPE_CHECKING:
    import onnx

LOSS_FUNCTIONS = frozenset({"Softmax", "LogSoftmax", "Sigmoid"})
"""Final operations that are part of the loss here: networks output logits."""


def from_onnx(path: str | os.PathLike[str]) -> Network:
    """Read a network from an ONNX file, which may come from another program.

    Supported are dense layers, convolutions, pooling, normalization, activations, embeddings and
    recurrent layers in a chain, with residual blocks. Images (N, C, H, W) become
    (N, H, W, C), and sequences (T, N, D) become (N, T, D), in the input of the network as well; a
    single output (N,) becomes (N, 1), and half precision float32. A
    final softmax or sigmoid is dropped, since networks output logits. For a file written by `to_onnx`,
    preprocessing and probabilities are dropped; ONNX files contain no dropout.

    Raises DataError for a file that is missing, damaged, too large, or stores weights in other files
    (never opened), or for an unsupported operation, by name;
    MissingExtraError without the package onnx.
    """
    import_extra("onnx", "onnx")
    path = Path(path)
    try:
        model = read_model(path)
        with decoding_errors(path, "a model that can be read"):
            return _network(model, path)
    except NNError as error:
        text = str(error)
        raise error if printable(path) in text else DataError(f"{printable(path)}: {text}") from None


class _Ends(NamedTuple):
    """The input and output of the network within a model.

    start    shape as in the graph; the order is empty if not yet known
    output   the name of the output
    padding  the padding value, in files written by `to_onnx`
    """

    start: Position
    output: str
    padding: float | None = None


def _network(model: onnx.ModelProto, path: Path) -> Network:
    ends = _own_ends(model) or _ends(model)
    position = ends.start
    source = Source(model.graph, position.name, ends.output, padded=ends.padding is not None)
    order = position.order or _input_order(position, source)
    source.batch = position.shape[order.index(0)]
    ours = tuple(position.shape[order.index(axis)] for axis in range(len(order)))
    position = replace(position, order=order, shape=_checked(ours[1:]))
    parts, there, join = Walk(source).run(position)
    if join is not None:
        raise unsupported(join, "it joins the network with another input")
    parts += outer_order(there)
    if not parts:
        raise DataError("the model has no layers")
    return _build(parts, position.shape, ends.padding, path)


def _build(parts: list[Part], input_shape: Shape, padding: float | None, path: Path) -> Network:
    """The network of these layers; all shapes are checked before any memory is allocated."""
    weights = named(parts)
    layers = [part.layer for part in parts]
    declared = Chain(tuple(layers)).parameters(input_shape)
    for name, parameter in declared.items():
        if name not in weights or weights[name].shape != parameter.shape:
            raise DataError(f"parameter {name} has another shape than {parameter.shape}")
    dtype = next((values.dtype for values in weights.values()), np.dtype(np.float32))
    check_size(
        sum(values.size for values in weights.values()) * dtype.itemsize,
        "the network, which uses some weights several times,",
        limit=4 * path.stat().st_size + 2**20,
    )
    network = Network(layers, input_shape=input_shape, dtype=dtype, padding=padding, initialize=False)
    for name, values in weights.items():
        network.params[name][...] = values
    return network


def _ends(model: onnx.ModelProto) -> _Ends:
    """The first input, and the first output before a final softmax or sigmoid."""
    from onnx import TensorProto

    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [each for each in graph.input if each.name not in weights]
    if not inputs or not graph.output:
        raise DataError("the model has no input or no output")
    tensor = inputs[0].type.tensor_type
    real, whole = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16), (TensorProto.INT32, TensorProto.INT64)
    if tensor.elem_type not in {*real, *whole}:
        raise DataError(
            f"input {printable(inputs[0].name[:80])!r} is of an unsupported data type, {type_name(tensor.elem_type)}"
        )
    sizes = tuple(size.dim_value if size.dim_value > 0 else None for size in tensor.shape.dim[:9])
    if not 2 <= len(sizes) <= 8:
        raise DataError(f"input {printable(inputs[0].name[:80])!r} has {len(sizes)} axes; expected 2 to 8")
    labels = graph.output[0].type.tensor_type.elem_type in {TensorProto.INT64, TensorProto.STRING}
    end = graph.output[1 if labels and len(graph.output) > 1 else 0].name
    end = _before_loss(end, {name: node for node in graph.node for name in node.output})
    position = Position(inputs[0].name, sizes, (), integers=tensor.elem_type in whole)
    return _Ends(position, end)


def _before_loss(end: str, producers: dict[str, onnx.NodeProto]) -> str:
    """The logits from which an output is computed by a final softmax or sigmoid; else the output itself."""
    name = end
    for _ in range(8):
        node = producers.get(name)
        if node is None or not node.input:
            break
        if node.op_type in LOSS_FUNCTIONS:
            return str(node.input[0])
        first = producers.get(node.input[0])
        if node.op_type in {"Identity", "Cast", "Squeeze", "ZipMap"}:
            name = node.input[0]
        elif node.op_type == "Concat" and first is not None and first.op_type == "Sub":
            if len(node.input) != 2 or list(first.input[1:]) != [node.input[1]]:
                break
            name = node.input[1]  # of 1 - p and p, as scikit-learn writes two classes
        else:
            break
    return end


def _own_ends(model: onnx.ModelProto) -> _Ends | None:
    """The input and output from the metadata of a file written by `to_onnx`."""
    for entry in model.metadata_props:
        if entry.key == ENDS_KEY:
            found = parse_json(entry.value, ENDS, source=f"the metadata {ENDS_KEY!r}")
            shape = (None, *found["input_shape"])
            start = Position(found["input"], shape, tuple(range(len(shape))), integers=found["integers"])
            return _Ends(start, found["output"], found.get("padding"))
    return None


def _input_order(x: Position, source: Source) -> Order:
    """The axis order of the input, from the first operation that determines it."""
    axes = len(x.shape)
    if axes == 4 and source.leads_to(x.name, IMAGES, ANY_ORDER):
        return CHANNELS_FIRST
    if axes in {2, 3} and source.leads_to(x.name, CELLS, ANY_ORDER):
        return TIME_FIRST[:axes]
    return tuple(range(axes))


def _checked(shape: Shape) -> Shape:
    """The shape of one example: only the time axis may be variable."""
    for index, size in enumerate(shape):
        variable = index == 0 and len(shape) <= 2
        if not (variable if size is None else 0 < size < 2**31):
            raise DataError(f"the input has the shape {shape} without the batch axis; its sizes must be fixed")
    return shape
