"""Traverse the operations of a graph from the input of a network to its output."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from nn_core.arrays import Array, Shape
from nn_core.errors import DataError, NNError
from nn_core.exchange.onnx import axis_readers, image_readers, recurrent_readers  # noqa: F401 - they register readers
from nn_core.exchange.onnx.expressions import OPERATIONS, spelled_out
from nn_core.exchange.onnx.graph import Order
from nn_core.exchange.onnx.model_file import attributes, describe
from nn_core.exchange.onnx.position import Position
from nn_core.exchange.onnx.readers import READERS, Part
from nn_core.exchange.onnx.source import JOINS, Source, expect, unsupported
from nn_core.layers.base import Layer, features
from nn_core.layers.chain import Chain
from nn_core.layers.parallel import Parallel
from nn_core.layers.residual import Residual
from nn_core.storage.files import printable

if TYPE_CHECKING:
    import onnx


Branch: TypeAlias = tuple[list[Part], Position, "onnx.NodeProto | None"]
"""The layers of a branch, the position after them, and the operation that joins it with others, if any."""


class Walk:
    """A traversal of the operations of a graph."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.visited: set[str] = set()

    def run(self, x: Position, first: onnx.NodeProto | None = None) -> Branch:
        """The layers from x to the end, or to the operation that joins several arrays.

        first  the operation to start with, where several take x
        """
        parts: list[Part] = []
        while x.name != self.source.end or first is not None:
            self.source.positions[x.name] = x
            uses = [first] if first is not None else self.source.uses.get(x.name, [])
            if first is None and any(node.op_type in OPERATIONS for node in uses) and not x.integers:
                activation = spelled_out(x.name, self.source)
                if activation is not None:
                    parts.append(Part(activation[0], {}))
                    x = replace(x, name=activation[1])
                    continue
            first = None
            if not uses:
                raise DataError(f"{printable(x.name[:80])!r} does not lead to the output of the model")
            if len(uses) > 1:
                found, x = self.fork(x, uses)
                parts += found
                continue
            node = uses[0]
            if node.op_type in JOINS and len(self.source.data_inputs(node)) > 1:
                return parts, x, node
            if node.output[0] in self.visited:
                raise unsupported(node, "the graph has a cycle")
            self.visited.add(node.output[0])
            if node.op_type not in READERS:
                raise DataError(f"no layer corresponds to the operation {describe(node)}")
            found, x = self.read(node, x)
            parts += found
        return parts, x, None

    def read(self, node: onnx.NodeProto, x: Position) -> tuple[list[Part], Position]:
        """The layers for one operation, and where they lead."""
        try:
            return READERS[node.op_type](node, x, self.source)
        except DataError:
            raise
        except NNError as error:
            raise unsupported(node, str(error)) from None
        except (IndexError, KeyError):
            raise unsupported(node, "it lacks inputs, outputs or attributes") from None

    def fork(self, x: Position, uses: list[onnx.NodeProto]) -> tuple[list[Part], Position]:
        """The layer for branches that fork at x and join again."""
        branches = [self.run(x, node) for node in uses]
        while True:
            join, group = self._complete(branches, x)
            by_name = {there.name: (parts, there) for parts, there, _ in group}
            ordered = [by_name[name] for name in self.source.data_inputs(join)]
            part, there = self.join(join, [parts for parts, _ in ordered], [end for _, end in ordered])
            if len(group) == len(branches):
                return [part], there
            rest, there, after = self.run(there)
            branches = [each for each in branches if each[2] is not join]
            branches.append(([part, *rest], there, after))

    def _complete(self, branches: list[Branch], x: Position) -> tuple[onnx.NodeProto, list[Branch]]:
        """An operation whose inputs are all branches from x, and these."""
        for _, _, join in branches:
            group = [each for each in branches if each[2] is join]
            if join is not None:
                inputs = self.source.data_inputs(join)
                if len(inputs) == len(group) > 1 and set(inputs) == {there.name for _, there, _ in group}:
                    return join, group
        raise DataError(f"the branches from {printable(x.name[:80])!r} do not join in one operation")

    def join(self, node: onnx.NodeProto, branches: list[list[Part]], ends: list[Position]) -> tuple[Part, Position]:
        """The layer of these branches, and the position after it."""
        first, kind = ends[0], node.op_type
        alike = all(end.order == first.order for end in ends)
        if kind == "Concat" and alike and first.order == (0, 1):
            first = replace(first, flattened=_pieces(ends))
        else:
            alike = alike and all(end.flattened == first.flattened for end in ends)
        expect(node, alike, "it joins arrays whose axes are in different orders")
        filled = [parts for parts in branches if parts]
        if kind in {"Add", "Sum"} and len(branches) == 2 and len(filled) == 1:
            part = Part(Residual([each.layer for each in filled[0]]), named(filled[0]))
        else:
            if kind == "Concat":
                axis = attributes(node).get("axis", 0)
                expect(node, -len(first.order) <= axis < len(first.order), f"it has no axis {axis}")
                expect(node, first.order[axis] == len(first.shape), "it does not join features")
            parts = [each[0] if len(each) == 1 else _chain(each) for each in branches]
            merge = {"Concat": "concat", "Mean": "mean"}.get(kind, "add")
            part = Part(Parallel([each.layer for each in parts], merge=merge), named(parts))
        shape = _merged_shape(part.layer, [end.shape for end in ends])
        return part, replace(first, name=node.output[0], shape=shape)


def named(parts: list[Part]) -> dict[str, Array]:
    """The parameters of layers by path."""
    return {f"{index}/{name}": values for index, part in enumerate(parts) for name, values in part.weights.items()}


def _pieces(ends: list[Position]) -> tuple[tuple[tuple[int, ...], Order], ...]:
    """The images whose features lie one after another in joined rows."""
    if not any(end.flattened for end in ends):
        return ()
    rows = [end.flattened or (((int(end.shape[-1] or 0),), (0, 1)),) for end in ends]
    return tuple(piece for pieces in rows for piece in pieces)


def _chain(parts: list[Part]) -> Part:
    """Several layers as one."""
    return Part(Chain([part.layer for part in parts]), named(parts))


def _merged_shape(layer: Layer, shapes: list[Shape]) -> Shape:
    """The shape after a join. Raises DataError unless the branches fit."""
    if isinstance(layer, Parallel) and layer.merge == "concat":
        if all(shape and shape[:-1] == shapes[0][:-1] for shape in shapes):
            return (*shapes[0][:-1], sum(features(shape) for shape in shapes))
    elif all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    raise DataError(f"the branches that join have the shapes {', '.join(map(str, shapes))}")
