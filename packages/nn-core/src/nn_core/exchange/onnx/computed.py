"""The sizes that a graph computes for Reshape and Pad, from constants and the shapes of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from nn_core.exchange.onnx.model_file import attributes

if TYPE_CHECKING:
    import onnx

BATCH = 1_000_003
"""The size that stands for N: sums and products of it are no size of a layer."""
TIME = 2_000_003
"""The size that stands for a variable T."""
MAX_NUMBERS = 64
MAX_DEPTH = 60
ARITHMETIC = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.floor_divide, "Mod": np.mod}


class Operations(Protocol):
    """The part of `nn_core.exchange.onnx.source.Source` that sizes are computed from."""

    @property
    def producers(self) -> Mapping[str, onnx.NodeProto]:
        """The operation that computes each array."""

    def is_constant(self, name: str) -> bool:
        """Whether the array of this name is a constant."""

    def constant(self, name: str) -> npt.NDArray[Any]:
        """The constant of this name."""

    def sizes(self, name: str) -> list[int]:
        """The sizes of an array's axes; BATCH and TIME for variable ones."""

    def axes(self, node: onnx.NodeProto) -> tuple[int, ...] | None:
        """The axes of an operation."""

    def slices(self, node: onnx.NodeProto, axes: int) -> list[slice]:
        """The slice of each axis, of a Slice."""

    def fill(self, node: onnx.NodeProto) -> Any:
        """The number with which ConstantOfShape fills an array."""


def computed(name: str, source: Operations) -> npt.NDArray[np.int64] | None:
    """A few integers by their name; None for what does not follow from the shapes alone."""
    with np.errstate(all="ignore"):
        try:
            return _value(name, source, {}, 0)
        except (ArithmeticError, IndexError, KeyError, TypeError, ValueError):
            return None


def _value(name: str, source: Operations, known: dict[str, npt.NDArray[np.int64]], depth: int) -> npt.NDArray[np.int64]:
    """The integers of this name. Raises for what is none, is large, or is far away."""
    if name not in known:
        if source.is_constant(name):
            found: npt.NDArray[Any] = source.constant(name)
        elif depth < MAX_DEPTH:
            found = _result(source.producers[name], source, known, depth + 1)
        else:
            raise ValueError("too deep")
        if found.size > MAX_NUMBERS or found.dtype.kind not in "iu":
            raise ValueError("not a few integers")
        known[name] = found.astype(np.int64)
    return known[name]


def _result(
    node: onnx.NodeProto, source: Operations, known: dict[str, npt.NDArray[np.int64]], depth: int
) -> npt.NDArray[Any]:
    """The result of one operation on integers."""
    kind, settings = node.op_type, attributes(node)
    if kind == "Shape":
        sizes = np.array(source.sizes(node.input[0]), np.int64)
        return sizes[settings.get("start", 0) : settings.get("end")]
    values = [_value(name, source, known, depth) for name in filter(None, node.input)]
    first = values[0] if values else np.zeros(0, np.int64)
    if kind in ARITHMETIC:
        return np.asarray(ARITHMETIC[kind](*values))
    if kind in {"Identity", "Cast"}:
        return first
    if kind == "Concat":
        return np.concatenate(values, axis=settings["axis"])
    if kind == "Gather":
        return first.take(values[1], axis=settings.get("axis", 0))
    if kind == "Reshape":
        return first.reshape(values[1].tolist())
    if kind == "Transpose":
        return first.transpose(settings.get("perm"))
    if kind == "ConstantOfShape" and first.size == 1 and 0 <= int(first.item()) <= MAX_NUMBERS:
        value = source.fill(node)
        return np.full(int(first.item()), value)
    axes = source.axes(node) if kind in {"Squeeze", "Unsqueeze"} else None
    if kind == "Squeeze":
        return first.squeeze(axes)
    if kind == "Unsqueeze" and axes is not None:
        return np.expand_dims(first, axes)
    if kind == "Slice" and "starts" not in settings and first.ndim == len(source.slices(node, first.ndim)):
        return first[tuple(source.slices(node, first.ndim))]
    raise ValueError(f"{kind} is not computed")
