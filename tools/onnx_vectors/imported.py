"""Vectors through `from_onnx`: the model becomes a network, whose outputs are compared."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np

from nn_core.errors import DataError
from nn_core.exchange.onnx import from_onnx
from nn_core.reference import Reference
from onnx_vectors.vectors import Values, Vector

OLDEST = 7
"""The lowest version of the operators that is read."""


def outputs_of_import(vector: Vector) -> list[Values]:
    """The first output, in all orders of its axes that the conventions of the axes allow.

    Raises an NNError for a model that is not read.
    """
    import onnx
    from onnx import numpy_helper, version_converter

    model = onnx.ModelProto()
    model.CopyFrom(vector.model)
    if model.opset_import[0].version < OLDEST:
        try:
            model = version_converter.convert_version(model, 13)
        except (RuntimeError, version_converter.ConvertError) as error:
            raise DataError(str(error)) from None
    stored = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in stored]
    for name, values in zip(names[1:], vector.inputs[1:], strict=False):
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        onnx.save(model, path)
        network = from_onnx(path)
    x, found = vector.inputs[0], []
    for order in itertools.permutations(range(x.ndim)):
        ours = x.transpose(order)
        fits = zip(ours.shape[1:], network.input_shape, strict=False)
        if ours.ndim == 1 + len(network.input_shape) and all(size in {None, own} for own, size in fits):
            found.append(Reference(network).predict(ours)[0])
    return found


def is_same(found: Values, expected: Values) -> bool:
    """Whether two arrays agree but for the order of their axes and axes of size 1."""
    for order in itertools.permutations(range(expected.ndim)):
        theirs = expected.transpose(order)
        large = [[size for size in array.shape if size != 1] for array in (found, theirs)]
        if large[0] == large[1] and np.allclose(found.ravel(), theirs.ravel(), rtol=1e-3, atol=1e-5):
            return True
    return False
