"""Export networks to ONNX and import them.

Needs the package onnx: python -m pip install "./packages/nn-core[onnx]"
"""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core.exchange.onnx.converters import ONNX_CONVERTERS
    from nn_core.exchange.onnx.export import to_onnx
    from nn_core.exchange.onnx.graph import Graph, Value
    from nn_core.exchange.onnx.load import from_onnx
    from nn_core.exchange.onnx.processing import (
        FlattenImages,
        Preprocessing,
        Resample,
        Rescale,
        Scale,
        SelectColumns,
        Standardize,
        Step,
    )

__all__ = [
    "ONNX_CONVERTERS",
    "FlattenImages",
    "Graph",
    "Preprocessing",
    "Resample",
    "Rescale",
    "Scale",
    "SelectColumns",
    "Standardize",
    "Step",
    "Value",
    "from_onnx",
    "to_onnx",
]

__getattr__, __dir__ = lazy_attributes(
    __name__,
    lazy_names(
        __name__,
        {
            "converters": "ONNX_CONVERTERS",
            "export": "to_onnx",
            "graph": "Graph Value",
            "load": "from_onnx",
            "processing": "FlattenImages Preprocessing Resample Rescale Scale SelectColumns Standardize Step",
        },
    ),
)
