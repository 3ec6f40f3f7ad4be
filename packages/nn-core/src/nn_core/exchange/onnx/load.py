"""Read a network from an ONNX file: a chain of layers, with residual blocks."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.errors import DataError, NNError
from nn_core.exchange.onnx import image_readers  # noqa: F401 - registers its readers
from nn_core.exchange.onnx.graph import CHANNELS_FIRST, TIME_FIRST, Order
from nn_core.exchange.onnx.model_file import describe, read_model
from nn_core.exchange.onnx.readers import READERS, Part
from nn_core.exchange.onnx.recurrent_readers import CELLS
from nn_core.exchange.onnx.source import Position, Source, expect, refusal
from nn_core.extras import import_extra
from nn_core.layers.chain import Chain
from nn_core.layers.residual import Residual
from nn_core.network import Network
from nn_core.storage.files import check_bytes, decoding_errors, printable

if TYPE_CHECKING:
    import onnx

JOINS = frozenset({"Add", "Sum", "Mean", "Concat"})
LOSS_FUNCTIONS = frozenset({"Softmax", "LogSoftmax", "Sigmoid"})
"""Last operations that belong to the loss here: networks output logits."""
IMAGES = frozenset(
    {"Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "BatchNormalization", "InstanceNormalization"}
)
ANY_ORDER = frozenset({"Relu", "LeakyRelu", "Sigmoid", "Tanh", "Gelu", "Dropout", "Identity", "Cast", "Gather", *JOINS})


def from_onnx(path: str | os.PathLike[str]) -> Network:
    """The network in an ONNX file, which may come from another program.

    Read are dense layers, convolutions, pooling, normalization, activations, embeddings and
    recurrent layers in a chain, with residual blocks. Images (N, C, H, W) become
    (N, H, W, C), and sequences (T, N, D) become (N, T, D), in the input of the network as well. A
    final softmax or sigmoid is left out, since networks output logits. Of a file that `to_onnx`
    wrote, the preprocessing and the probabilities are left out; dropout is in no file.

    Raises DataError in one line for a file that is missing, damaged or too large, that keeps its
    weights in other files, which are never opened, or for an operation that has no layer, by name;
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


def _network(model: onnx.ModelProto, path: Path) -> Network:
    position, end = _ends(model)
    source = Source(model.graph, position.name, end)
    order = position.order or _input_order(position, source)
    ours = tuple(position.shape[order.index(axis)] for axis in range(len(order)))
    position = replace(position, order=order, shape=_checked(ours[1:]))
    parts, there, join = _Walk(source).run(position)
    if join is not None:
        raise refusal(join, "it joins the network with another input")
    if there.flattened is not None:
        raise DataError("the network ends with flattened images with channels first, which has no counterpart here")
    if not parts:
        raise DataError("the model has no layers")
    return _build(parts, position.shape, path)


def _build(parts: list[Part], input_shape: Shape, path: Path) -> Network:
    """The network of these layers; all shapes are compared before any memory is reserved."""
    weights = named(parts)
    layers = [part.layer for part in parts]
    declared = Chain(tuple(layers)).parameters(input_shape)
    for name, parameter in declared.items():
        if name not in weights or weights[name].shape != parameter.shape:
            raise DataError(f"parameter {name} has another shape than {parameter.shape}")
    dtype = next((values.dtype for values in weights.values()), np.dtype(np.float32))
    check_bytes(
        sum(values.size for values in weights.values()) * dtype.itemsize,
        "the network, which uses some weights several times,",
        limit=4 * path.stat().st_size + 2**20,
    )
    network = Network(layers, input_shape=input_shape, dtype=dtype, initialize=False)
    for name, values in weights.items():
        network.params[name][...] = values
    return network


class _Walk:
    """The walk along the operations of a graph."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.visited: set[str] = set()

    def run(
        self, x: Position, first: onnx.NodeProto | None = None
    ) -> tuple[list[Part], Position, onnx.NodeProto | None]:
        """The layers from x to the end, or to the operation that joins several arrays.

        first  the operation to start with, where several take x
        """
        parts: list[Part] = []
        while x.name != self.source.end or first is not None:
            uses = [first] if first is not None else self.source.uses.get(x.name, [])
            first = None
            if not uses:
                raise DataError(f"{printable(x.name)!r} does not lead to the output of the model")
            if len(uses) > 1:
                found, x = self.fork(x, uses)
                parts += found
                continue
            node = uses[0]
            if node.op_type in JOINS and len(self.source.data_inputs(node)) > 1:
                return parts, x, node
            if node.output[0] in self.visited:
                raise refusal(node, "the graph has a cycle")
            self.visited.add(node.output[0])
            if node.op_type not in READERS:
                raise DataError(f"there is no layer for the operation {describe(node)}")
            found, x = READERS[node.op_type](node, x, self.source)
            parts += found
        return parts, x, None

    def fork(self, x: Position, uses: list[onnx.NodeProto]) -> tuple[list[Part], Position]:
        """The layer for several branches from x that join again."""
        branches = [self.run(x, node) for node in uses]
        join = branches[0][2]
        if join is None or any(each[2] is not join for each in branches):
            raise DataError(f"the branches from {printable(x.name)!r} do not join in one operation")
        inputs = self.source.data_inputs(join)
        by_name = {there.name: (parts, there) for parts, there, _ in branches}
        if len(inputs) != len(uses) or set(inputs) != set(by_name):
            raise refusal(join, "it joins other arrays than the branches of one fork")
        ordered = [by_name[name] for name in inputs]
        return [self.join(join, [parts for parts, _ in ordered])], self.joined(join, [there for _, there in ordered])

    def join(self, node: onnx.NodeProto, branches: list[list[Part]]) -> Part:
        """The layer of these branches."""
        empty = [parts for parts in branches if not parts]
        if node.op_type in {"Add", "Sum"} and len(branches) == 2 and len(empty) == 1:
            (parts,) = (parts for parts in branches if parts)
            return Part(Residual(tuple(part.layer for part in parts)), named(parts))
        raise refusal(node, "only residual blocks, x + f(x), are read")

    def joined(self, node: onnx.NodeProto, ends: list[Position]) -> Position:
        """Where a join leads."""
        first = ends[0]
        same = all(
            (each.order, each.shape, each.flattened) == (first.order, first.shape, first.flattened) for each in ends
        )
        expect(node, same, "it joins arrays of different shapes")
        return replace(first, name=node.output[0])


def named(parts: list[Part]) -> dict[str, Array]:
    """The parameters of layers by path."""
    return {f"{index}/{name}": values for index, part in enumerate(parts) for name, values in part.weights.items()}


def _ends(model: onnx.ModelProto) -> tuple[Position, str]:
    """Where the network starts and ends; the shape is that of all axes, as in the graph."""
    from onnx import TensorProto

    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [each for each in graph.input if each.name not in weights]
    if not inputs or not graph.output:
        raise DataError("the model has no input or no output")
    own = _own_ends(model)
    if own is not None:
        return own
    tensor = inputs[0].type.tensor_type
    kinds = {TensorProto.FLOAT: False, TensorProto.DOUBLE: False, TensorProto.INT32: True, TensorProto.INT64: True}
    if tensor.elem_type not in kinds:
        raise DataError(
            f"input {printable(inputs[0].name)!r} is of an unsupported data type, number {tensor.elem_type}"
        )
    sizes = tuple(size.dim_value if size.dim_value > 0 else None for size in tensor.shape.dim[:8])
    if len(sizes) < 2:
        raise DataError(f"input {printable(inputs[0].name)!r} has no batch axis")
    end, producers = graph.output[0].name, {name: node for node in graph.node for name in node.output}
    if end in producers and producers[end].op_type in LOSS_FUNCTIONS:
        end = producers[end].input[0]
    position = Position(inputs[0].name, sizes, (), integers=kinds[tensor.elem_type])
    return position, end


def _own_ends(model: onnx.ModelProto) -> tuple[Position, str] | None:
    """The ends of the network in a file that `to_onnx` wrote."""
    for entry in model.metadata_props:
        if entry.key == "network":
            ends = json.loads(entry.value)
            if not isinstance(ends, dict):
                return None
            shape = (None, *ends["input_shape"])
            integers = ends["integers"] is True
            return Position(str(ends["input"]), shape, tuple(range(len(shape))), integers=integers), str(ends["output"])
    return None


def _input_order(x: Position, source: Source) -> Order:
    """The order of the axes of the input, from the first operation that has one."""
    axes, pending, seen = len(x.shape), [x.name], set()
    while pending:
        for node in source.uses.get(pending.pop(), []):
            if node.output[0] in seen:
                continue
            seen.add(node.output[0])
            if node.op_type in IMAGES and axes == 4:
                return CHANNELS_FIRST
            if node.op_type in CELLS and axes in {2, 3}:
                return TIME_FIRST[:axes]
            if node.op_type in ANY_ORDER:
                pending.append(node.output[0])
    return tuple(range(axes))


def _checked(shape: Shape) -> Shape:
    """The shape of one example: only the time axis may be variable."""
    for index, size in enumerate(shape):
        variable = index == 0 and len(shape) <= 2
        if not (variable if size is None else 0 < size < 2**31):
            raise DataError(f"the input has the shape {shape} without the batch axis; its sizes must be fixed")
    return shape
