"""Calls of layers with given weights, and what is not expressible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from nn_core.layers.base import Layer
from nn_core.layers.bound import BoundLayer
from onnx_vectors.vectors import Values

Settings: TypeAlias = Mapping[str, Any]
Outputs: TypeAlias = list[Values | None]
Operator: TypeAlias = Callable[..., Outputs]


class NotExpressible(Exception):
    """No layer computes this."""


class NotComparable(NotExpressible):
    """The outputs are noise of another generator."""


def expect(condition: object, what: str) -> None:
    """Raise NotExpressible unless the condition holds."""
    if not condition:
        raise NotExpressible(what)


def call(layer: Layer, x: Values, **params: Values) -> Values:
    """The output of a layer in prediction."""
    expect(x.dtype in {np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)}, f"inputs of {x.dtype}")
    return BoundLayer(layer, params, x.dtype if x.dtype.kind == "f" else np.dtype(np.float32))(x)
