"""The graph of an ONNX model, for traversal from input to output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.exchange.onnx.computed import computed
from nn_core.exchange.onnx.lengths import SCOPE
from nn_core.exchange.onnx.model_file import array_of, attributes, describe
from nn_core.exchange.onnx.position import Position
from nn_core.storage.files import printable

if TYPE_CHECKING:
    import onnx

DOMAINS = frozenset({"", "ai.onnx"})
MAX_NODES = 20_000
MAX_AHEAD = 100
CELLS = frozenset({"RNN", "GRU", "LSTM"})
FIRST_INPUT_ONLY = frozenset(
    {
        "RNN",
        "GRU",
        "LSTM",
        "Reshape",
        "Squeeze",
        "Unsqueeze",
        "ReduceMean",
        "GatherND",
        "Cast",
        "Expand",
        "Slice",
        "Pad",
    }
)
"""Operations whose other inputs are settings, weights or states."""
IMAGES = frozenset(
    {"Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "BatchNormalization", "InstanceNormalization"}
)
JOINS = frozenset({"Add", "Sum", "Mean", "Concat"})
"""Operations in which branches meet."""
ELEMENTWISE = frozenset({"Relu", "LeakyRelu", "Sigmoid", "Tanh", "Gelu", "Erf", "Mul", "Div", "Sub", "Pow"})
ANY_ORDER = ELEMENTWISE | JOINS | {"Dropout", "Identity", "Cast", "Gather", "Pad"}
"""Operations whose result has its axes in the order of their input."""
SHAPES = frozenset({"Shape", "Size", "ConstantOfShape"})
VIEWS = frozenset({"Identity", "Transpose", "Squeeze", "Unsqueeze", "Cast", "Reshape", "Expand", "Slice"})
"""Operations that map zeros to zeros."""


class Source:
    """Operations and constants by name, between an input and an output.

    padded     whether it computes the lengths of padded sequences, as files written by `to_onnx` do
    batch      the size of a batch, if it is fixed
    positions  the arrays reached so far, by name
    Raises DataError for a graph that is not acyclic, or does not lead from the input to the output.
    """

    def __init__(self, graph: onnx.GraphProto, start: str, end: str, *, padded: bool = False) -> None:
        if len(graph.node) > MAX_NODES:
            raise DataError(f"the model has more than {MAX_NODES:,} operations")
        self.start, self.end, self._padded = start, end, padded
        self.batch: int | None = None
        self.positions: dict[str, Position] = {}
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        if len(self._tensors) < len(graph.initializer):
            raise DataError("two weights have the same name")
        self._constants: dict[str, onnx.NodeProto] = {}
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self.producers: dict[str, onnx.NodeProto] = {}
        for node in graph.node:
            self._add(node)
        self.uses: dict[str, list[onnx.NodeProto]] = {}
        self._find_uses()

    def _add(self, node: onnx.NodeProto) -> None:
        if node.domain not in DOMAINS:
            named = type(node)()  # so that no name of a standard operation fits it
            named.CopyFrom(node)
            named.op_type = f"{node.domain}.{node.op_type}"
            node = named
        if node.op_type == "Constant" and node.output:
            self._constants[node.output[0]] = node
            return
        node = self._of_one_cell(node)
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
                raise DataError(f"two operations make {printable(name[:80])!r}")
            self.producers[name] = node

    def is_constant(self, name: str) -> bool:
        return name in self._tensors or name in self._arrays or name in self._constants

    def constant(self, name: str) -> npt.NDArray[Any]:
        """The constant of this name, decoded on first use."""
        if name not in self._arrays:
            constant = self._constants.get(name)
            self._arrays[name] = array_of(self._tensors[name]) if constant is None else _constant(constant)
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
        if given is None and len(node.input) > 1 and node.input[1]:
            given = tuple(self.numbers(node, 1)[:8])
        return given

    def sizes(self, name: str) -> list[int]:
        """The sizes of an array's axes; BATCH and TIME for variable ones."""
        return self.positions[name].sizes()

    def numbers(self, node: onnx.NodeProto, index: int) -> list[int]:
        """A few integers, given or computed from shapes, in which BATCH and TIME may stand."""
        name = node.input[index] if index < len(node.input) else ""
        found = computed(name, self) if name else None
        if found is None:
            raise unsupported(
                node, f"its input {index} is computed, not a constant" if name else f"it has no input {index}"
            )
        return [int(number) for number in found.ravel()]

    def slices(self, node: onnx.NodeProto, axes: int) -> list[slice]:
        """The slice of each axis, of a Slice."""
        settings = attributes(node)
        if "starts" in settings:
            starts, ends = settings["starts"], settings.get("ends", ())
            chosen, steps = settings.get("axes", range(len(starts))), [1] * len(starts)
        else:
            given = [*node.input, "", "", "", ""]
            starts, ends = self.numbers(node, 1), self.numbers(node, 2)
            chosen = self.numbers(node, 3) if given[3] else range(len(starts))
            steps = self.numbers(node, 4) if given[4] else [1] * len(starts)
        found = [slice(None)] * axes
        expect(node, len(starts) == len(ends) == len(chosen) == len(steps), "its starts and ends do not fit")
        for axis, start, end, step in zip(chosen, starts, ends, steps, strict=True):
            expect(node, -axes <= axis < axes and step != 0, "its axes or steps do not fit")
            found[axis] = slice(start, None if step < 0 and end < -(2**31) else end, step)
        return found

    def fill(self, node: onnx.NodeProto) -> Any:
        """The number with which ConstantOfShape fills an array."""
        value = attributes(node).get("value")
        return 0.0 if value is None else array_of(value).reshape(-1)[0]

    def leads_to(self, name: str, kinds: frozenset[str], passing: frozenset[str]) -> bool:
        """Whether operations of these kinds follow, with none but the passing ones between."""
        pending, seen = [name], set[str]()
        while pending:
            for node in self.uses.get(pending.pop(), []):
                if node.op_type in kinds:
                    return True
                if node.op_type in passing and node.output[0] not in seen and len(seen) < MAX_AHEAD:
                    seen.add(node.output[0])
                    pending.append(node.output[0])
        return False

    def _of_one_cell(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """Of the last states of stacked cells, joined, one is taken: from this cell alone."""
        joined = self.producers.get(node.input[0]) if node.input else None
        if node.op_type != "Gather" or joined is None or joined.op_type != "Concat" or len(node.input) < 2:
            return node
        cells = [self.producers.get(name) for name in joined.input]
        states = all(
            cell is not None and cell.op_type in CELLS and name != cell.output[0]
            for cell, name in zip(cells, joined.input, strict=True)
        )
        index = computed(node.input[1], self)
        first = attributes(node).get("axis", 0) == 0 and attributes(joined).get("axis") == 0
        if not states or not first or index is None or index.ndim or not -len(cells) <= index < len(cells):
            return node
        alone = type(node)()
        alone.CopyFrom(node)
        alone.input[0] = joined.input[int(index)]
        alone.input[1] = f"{node.input[1]} of one cell"
        self._arrays[alone.input[1]] = np.array(0)
        return alone

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
                return not self.fill(node)
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
                node = self.producers[name]
                if node.domain not in DOMAINS:
                    raise unsupported(node, "it is not a standard operation")
                if any(each.HasField("g") or each.graphs for each in node.attribute):
                    raise DataError(f"no layer corresponds to the operation {describe(node)}")
                pending += self.data_inputs(node)
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
            return array_of(value, node.output[0])
        if name in {"value_int", "value_ints"}:
            return np.array(value, np.int64)
        if name in {"value_float", "value_floats"}:
            return np.array(value, np.float32)
    raise unsupported(node, "it has no numbers")
