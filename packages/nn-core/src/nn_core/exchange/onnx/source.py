"""The graph of an ONNX model, for traversal from input to output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Shape
from nn_core.errors import DataError
from nn_core.exchange.onnx.graph import Order
from nn_core.exchange.onnx.lengths import SCOPE
from nn_core.exchange.onnx.model_file import array_of, attributes, describe
from nn_core.storage.files import printable

if TYPE_CHECKING:
    import onnx

MAX_NODES = 20_000
FIRST_INPUT_ONLY = frozenset(
    {"RNN", "GRU", "LSTM", "Reshape", "Squeeze", "Unsqueeze", "ReduceMean", "GatherND", "Cast", "Expand", "Slice"}
)
"""Operations whose other inputs are settings, weights or states."""
SHAPES = frozenset({"Shape", "Size", "ConstantOfShape"})
VIEWS = frozenset({"Identity", "Transpose", "Squeeze", "Unsqueeze", "Cast", "Reshape", "Expand", "Slice"})
"""Operations that map zeros to zeros."""


@dataclass(frozen=True)
class Position:
    """The current array of the traversal.

    name       its name in the graph
    shape      the shape of one example in canonical order: channels last, time after the batch axis
    order      its axis order in the graph; see `Graph`
    flattened  shape and order of the image it was flattened from, if the order is not canonical
    integers   whether it holds tokens
    """

    name: str
    shape: Shape
    order: Order
    flattened: tuple[tuple[int, ...], Order] | None = None
    integers: bool = False

    def feature_order(self) -> npt.NDArray[np.intp] | None:
        """The canonical index of every feature in the graph, if it differs; as long as the last axis."""
        if self.flattened is None:
            return None
        shape, order = self.flattened
        numbers = np.arange(int(self.shape[-1] or 0)).reshape(shape)
        return numbers.transpose([axis - 1 for axis in order[1:]]).reshape(-1)


class Source:
    """Operations and constants by name, between an input and an output.

    padded  whether it computes the lengths of padded sequences, as files written by `to_onnx` do
    Raises DataError for a graph that is not acyclic, or does not lead from the input to the output.
    """

    def __init__(self, graph: onnx.GraphProto, start: str, end: str, *, padded: bool = False) -> None:
        if len(graph.node) > MAX_NODES:
            raise DataError(f"the model has more than {MAX_NODES:,} operations")
        self.start, self.end, self._padded = start, end, padded
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self.producers: dict[str, onnx.NodeProto] = {}
        for node in graph.node:
            self._add(node)
        self.uses: dict[str, list[onnx.NodeProto]] = {}
        self._find_uses()

    def _add(self, node: onnx.NodeProto) -> None:
        if node.domain not in {"", "ai.onnx"}:
            raise DataError(f"{describe(node)} is of the domain {printable(node.domain)!r}, not a standard operation")
        if node.op_type == "Constant":
            self._arrays[node.output[0]] = _constant(node)
            return
        known = node.input[0] if node.input else ""
        if node.op_type in {"Identity", "Transpose"} and self.is_constant(known):
            array = self.constant(known)
            perm = attributes(node).get("perm")
            if node.op_type == "Transpose" and sorted(perm or range(array.ndim)) != list(range(array.ndim)):
                raise unsupported(node, "its perm is not a permutation")
            self._arrays[node.output[0]] = array.transpose(perm) if node.op_type == "Transpose" else array
            return
        for name in filter(None, node.output):
            if name in self.producers or self.is_constant(name):
                raise DataError(f"two operations make {printable(name)!r}")
            self.producers[name] = node

    def is_constant(self, name: str) -> bool:
        return name in self._tensors or name in self._arrays

    def constant(self, name: str) -> npt.NDArray[Any]:
        """The constant of this name, decoded on first use."""
        if name not in self._arrays:
            self._arrays[name] = array_of(self._tensors[name])
        return self._arrays[name]

    def argument(self, node: onnx.NodeProto, index: int) -> npt.NDArray[Any] | None:
        """A constant input of an operation, None if it is missing. Raises DataError if it is computed."""
        if index >= len(node.input) or not node.input[index]:
            return None
        if not self.is_constant(node.input[index]):
            raise unsupported(node, f"its input {index} is computed, not a constant")
        return self.constant(node.input[index])

    def required(self, node: onnx.NodeProto, index: int) -> npt.NDArray[Any]:
        """A required constant input."""
        found = self.argument(node, index)
        if found is None:
            raise unsupported(node, f"it has no input {index}")
        return found

    def axes(self, node: onnx.NodeProto) -> tuple[int, ...] | None:
        """The axes of an operation, by input in later versions of the operators."""
        given = attributes(node).get("axes")
        if given is None and self.argument(node, 1) is not None:
            given = tuple(int(axis) for axis in np.ravel(self.required(node, 1))[:8])
        return given

    def data_inputs(self, node: onnx.NodeProto) -> list[str]:
        """The inputs computed from examples."""
        if node.op_type in SHAPES:
            return []
        inputs = node.input[:1] if node.op_type in FIRST_INPUT_ONLY else node.input
        return [name for name in inputs if name and not self.is_constant(name) and not self.is_of_lengths(name)]

    def is_of_lengths(self, name: str) -> bool:
        """Whether an array depends only on the lengths of padded sequences."""
        return self._padded and name.startswith(f"{SCOPE}/")

    def sole_use(self, name: str) -> onnx.NodeProto | None:
        """The only consumer of an array, unless the array is the output; else None."""
        uses = self.uses.get(name, [])
        return uses[0] if len(uses) == 1 and name != self.end else None

    def is_zero(self, name: str) -> bool:
        """Whether an initial state is zero, or an input of the model."""
        for _ in range(len(self.producers) + 1):
            if self.is_constant(name):
                return not np.any(self.constant(name))
            if name not in self.producers:
                return True
            node = self.producers[name]
            if node.op_type == "ConstantOfShape":
                value = attributes(node).get("value")
                return value is None or not np.any(array_of(value))
            if node.op_type not in VIEWS:
                return False
            name = node.input[0]
        return False

    def _find_uses(self) -> None:
        """The consumers of each array, among operations on a path from start to end."""
        backward, pending = set(), [self.end]
        while pending:
            name = pending.pop()
            if name in backward or name == self.start:
                continue
            backward.add(name)
            if name in self.producers:
                pending += self.data_inputs(self.producers[name])
        seen: set[int] = set()
        for node in self.producers.values():
            if id(node) in seen or not backward.intersection(node.output):
                continue
            seen.add(id(node))
            for name in self.data_inputs(node):
                self.uses.setdefault(name, []).append(node)


def unsupported(node: onnx.NodeProto, reason: str) -> DataError:
    """The error for an unsupported operation."""
    return DataError(f"{describe(node)}: {reason}")


def expect(node: onnx.NodeProto, condition: bool, reason: str) -> None:
    """Raise DataError for an operation unless the condition holds."""
    if not condition:
        raise unsupported(node, reason)


def require_settings(node: onnx.NodeProto, settings: dict[str, Any], expected: dict[str, Sequence[Any]]) -> None:
    """Raise DataError unless every given setting has a supported value."""
    for name, values in expected.items():
        if name in settings and settings[name] not in values:
            raise unsupported(node, f"{name}={printable(str(settings[name])[:80])} is not supported")


def _constant(node: onnx.NodeProto) -> npt.NDArray[Any]:
    """The value of a Constant."""
    for name, value in attributes(node).items():
        if name == "value":
            return array_of(value)
        if name in {"value_int", "value_ints"}:
            return np.array(value, np.int64)
        if name in {"value_float", "value_floats"}:
            return np.array(value, np.float32)
    raise unsupported(node, "it has no numbers")
