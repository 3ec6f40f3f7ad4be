"""Read an untrusted ONNX file with bounded memory, without opening other files.

A few bytes of protobuf can expand to a large object, so fields are counted before they are parsed.
Tensors are decoded on demand, after their sizes are checked against their data.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.storage.files import decoding_errors, printable, read_file

if TYPE_CHECKING:
    import onnx

MAX_BYTES = 2**30
"""Maximum file size, 1 GiB."""
MAX_FIELDS = 1_000_000
MAX_DEPTH = 50
INSIDE = "export the model with its weights inside (PyTorch: external_data=False)"
OPSETS = range(7, 29)
"""Supported operator set versions."""


def read_model(path: Path) -> onnx.ModelProto:
    """Parse a file. Raises DataError if it is not an ONNX model, or too large."""
    import onnx

    model = onnx.ModelProto()
    with decoding_errors(path, "an ONNX model"):
        content = read_file(path, MAX_BYTES)
        require_memory(len(content), f"the model in {printable(path)}")
        _count_fields(memoryview(content), onnx.ModelProto.DESCRIPTOR, [0], 0)
        model.ParseFromString(content)
    _check_model(model)
    return model


def array_of(tensor: onnx.TensorProto, name: str = "") -> npt.NDArray[Any]:
    """The values of a tensor. Raises DataError unless its data are inside, and of its size.

    name  in messages, for a tensor without a name
    """
    from onnx import TensorProto

    name = printable((tensor.name or name)[:80])
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise DataError(f"tensor {name!r} is stored in another file; {INSIDE}")
    if tensor.data_type not in _types():
        raise DataError(f"tensor {name!r} is of an unsupported data type, {type_name(tensor.data_type)}")
    dtype, field = _types()[tensor.data_type]
    shape = tuple(tensor.dims)
    count = math.prod(shape)
    if min(shape, default=0) < 0 or len(shape) > 8:
        raise DataError(f"tensor {name!r} has the shape {shape}")
    raw = tensor.HasField("raw_data")
    found = len(tensor.raw_data) / dtype.itemsize if raw else len(getattr(tensor, field))
    if found != count:
        raise DataError(f"tensor {name!r} of shape {shape} has {found:g} values")
    if math.prod(size or 1 for size in shape) > MAX_BYTES:
        raise DataError(f"tensor {name!r} has the shape {shape}")
    if raw:
        return np.frombuffer(tensor.raw_data, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
    if dtype == np.float16:  # stored as the bits of integers
        return np.array(tensor.int32_data, np.uint16).view(dtype).reshape(shape)
    return np.array(getattr(tensor, field), dtype).reshape(shape)


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """The numbers, texts and tensors among the attributes of an operation, by name."""
    from onnx import AttributeProto as Kind

    found: dict[str, Any] = {}
    for each in node.attribute:
        if each.type == Kind.FLOAT:
            found[each.name] = float(each.f)
        elif each.type == Kind.INT:
            found[each.name] = int(each.i)
        elif each.type == Kind.STRING:
            found[each.name] = each.s.decode()
        elif each.type == Kind.INTS:
            found[each.name] = tuple(each.ints)
        elif each.type == Kind.FLOATS:
            found[each.name] = tuple(each.floats)
        elif each.type == Kind.STRINGS:
            found[each.name] = tuple(text.decode() for text in each.strings)
        elif each.type == Kind.TENSOR:
            found[each.name] = each.t
        else:
            raise DataError(f"{describe(node)} has an attribute {printable(each.name)!r} of an unsupported type")
    return found


def type_name(number: int) -> str:
    """The name of a data type, in messages."""
    from onnx import TensorProto

    names = {value: name for name, value in TensorProto.DataType.items()}
    return str(names.get(number, f"number {number}"))


def describe(node: onnx.NodeProto) -> str:
    """An operation, for messages."""
    label = node.name or next(iter(node.output), "")
    return f"{printable(node.op_type[:80])} {printable(label[:80])!r}"


def _types() -> dict[int, tuple[np.dtype[Any], str]]:
    """Supported data types, and the field with the values where there are no raw data."""
    from onnx import TensorProto as Kind

    return {
        Kind.FLOAT: (np.dtype(np.float32), "float_data"),
        Kind.DOUBLE: (np.dtype(np.float64), "double_data"),
        Kind.FLOAT16: (np.dtype(np.float16), "int32_data"),
        Kind.INT64: (np.dtype(np.int64), "int64_data"),
        Kind.INT32: (np.dtype(np.int32), "int32_data"),
    }


def _check_model(model: onnx.ModelProto) -> None:
    """Raise DataError for unsupported features of the format."""
    from onnx import TensorProto

    versions = [each.version for each in model.opset_import if each.domain in {"", "ai.onnx"}]
    if len(versions) != 1 or versions[0] not in OPSETS:
        raise DataError(f"the operators have version {versions}; versions {OPSETS[0]} to {OPSETS[-1]} are read")
    graph = model.graph
    if not graph.node:
        raise DataError("the model has no operations")
    for function in model.functions:
        if function.domain in {"", "ai.onnx"}:
            raise DataError(f"the model redefines the operation {printable(function.name[:80])}")
    if graph.sparse_initializer:
        raise DataError("the model has sparse weights")
    for tensor in graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise DataError(f"tensor {printable(tensor.name)!r} is stored in another file; {INSIDE}")


def _count_fields(content: memoryview, kind: Any, count: list[int], depth: int) -> None:
    """Raise DataError for more than MAX_FIELDS fields, at any depth, before any is parsed."""
    if depth > MAX_DEPTH:
        raise DataError("messages are nested too deep")
    messages = {number: field.message_type for number, field in kind.fields_by_number.items() if field.message_type}
    at = 0
    while at < len(content):
        count[0] += 1
        if count[0] > MAX_FIELDS:
            raise DataError(f"the file has more than {MAX_FIELDS:,} fields")
        tag, at = _varint(content, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            _, at = _varint(content, at)
        elif wire in {1, 5}:
            at += 8 if wire == 1 else 4
        elif wire == 2:
            size, at = _varint(content, at)
            if number in messages:
                _count_fields(content[at : at + size], messages[number], count, depth + 1)
            at += size
        else:
            raise DataError(f"a field has wire type {wire}")
    if at > len(content):
        raise DataError("the file is truncated")


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    """A variable-length integer of at most ten bytes, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            raise DataError("the file is truncated")
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise DataError("an integer is too long")
