"""Export and import networks: ONNX and safetensors."""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core.exchange.onnx.export import to_onnx
    from nn_core.exchange.onnx.load import from_onnx
    from nn_core.exchange.safetensors import from_safetensors, to_safetensors

__all__ = ["from_onnx", "from_safetensors", "to_onnx", "to_safetensors"]

__getattr__, __dir__ = lazy_attributes(
    __name__,
    lazy_names(
        __name__, {"onnx.export": "to_onnx", "onnx.load": "from_onnx", "safetensors": "from_safetensors to_safetensors"}
    ),
)
