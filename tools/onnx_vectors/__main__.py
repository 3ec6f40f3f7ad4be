"""Compare nn-core with the test vectors of ONNX's operators: `nox -s onnx-vectors`.

A vector is read by `from_onnx`, expressed by calls of layers (see `operators`), or both. Those that
neither can express are listed with the reason by `--refused`. Exit status 1 if an output differs, or
fewer vectors than GOAL are right.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import numpy as np

from nn_core.errors import NNError
from onnx_vectors.calls import NotComparable, NotExpressible
from onnx_vectors.imported import is_same, outputs_of_import
from onnx_vectors.operators import OPERATORS
from onnx_vectors.vectors import Vector, vectors

GOAL = 180


def main() -> int:
    """Print a table; the exit status."""
    total, right, by_import, by_layers = Counter[str](), Counter[str](), 0, 0
    wrong, refused = [], []
    for vector in vectors():
        kind = _kind(vector)
        if kind is None:
            continue
        try:
            expressed = _expressed(vector)
        except NotComparable:
            continue
        imported = _imported(vector)
        if imported is None and kind not in OPERATORS:
            continue
        total[kind] += 1
        if False in (imported, expressed):
            wrong.append(vector.name)
        elif imported or expressed:
            right[kind] += 1
            by_import += bool(imported)
            by_layers += bool(expressed)
        else:
            refused.append(vector.name)
    for kind in sorted(total):
        print(f"{kind:26}{right[kind]:4} of {total[kind]}")
    print(
        f"\n{right.total()} of {total.total()} vectors are right ({by_import} by from_onnx, {by_layers} by layers),"
        f" {len(wrong)} wrong, {len(refused)} not expressible"
    )
    if "--refused" in sys.argv[1:]:
        print("not expressible:", *refused, sep="\n  ")
    if wrong:
        print("wrong:", *wrong, sep="\n  ")
    return 1 if wrong or right.total() < GOAL else 0


def _kind(vector: Vector) -> str | None:
    """The operator of a model, its first one but constants; None for a model without one."""
    kinds = [node.op_type for node in vector.model.graph.node if node.op_type != "Constant"]
    return kinds[0] if kinds else None


def _imported(vector: Vector) -> bool | None:
    """Whether `from_onnx` gives the right output; None if it does not read the model."""
    try:
        return any(is_same(found, vector.outputs[0]) for found in outputs_of_import(vector))
    except NNError:
        return None


def _expressed(vector: Vector) -> bool | None:
    """Whether calls of layers give the right outputs; None if they cannot."""
    nodes = vector.model.graph.node
    if len(nodes) != 1 or nodes[0].op_type not in OPERATORS:
        return None
    try:
        found = OPERATORS[nodes[0].op_type](_settings(vector), *_arguments(vector))
    except NotComparable:
        raise
    except (NotExpressible, NNError):
        return None
    named = [values for name, values in zip(nodes[0].output, found, strict=False) if name]
    return all(
        ours is None or (ours.shape == theirs.shape and np.allclose(ours, theirs, rtol=1e-3, atol=1e-5))
        for ours, theirs in zip(named, vector.outputs, strict=False)
    )


def _settings(vector: Vector) -> dict[str, Any]:
    from onnx import helper

    values = {each.name: helper.get_attribute_value(each) for each in vector.model.graph.node[0].attribute}
    decoded = {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}
    return decoded | {"version": vector.model.opset_import[0].version}


def _arguments(vector: Vector) -> list[Any]:
    """The inputs of the operation, None for one that is left out."""
    from onnx import numpy_helper

    graph = vector.model.graph
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    names = [value.name for value in graph.input if value.name not in known]
    known |= dict(zip(names, vector.inputs, strict=False))
    return [known.get(name) if name else None for name in graph.node[0].input]


if __name__ == "__main__":
    sys.exit(main())
