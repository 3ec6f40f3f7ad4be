"""A builder of ONNX graphs that tracks shapes and axis order.

Images here are (N, H, W, C) and sequences (N, T, D), the canonical order; ONNX convolves (N, C, H, W)
and scans (T, N, D). So each value has an axis order. Elementwise operations take any order, and a
Transpose is inserted only where another order is needed: a chain of convolutions has one at its start
and one at its end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Shape
from nn_core.errors import ExportError

if TYPE_CHECKING:
    import onnx

OPSET = 20
"""Operator set version, the first with Gelu."""
IR_VERSION = 9
"""File format version of opset 20."""

ENDS_KEY = "nn_core_network"
"""Metadata key for the inputs and outputs of the network within the graph."""
ENDS = {"input": str, "input_shape": [(int, None)], "integers": bool, "padding?": float, "output": str}

Order: TypeAlias = tuple[int, ...]
"""Axis order: the canonical axis of (N, *shape) at each position."""

CHANNELS_FIRST: Order = (0, 3, 1, 2)
TIME_FIRST: Order = (1, 0, 2)


@dataclass(frozen=True)
class Value:
    """An array in the graph.

    shape  the shape of one example in canonical order, without the batch axis; None is the time axis
    dtype  its data type
    order  its axis order
    names  its name in the graph, by axis order
    """

    shape: Shape
    dtype: np.dtype[Any]
    order: Order
    names: dict[Order, str]

    @property
    def name(self) -> str:
        """Its name in the graph, in its order."""
        return self.names[self.order]

    @property
    def plain(self) -> Order:
        """The canonical axis order."""
        return tuple(range(len(self.order)))


class Graph:
    """An ONNX graph under construction.

    dtype   the dtype of the network
    states  whether the states of recurrent layers are inputs and outputs
    final_states  the states after the last step, by the name of their output
    padded        input and padding of a network of padded sequences; see `lengths`
    shared        names of arrays used by several layers
    """

    def __init__(self, dtype: npt.DTypeLike, *, states: bool = False) -> None:
        self.dtype = np.dtype(dtype)
        self.states = states
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.initializers: dict[tuple[Any, ...], onnx.TensorProto] = {}
        self.final_states: dict[str, Value] = {}
        self.padded: tuple[Value, float] | None = None
        self.shared: dict[str, str] = {}
        self._taken: set[str] = set()
        self._path: list[str] = []
        self._new_names: dict[str, str] = {}

    @property
    def path(self) -> str:
        """The path of the layer being converted, such as "2/0"."""
        return "/".join(self._path)

    @contextmanager
    def inside(self, part: object) -> Iterator[None]:
        """Prefix names with the index of a layer or another word."""
        self._path.append(str(part))
        yield
        self._path.pop()

    @contextmanager
    def only_inside(self, part: str) -> Iterator[None]:
        """Prefix names with this word only, regardless of the layer being converted."""
        outer, self._path = self._path, [part]
        yield
        self._path = outer

    # Names of arrays

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation with one output; returns the name of the output."""
        return self.nodes_outputs(kind, inputs, 1, **attributes)[0]

    def nodes_outputs(self, kind: str, inputs: Sequence[str], count: int, **attributes: Any) -> list[str]:
        """Add an operation with several outputs; returns their names."""
        from onnx import helper

        name = self.unique(kind)
        outputs = [name, *(self.unique(f"{kind}_{index}") for index in range(1, count))]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=name, **attributes))
        return outputs

    def constant(self, name: str, values: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """Store an array, such as a weight; returns its name. Equal arrays are stored once.

        dtype  None for the type of the network
        """
        from onnx import numpy_helper

        array = np.ascontiguousarray(np.asarray(values, self.dtype if dtype is None else dtype))
        array = array.reshape(np.shape(values))  # ascontiguousarray makes a scalar (1,)
        key = array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest()
        if key not in self.initializers:
            self.initializers[key] = numpy_helper.from_array(array, self.unique(name))
        return str(self.initializers[key].name)

    def integers(self, name: str, values: npt.ArrayLike) -> str:
        """Store integers, such as axes or a shape."""
        return self.constant(name, values, np.int64)

    def unique(self, name: str) -> str:
        """The name under the current path, with a number if it is taken."""
        whole = "/".join((*self._path, name))
        found, count = whole, 1
        while found in self._taken:
            count += 1
            found = f"{whole}_{count}"
        self._taken.add(found)
        return found

    # Values

    def value(
        self, name: str, shape: Shape, *, order: Order | None = None, dtype: npt.DTypeLike | None = None
    ) -> Value:
        """The array with this name, by default in canonical order and of the network's dtype."""
        order = tuple(range(1 + len(shape))) if order is None else order
        return Value(shape, np.dtype(self.dtype if dtype is None else dtype), order, {order: name})

    def arranged(self, x: Value, order: Order) -> str:
        """The name of x with its axes in this order."""
        if order not in x.names:
            perm = [x.order.index(axis) for axis in order]
            x.names[order] = self.node("Transpose", x.name, perm=perm)
        return x.names[order]

    def canonical(self, x: Value) -> str:
        """The name of x with its axes in canonical order."""
        return self.arranged(x, x.plain)

    def elementwise(self, kind: str, x: Value, *others: Value, **attributes: Any) -> Value:
        """An elementwise operation on one or more arrays of the same shape."""
        names = [self.arranged(other, x.order) for other in others]
        name = self.node(kind, x.name, *names, **attributes)
        return self.value(name, x.shape, order=x.order, dtype=x.dtype)

    def cast(self, x: Value, dtype: npt.DTypeLike) -> Value:
        """Convert to a data type."""
        from onnx import helper

        if x.dtype == np.dtype(dtype):
            return x
        name = self.node("Cast", x.name, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
        return self.value(name, x.shape, order=x.order, dtype=dtype)

    def reshape(self, x: Value, shape: Shape) -> Value:
        """Reshape every example; at most one size may be None."""
        sizes = [-1 if size is None else size for size in shape]
        name = self.node("Reshape", self.canonical(x), self.integers("shape", [0, *sizes]))
        return self.value(name, shape, dtype=x.dtype)

    # Inputs and outputs

    def input(self, name: str, shape: Shape, dtype: npt.DTypeLike | None = None) -> Value:
        """Add an input (N, *shape)."""
        self._taken.add(name)
        x = self.value(name, shape, dtype=dtype)
        self.inputs.append(_declaration(name, x))
        return x

    def output(self, name: str, x: Value) -> None:
        """Add an output (N, *shape). Raises ExportError if the name is taken."""
        if name in self._taken:
            raise ExportError(f"the graph has another array named {name!r}")
        self._taken.add(name)
        self._rename(self.canonical(x), name)
        self.outputs.append(_declaration(name, x))

    def renamed(self, name: str) -> str:
        """The current name of an array that may have become an output."""
        return self._new_names.get(name, name)

    def _rename(self, name: str, new: str) -> None:
        """Give the output of an operation another name; inputs and outputs of the graph are copied."""
        from onnx import helper

        if name in {given.name for given in (*self.inputs, *self.outputs)}:
            self.nodes.append(helper.make_node("Identity", [name], [new], name=new))
            return
        self._new_names[name] = new
        for node in self.nodes:
            for names in (node.input, node.output):
                names[:] = [new if each == name else each for each in names]

    def model(self, name: str) -> onnx.ModelProto:
        """The finished model."""
        from onnx import helper

        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, list(self.initializers.values()))
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="nn-core"
        )


def without_axis(order: Order, axis: int) -> Order:
    """The axis order after one canonical axis is dropped."""
    return tuple(left - (left > axis) for left in order if left != axis)


def _declaration(name: str, x: Value) -> onnx.ValueInfoProto:
    """The declaration of an input or output, with the dynamic axes N and T."""
    from onnx import helper

    sizes = ["N", *("T" if size is None else size for size in x.shape)]
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), sizes)
